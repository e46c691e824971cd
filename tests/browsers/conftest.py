"""Fixtures for tests in a real browser: they skip where there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.browsers.asking import GARDEN
from tests.browsers.chromium import Chromium, running_chromium
from tests.browsers.installed import BrowserMissing, chromium_program
from tests.browsers.recorded import Recorded, record
from tests.browsers.site import run_site
from tests.daemons import a_config, start_daemon
from tests.peers.conftest import peers

__all__ = ["peers"]


@pytest.fixture(scope="session")
def browsers() -> None:
    """A browser is here, and the bundles to show it."""
    try:
        chromium_program()
    except BrowserMissing as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def chromium(browsers: None) -> Iterator[Chromium]:
    """One process for all tests, and its tabs."""
    with running_chromium() as running:
        yield running


@pytest.fixture
async def site(nursery: trio.Nursery) -> str:
    """The origin of our pages."""
    origin: str = await nursery.start(run_site)
    return origin


@pytest.fixture
async def pub(nursery: trio.Nursery, tmp_path: Path) -> Recorded:
    """A pub with a garden, which remembers what it was asked."""
    esd = await start_daemon(nursery, a_config(tmp_path, [GARDEN]))
    return await record(esd, nursery)
