"""Which changes of a peer's state the log is told.

Nobody asks the log, so it speaks when things turn, bad or good, and at most hourly
while they stay bad: a pub that is down for a week is a line an hour, not one a retry.
That a retry failed with another error than the last is no turn.
"""

import logging
from dataclasses import dataclass, replace
from math import inf

from esd.sync.status import (
    Downgraded,
    Failed,
    InSync,
    Moved,
    PeerStatus,
    Retrying,
    Trouble,
    describe,
    history,
)

__all__ = ["Line", "Told"]

REPEAT = 3600.0  # seconds; often enough to be found in today's log, no more


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the log: a level of `logging`, and a text that follows the name."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the log has said of one peer. Starts empty; hand in every status."""

    trouble: Trouble | None = None
    at: float = -inf
    calm: tuple[str, ...] | None = None  # the reservations told with "in sync"

    def after(self, status: PeerStatus, now: float) -> "tuple[Told, Line | None]":
        """What has been told after *status*, and the line that this takes, if any."""
        match status:
            case InSync():
                return self._well(status, now)
            case Retrying() | Failed() | Moved() | Downgraded():
                return self._ill(status, now)
            case _:
                return self, None  # on the way between the two

    def _well(self, status: InSync, now: float) -> "tuple[Told, Line | None]":
        reservations = status.reservations
        told = Told(at=now, calm=reservations)
        if self.trouble is not None:
            text = f"in sync again after {history(self.trouble, now)}"
        elif self.calm != reservations:
            text = "in sync"
        else:
            return self, None
        return told, Line(logging.INFO, "; ".join([text, *reservations]))

    def _ill(self, status: Trouble, now: float) -> "tuple[Told, Line | None]":
        turned = type(self.trouble) is not type(status)
        if not turned and now - self.at < REPEAT:
            return replace(self, trouble=status), None
        still = "" if turned else "still "
        line = Line(logging.WARNING, still + describe(status, now))
        return Told(trouble=status, at=now), line
