"""The real Earthstar programs, for tests and benchmarks: import them from here."""

from tests.peers.client import (
    NEWEST,
    OLDEST,
    RELEASES,
    ClientRefused,
    Counted,
    Pressed,
    RealClient,
    Synced,
    Write,
    real_client,
)
from tests.peers.installed import PeersMissing, check_sqlite, versions
from tests.peers.processes import PeerFailed
from tests.peers.pub import Document, RealPub, real_pub

__all__ = [
    "NEWEST",
    "OLDEST",
    "RELEASES",
    "ClientRefused",
    "Counted",
    "Document",
    "PeerFailed",
    "PeersMissing",
    "Pressed",
    "RealClient",
    "RealPub",
    "Synced",
    "Write",
    "check_sqlite",
    "real_client",
    "real_pub",
    "versions",
]
