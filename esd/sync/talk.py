"""The shape all conversations share: what one is given, and what it reports.

A conversation brings one workspace level with one peer, as far as direction and rules
allow. It knows nothing of schedules, retries or other peers: it ends with a report, or
raises one of our families, and everything it had taken in by then stays.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from esd.formats import Halves
from esd.replica import Listing, Replica, Tally
from esd.sync.acquaintance import Acquaintance
from esd.sync.client import Client
from esd.sync.exchange import Traffic
from esd.sync.settings import Direction, Protocol, RunLimits
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
    acquaintance: Acquaintance
    protocol: Protocol = Protocol.AUTO
    halves: Halves = field(default_factory=Halves)  # ours, for this peer
    creates: bool = False  # have the peer host the workspace if it can
    asked: bool = False  # a person asked: look again where we would have been lazy
    dry: bool = False  # find out what would move, and move nothing


@dataclass(slots=True)
class Report:
    """What one conversation did so far. `level` is its name in the sync protocol.

    `to_pull` and `to_push` are documents found to be missing here and there; what
    became of them is told by `pulled`, `sent` and `taken`.
    """

    level: str = ""
    rounds: int = 0  # messages of a reconciliation
    standing: Standing = Standing.LEVEL
    unchanged: bool = False  # the first answer told that there is nothing to do
    to_pull: int = 0
    to_push: int = 0
    pulled: Tally = field(default_factory=Tally)
    sent: int = 0  # documents pushed
    taken: int = 0  # of them, those the peer says it stored
    too_big: int = 0  # documents no body of the peer's limit can hold
    push_again: int | None = None  # when to try what it turned away; wall clock, µs
    waiting: int = 0  # documents it refused before, whose retry time has not come
    traffic: Traffic = field(default_factory=Traffic)


Conversation = Callable[[Talk, Report], Awaitable[None]]
"""Fills in the report as it goes, so that a run that breaks off still tells."""


def path_of(talk: Talk) -> str:
    """Where every pub keeps its list. Only there, and to a pub, is the address sent."""
    return f"/earthstar-api/v1/{talk.replica.address.text}/documents"
