"""The real Earthstar programs, for tests and benchmarks: import them from here."""

from tests.peers.client import (
    NEWEST,
    OLDEST,
    RELEASES,
    WITH_ES3,
    ClientRefused,
    Counted,
    Pressed,
    RealClient,
    Synced,
    Write,
    real_client,
)
from tests.peers.installed import PeersMissing, check_sqlite, versions
from tests.peers.old_pubs import old_pub
from tests.peers.processes import PeerFailed
from tests.peers.pub import Document, RealPub, real_pub

__all__ = [
    "NEWEST",
    "OLDEST",
    "RELEASES",
    "WITH_ES3",
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
    "old_pub",
    "real_client",
    "real_pub",
    "versions",
]
