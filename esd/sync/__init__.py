"""We call others: conversations with peers, and when to have them."""

from esd.sync.after_run import Failure
from esd.sync.client import Client
from esd.sync.peer import Peer
from esd.sync.peers import Peers
from esd.sync.runner import Runner
from esd.sync.runs import Finding, NotShared, PeerPaused, RunState, Scope, SyncRun
from esd.sync.settings import Direction, PeerSettings, Protocol, RunLimits

__all__ = [
    "Client",
    "Direction",
    "Failure",
    "Finding",
    "NotShared",
    "Peer",
    "PeerPaused",
    "PeerSettings",
    "Peers",
    "Protocol",
    "RunLimits",
    "RunState",
    "Runner",
    "Scope",
    "SyncRun",
]
