"""One question in our own protocol: who asks, by which name of ours, about what."""

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
    """`work` keeps a core busy, `lists` are sent from memory."""

    work: Turns = field(repr=False)
    lists: Turns = field(repr=False)

    @classmethod
    def of(cls, limits: SyncLimits) -> Self:
        return cls(
            work=Turns(limits.reconciling, limits.patience),
            lists=Turns(limits.lists, limits.patience),
        )
