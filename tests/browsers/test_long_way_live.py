"""The long way, live: from one esd through a real pub and another esd into a page, and
back. Nobody asks for anything; each tells the next one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from esd.formats import keypair_from_seed
from tests.browsers.asking import GARDEN
from tests.browsers.chromium import Chromium
from tests.browsers.client import PageClient, page_client
from tests.daemons import Running, a_config, a_peer, start_daemon
from tests.peers.matrix_stage import LIVELY, PEER, SOON, until_live
from tests.peers.real import RealPub, Write, real_pub

pytestmark = pytest.mark.usefixtures("peers")

FERN = keypair_from_seed("fern", bytes(32))


@dataclass(frozen=True, slots=True)
class Way:
    """`far` and `near` know nothing of each other, but both of the pub."""

    far: Running
    near: Running
    page: PageClient


async def start_following(nursery: trio.Nursery, state: Path, pub: RealPub) -> Running:
    """A daemon that follows *pub*."""
    peer = a_peer(PEER, pub.url, GARDEN, live=True, rhythm=LIVELY)
    esd = await start_daemon(nursery, a_config(state, [GARDEN], [peer]))
    await esd.sync(PEER)
    await until_live(esd)
    return esd


@pytest.fixture
async def way(
    nursery: trio.Nursery, tmp_path: Path, chromium: Chromium, site: str
) -> AsyncIterator[Way]:
    async with real_pub() as pub, page_client(chromium, site, GARDEN) as page:
        far = await start_following(nursery, tmp_path / "far", pub)
        near = await start_following(nursery, tmp_path / "near", pub)
        await page.follow(near.url)
        yield Way(far, near, page)


def runs_of(esd: Running) -> int:
    return esd.daemon.peers.runs.last


async def test_a_write_in_one_esd_reaches_a_page_at_another(way: Way) -> None:
    await way.page.expect("/news")
    before = runs_of(way.near)
    written = way.far.daemon.now()
    await way.far.replica(GARDEN).write(FERN, "/news", "héllo", now=written)
    with trio.fail_after(SOON):
        document, _ = await way.page.arrived()
    assert (document["author"], document["content"]) == (FERN.address, "héllo")
    assert runs_of(way.near) == before, "it came by a run, and not by the stream"


async def test_what_a_page_writes_reaches_the_other_esd(way: Way) -> None:
    before = runs_of(way.far)
    await way.page.write([Write(author="suzy", path="/back", content="buzz")])
    replica = way.far.replica(GARDEN)
    with trio.fail_after(SOON):
        while "/back" not in replica.reader.paths(way.far.daemon.now()):
            await replica.bell.wait_after(replica.bell.count)
    assert way.far.documents(GARDEN) == way.near.documents(GARDEN)
    assert runs_of(way.far) == before
