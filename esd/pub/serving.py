"""What every question is answered from, and how much of a workspace it may be about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import trio

from esd.formats import (
    EVERYTHING,
    Halves,
    InvalidAddress,
    Predicate,
    Queries,
    WorkspaceAddress,
    hour_of,
    predicate,
)
from esd.pub.callers import Caller, Callers, halves_for
from esd.pub.making import Making
from esd.pub.problems import Refused
from esd.pub.rates import Rates
from esd.pub.settings import PubSettings
from esd.replica import IN_FLIGHT_IN_ALL, Bounds, Replica, Replicas
from esd.web import Drain, Limits, Request

__all__ = [
    "PUSHED",
    "Lasting",
    "Serving",
    "SharedWorkspace",
    "given",
    "origin_of",
    "wanted",
]

PUSHED = "*"  # the origin of what anonymous peers push to us; no peer's name


# Half of the connections: those who only pull and push must still find a place.
STREAMS = 500


@dataclass(frozen=True, slots=True)
class Lasting:
    """What outlives a reload: what is under way counts against the same bounds.

    `slots` are for batches of documents on their way in, `seats` for streams.
    """

    slots: trio.CapacityLimiter = field(
        default_factory=lambda: trio.CapacityLimiter(IN_FLIGHT_IN_ALL)
    )
    seats: trio.CapacityLimiter = field(
        default_factory=lambda: trio.CapacityLimiter(STREAMS)
    )
    drain: Drain = field(default_factory=Drain)


@dataclass(slots=True)
class Serving:
    """All that is needed to answer."""

    replicas: Replicas
    settings: PubSettings
    limits: Limits
    bounds: Bounds
    lasting: Lasting
    now: Callable[[], int]
    rates: Rates = field(init=False)
    callers: Callers = field(init=False)
    making: Making = field(init=False)

    def __post_init__(self) -> None:
        self.rates = Rates(self.limits)
        self.callers = Callers(self.settings.callers)
        self.making = Making(self.replicas)

    def holds(self, replica: Replica) -> bool:
        """Whether it is still ours. The file of one that we hold no more is closed."""
        return self.replicas.get(replica.address) is replica

    def check_held(self, replica: Replica) -> None:
        """Raises Refused."""
        if not self.holds(replica):
            raise Refused("unknown-workspace")

    def shared(
        self, request: Request, captured: Mapping[str, str]
    ) -> "SharedWorkspace | None":
        """The workspace in the path, where it is there for whoever asks."""
        caller = self.callers.named(request)
        try:
            address = WorkspaceAddress.parse(captured["workspace"])
        except InvalidAddress:
            return None
        replica = self.replicas.get(address)
        if replica is None or halves_for(replica, caller) is None:
            return None
        return SharedWorkspace(replica, caller)


@dataclass(frozen=True, slots=True)
class SharedWorkspace:
    """A workspace, as it is there for one caller."""

    replica: Replica
    caller: Caller | None

    @property
    def halves(self) -> Halves | None:
        """As of now; None: it is there for them no more."""
        return halves_for(self.replica, self.caller)


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
