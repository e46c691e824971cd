"""`http://localhost:3333`, as earthstar-wiki and earthstar-os have it hard-wired.

The daemon is the program itself with its default addresses. Which of them `localhost`
is decides the browser; here it is told to take one, and tells which it took.
"""

import errno
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browsers.chromium import Chromium, running_chromium
from tests.browsers.client import PageClient, page_client
from tests.browsers.installed import RELEASES, THREE
from tests.peers.real import Pressed, Write
from tests.peers.test_harness import all_new
from tests.programs import RunningEsd, running_esd

HARD_WIRED = "http://localhost:3333"
PORT = 3333
GARDENING = "+gardening.xxxxxxxxxxxxxxxxxxxx"  # the wiki's own

DONE = Pressed(button="success", pub="success", rejected=None)

FAMILIES = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


def check_free(address: str) -> None:
    """Skip the test where the machine has no such address, or it is taken."""
    with socket.socket(FAMILIES[address]) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, PORT))
        except OSError as exc:
            taken = exc.errno == errno.EADDRINUSE
            reason = f"port {PORT} is taken" if taken else f"no {address} here"
            pytest.skip(f"{reason}: {exc}")


@pytest.fixture
async def esd(browsers: None, tmp_path: Path) -> AsyncIterator[RunningEsd]:
    for address in FAMILIES:
        check_free(address)
    text = f'state_dir = "{tmp_path}"\n[[workspace]]\naddress = "{GARDENING}"\n'
    async with running_esd(text) as running:
        yield running


async def connected_to(page: PageClient) -> str:
    """The address at which the browser found the pub just now."""
    chromium, session = page.page.chromium, page.page.session
    answered = await chromium.event("Network.responseReceived", session)
    address: str = answered["response"]["remoteIPAddress"]
    return address.strip("[]")


@pytest.mark.parametrize("address", FAMILIES)
async def test_apps_find_us_where_they_were_told_to_look(
    address: str, browsers: None, site: str, esd: RunningEsd
) -> None:
    host = f"[{address}]" if ":" in address else address
    with running_chromium(f"--host-resolver-rules=MAP localhost {host}") as chromium:
        for release in RELEASES:
            await meet(chromium, site, release, address)


async def meet(chromium: Chromium, site: str, release: str, address: str) -> None:
    """Two apps of that release give each other a document, by way of that address."""
    async with (
        page_client(chromium, site, GARDENING, release) as writer,
        page_client(chromium, site, GARDENING, release) as reader,
    ):
        await writer.write([Write(author="suzy", path="/wiki/Bees", content="buzz")])
        await writer.page.watch_network()
        assert await writer.press_sync(HARD_WIRED) == DONE
        assert await connected_to(writer) == address
        assert await reader.press_sync(HARD_WIRED) == DONE
        assert await reader.documents() == await writer.documents() != []


async def test_an_app_finds_us_at_whatever_localhost_is(
    chromium: Chromium, site: str, esd: RunningEsd
) -> None:
    async with page_client(chromium, site, GARDENING, THREE) as page:
        await page.write([Write(author="suzy", path="/wiki/Bees", content="buzz")])
        assert (await page.sync(HARD_WIRED)).push == all_new(1)
