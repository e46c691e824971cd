"""The shape all conversations share: what one is given, and what it reports.

A conversation brings one workspace level with one peer, as far as direction and rules
allow. It knows nothing of schedules, retries or other peers: it ends with a report, or
raises one of our families, and everything it had taken in by then stays.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from esd.replica import Listing, Replica, Tally
from esd.sync.client import Client, Traffic
from esd.sync.settings import Direction, RunLimits
from esd.sync.status import Standing

__all__ = ["Conversation", "Report", "Talk", "path_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One workspace, one peer, one moment (`now`: wall clock, µs)."""

    peer: str  # its name in the configuration
    url: str = field(repr=False)
    client: Client
    replica: Replica
    listing: Listing
    direction: Direction
    now: int
    limits: RunLimits
    slots: trio.CapacityLimiter  # the daemon's bound on batches under way
    asked: bool = False  # a person asked: look again where we would have been lazy


@dataclass(slots=True)
class Report:
    """What one conversation did so far. `level` is its name in the sync protocol."""

    level: str = ""
    standing: Standing = Standing.LEVEL
    unchanged: bool = False  # the peer's list was one we knew
    pulled: Tally = field(default_factory=Tally)
    sent: int = 0  # documents pushed
    taken: int = 0  # of them, those the peer says it stored
    too_big: int = 0  # documents no body of the peer's limit can hold
    waiting: int = 0  # documents it refused before, whose retry time has not come
    traffic: Traffic = field(default_factory=Traffic)


Conversation = Callable[[Talk, Report], Awaitable[None]]
"""Fills in the report as it goes, so that a run that breaks off still tells."""


def path_of(talk: Talk) -> str:
    """Where every pub keeps its list. Only there, and to a pub, is the address sent."""
    return f"/earthstar-api/v1/{talk.replica.address.text}/documents"
