"""What every question is answered from, and how much of a workspace it may be about."""

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from esd.formats import EVERYTHING, Halves, Predicate, Queries, hour_of, predicate
from esd.pub.callers import Caller, Callers
from esd.pub.rates import Rates
from esd.pub.settings import PubSettings
from esd.replica import Bounds, Replica, Replicas
from esd.web import Limits

__all__ = ["PUSHED", "Serving", "given", "origin_of", "wanted"]

PUSHED = "*"  # the origin of what anonymous peers push to us; no peer's name


@dataclass(slots=True)
class Serving:
    """`slots` are for batches of documents on their way in, shared by the daemon."""

    replicas: Replicas
    settings: PubSettings
    limits: Limits
    bounds: Bounds
    slots: trio.CapacityLimiter
    now: Callable[[], int]
    rates: Rates = field(init=False)
    callers: Callers = field(init=False)

    def __post_init__(self) -> None:
        self.rates = Rates(self.limits)
        self.callers = Callers(self.settings.callers)


def given(halves: Halves, now: int) -> Predicate | None:
    """What of a workspace is shown to whom it has these halves; None: all of it."""
    return _bounded(halves.outgoing, halves.refuse, now)


def wanted(halves: Halves, now: int) -> Predicate | None:
    """What is taken from whom it has these halves; None: everything."""
    return _bounded(halves.incoming, halves.refuse, now)


def origin_of(replica: Replica, caller: Caller | None) -> str:
    """From whom it is what *caller* pushes."""
    return caller.name if caller is not None and caller.shares(replica) else PUSHED


def _bounded(queries: Queries, refuse: Queries, now: int) -> Predicate | None:
    if queries == EVERYTHING and not refuse:  # nearly always, and for every 304
        return None
    found = predicate(queries, refuse=refuse, at=hour_of(now))
    return None if found.is_everything else found
