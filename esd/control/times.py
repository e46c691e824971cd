"""Times as the control API says and hears them: RFC 3339, UTC, to the microsecond.

Documents carry wall-clock microseconds, and so does everything that is kept. Schedules
carry seconds of a clock that cannot be set, which mean nothing to anybody outside; they
are placed on the wall clock when they are told, rounded, so that asking twice gives the
same answer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isinf

__all__ = ["SECOND", "Moment", "as_time", "read_time"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000  # µs
ROUND_TO = 100_000  # µs: the two clocks are read one after the other


def as_time(at: int) -> str:
    """Microseconds as text; `at` is within what documents may say."""
    text = (EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def read_time(text: str) -> int:
    """Text as microseconds; raises ValueError where it is none, or says no zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time needs its zone")
    return (found - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks, read together."""

    wall: int  # µs
    steady: float  # trio's clock, s

    def placed(self, steady: float) -> str | None:
        """A time of a schedule as text; None for never."""
        if isinf(steady):
            return None
        at = self.wall + round((steady - self.steady) * SECOND)
        return as_time(round(at / ROUND_TO) * ROUND_TO)
