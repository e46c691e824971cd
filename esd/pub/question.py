"""One question in our own protocol: who asks, by which name of ours, about what.

A question about what may be pushed is answered over all that we want, also where we
give less: both sides have to compare the same. So `outgoing` hides contents, not that
they are there, from a caller whom we show the workspace at all (asked).
"""

from dataclasses import dataclass, field
from typing import Self

from esd.formats import Halves
from esd.pub.callers import Caller
from esd.pub.problems import Refused
from esd.pub.settings import SyncLimits
from esd.pub.turns import Turns
from esd.replica import Replica
from esd.web import Request

__all__ = ["Question", "Rooms"]


@dataclass(slots=True)
class Question:
    """`replica` and `halves` raise Refused where no workspace is there for them."""

    request: Request
    host: str
    caller: Caller | None
    _replica: Replica | None = None
    _halves: Halves | None = None

    def about(self, replica: Replica | None, halves: Halves | None) -> None:
        """None as halves: it is not there for this caller."""
        self._replica = None if halves is None else replica
        self._halves = halves

    @property
    def is_about_one(self) -> bool:
        """Whether it names a workspace that was there for this caller."""
        return self._replica is not None

    def check_there(self) -> None:
        """Raises Refused; before a body is read that is about nothing."""
        if self._replica is None:
            raise Refused("unknown-workspace")

    @property
    def replica(self) -> Replica:
        if self._replica is None:
            raise Refused("unknown-workspace")
        return self._replica

    @property
    def halves(self) -> Halves:
        if self._halves is None:
            raise Refused("unknown-workspace")
        return self._halves


@dataclass(frozen=True, slots=True)
class Rooms:
    """`work` keeps a core busy, `lists` are sent from memory.

    `answers` are documents of hashes which are in memory meanwhile.
    """

    work: Turns = field(repr=False)
    lists: Turns = field(repr=False)
    answers: Turns = field(repr=False)

    @classmethod
    def of(cls, limits: SyncLimits) -> Self:
        return cls(
            work=Turns(limits.reconciling, limits.patience),
            lists=Turns(limits.lists, limits.patience),
            answers=Turns(limits.answers, limits.patience, each=limits.answers_each),
        )
