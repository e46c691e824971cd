"""Fixtures for tests that speak with the real Earthstar programs: skip without them."""

import pytest

from tests.peers.installed import PeersMissing, check_sqlite, node


@pytest.fixture(scope="session")
def peers() -> None:
    """The real programs are here, at least with storage in memory."""
    try:
        node()
    except PeersMissing as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def sqlite_peers(peers: None) -> None:
    """The real programs are here, with storage in SQLite."""
    try:
        check_sqlite()
    except PeersMissing as exc:
        pytest.skip(str(exc))


@pytest.fixture(params=["memory", "sqlite"])
def in_sqlite(request: pytest.FixtureRequest, peers: None) -> bool:
    """Both storages of the real programs, one after the other: whether it is SQLite."""
    sqlite: bool = request.param == "sqlite"
    if sqlite:
        request.getfixturevalue("sqlite_peers")
    return sqlite
