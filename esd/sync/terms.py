"""What may move between two peers in one workspace: their queries, put together.

Each side says what it wants to hold (incoming) and what it gives (outgoing). A pull
moves what the peer gives and we want, a push what we give and it wants, and neither
what one of the two refuses. Both sides evaluate the same predicate on what they hold,
so it is part of every question: our half in full, the peer's by its digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from esd.formats import (
    FORMATS,
    Halves,
    Predicate,
    Queries,
    hour_of,
    in_formats,
    predicate,
)
from esd.sync.settings import Direction

__all__ = ["Terms", "ours_alone"]


@dataclass(frozen=True)
class Terms:
    """`now` is wall clock, µs; relative times are of its hour. `formats`: common."""

    ours: Halves
    theirs: Halves
    formats: tuple[str, ...]
    now: int

    @cached_property
    def pull(self) -> Predicate:
        return self._both(self.theirs.outgoing, self._wanted)

    @cached_property
    def push(self) -> Predicate:
        return self._both(self._given, self.theirs.incoming)

    @property
    def alike(self) -> bool:
        """Whether one question answers for both directions."""
        return self.theirs.outgoing == self.theirs.incoming and (
            self._wanted == self._given
        )

    def of(self, direction: Direction) -> Predicate:
        return self.push if direction is Direction.PUSH else self.pull

    def asked(self, direction: Direction) -> Mapping[str, object]:
        """The part of a question that says what it is about, for JSON."""
        half = self._given if direction is Direction.PUSH else self._wanted
        asked = {
            "at": hour_of(self.now),
            "theirs": self.theirs.digest,
            "direction": direction.value,
            "query": list(half),
        }
        return asked | ({"refuse": list(self.ours.refuse)} if self.ours.refuse else {})

    @property
    def _wanted(self) -> Queries:
        return in_formats(self.ours.incoming, self.formats)

    @property
    def _given(self) -> Queries:
        return in_formats(self.ours.outgoing, self.formats)

    def _both(self, one: Queries, other: Queries) -> Predicate:
        refuse = (*self.theirs.refuse, *self.ours.refuse)
        return predicate(one, other, refuse=refuse, at=hour_of(self.now))


def ours_alone(ours: Halves, now: int) -> Terms:
    """With a peer that has no queries, such as a plain pub."""
    return Terms(ours, Halves(), tuple(sorted(FORMATS)), now)
