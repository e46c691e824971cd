"""The live syncer of 5.7.6 in a page: what others write is there, and it never asks."""

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from esd.config import Config
from esd.formats import keypair_from_seed
from tests.browsers.asking import GARDEN
from tests.browsers.chromium import Chromium
from tests.browsers.client import page_client
from tests.browsers.recorded import Recorded
from tests.daemons import Running, a_config, start_daemon
from tests.peers.real import Write, real_client

FERN = keypair_from_seed("fern", bytes(32))


@pytest.fixture
async def esd(nursery: trio.Nursery, tmp_path: Path) -> Running:
    return await start_daemon(nursery, a_config(tmp_path, [GARDEN]))


def a_write(path: str) -> Write:
    return Write(author="suzy", path=path, content="buzz")


async def test_two_live_pages_hear_each_other_without_asking(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    async with (
        page_client(chromium, site, GARDEN) as one,
        page_client(chromium, site, GARDEN) as other,
    ):
        await one.follow(pub.url)
        await other.follow(pub.url)
        asked = pub.methods.count("GET")
        for writer, reader, path in ((one, other, "/a"), (other, one, "/b")):
            await reader.expect(path)
            await writer.write([a_write(path)])
            document, _ = await reader.arrived()
            assert document in await writer.documents()
        assert pub.methods.count("GET") == asked


async def test_a_page_hears_what_was_written_here_without_asking(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    async with page_client(chromium, site, GARDEN) as page:
        await page.follow(pub.url)
        await page.expect("/bees")
        asked = pub.methods.count("GET")
        replica, now = pub.esd.replica(GARDEN), pub.esd.daemon.now()
        await replica.write(FERN, "/bees", "héllo", now=now)
        document, _ = await page.arrived()
        assert (document["author"], document["content"]) == (FERN.address, "héllo")
        assert pub.methods.count("GET") == asked


async def test_a_page_hears_what_a_program_pushes(
    esd: Running, peers: None, chromium: Chromium, site: str
) -> None:
    async with (
        page_client(chromium, site, GARDEN) as page,
        real_client(GARDEN) as program,
    ):
        await page.follow(esd.url)
        await page.expect("/bees")
        await program.write([a_write("/bees")])
        await program.sync(esd.url)
        document, _ = await page.arrived()
        assert document in await program.documents()


async def test_a_page_hears_afterwards_what_it_missed_while_we_were_gone(
    esd: Running, chromium: Chromium, site: str, nursery: trio.Nursery
) -> None:
    async with page_client(chromium, site, GARDEN) as page:
        await page.follow(esd.url)
        await page.expect("/missed")
        await esd.stop()
        back = await start_daemon(nursery, at_port(esd.daemon.config, esd.port))
        await back.replica(GARDEN).write(FERN, "/missed", "", now=back.daemon.now())
        document, _ = await page.arrived()
        assert document["author"] == FERN.address


def at_port(config: Config, port: int) -> Config:
    http = replace(config.http, listen=(f"127.0.0.1:{port}",))
    return replace(config, http=http)
