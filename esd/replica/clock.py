"""Whether the wall clock can be trusted with what cannot be undone.

Expiry deletes for good, and what lies in the future is refused by the clock, so a
machine that wakes up in the past (no battery), or far in the future, must not act on
it. Three things speak against a clock: it is before the last time that this node noted;
it jumped, against a clock that cannot; or a peer's clock says otherwise.

A jump that brings a clock out of the past is its cure and no doubt of its own. Any
other is believed after a day, or when a peer agrees; and so is, after a day, a clock
that stays before the last time noted: then that time was the wrong one.

Pure: readings are passed in. The wall clock is in µs; `steady` is seconds of a clock
that goes on while the machine sleeps, or every laptop's lid would be a jump.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

__all__ = ["Clock", "Doubt"]

SECOND = 1_000_000
DAY = 86_400.0
JUMP = 3_600.0  # a leap second or a slow correction is no jump; a dead battery is
SKEW = 600.0  # from there on, what the other writes is refused as the future's


class Doubt(StrEnum):
    """In words for the operator."""

    BEHIND = "the clock is before the last time this node saw"
    JUMPED = "the clock jumped by more than an hour"
    SKEWED = "a peer's clock differs by more than ten minutes"


@dataclass(slots=True)
class Clock:
    """`noted` is the last time known from before the start (µs), 0 for none."""

    noted: int
    wall: int
    steady: float
    skewed: bool = False
    jumped_at: float = -inf
    behind_since: float = field(init=False)  # on the steady clock

    def __post_init__(self) -> None:
        self.behind_since = self.steady

    def tick(self, wall: int, steady: float) -> None:
        """Read both clocks again; once a minute is plenty."""
        was_behind = self.behind
        passed = (wall - self.wall) / SECOND - (steady - self.steady)
        self.wall, self.steady = wall, steady
        if abs(passed) > JUMP and not was_behind:
            self.jumped_at = steady
        if not (was_behind and self.behind and abs(passed) <= JUMP):
            self.behind_since = steady
        elif steady - self.behind_since >= DAY:
            self.noted = wall
        if self.trusted:
            self.noted = wall

    def compare(self, peer_date: float, wall: int) -> None:
        """A peer said what time it is (seconds since 1970)."""
        self.skewed = abs(peer_date - wall / SECOND) > SKEW
        if not self.skewed:
            self.jumped_at = -inf

    @property
    def behind(self) -> bool:
        """The clock shows a time that this node has already seen pass."""
        return self.wall < self.noted

    @property
    def jumped(self) -> bool:
        return self.steady - self.jumped_at < DAY

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What speaks against the clock, for the operator; empty where nothing does."""
        reasons = {
            Doubt.BEHIND: self.behind,
            Doubt.JUMPED: self.jumped,
            Doubt.SKEWED: self.skewed,
        }
        return tuple(doubt for doubt, holds in reasons.items() if holds)

    @property
    def trusted(self) -> bool:
        return not self.doubts
