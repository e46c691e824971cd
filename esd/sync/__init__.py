"""We call others: conversations with peers, and when to have them."""

from esd.sync.client import Client
from esd.sync.peer import Peer
from esd.sync.peers import Peers
from esd.sync.run import Outcome, Runner
from esd.sync.settings import Direction, PeerSettings, Protocol, RunLimits

__all__ = [
    "Client",
    "Direction",
    "Outcome",
    "Peer",
    "PeerSettings",
    "Peers",
    "Protocol",
    "RunLimits",
    "Runner",
]
