"""Apps on a page of another origin press their button: both ways, over CORS."""

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.browsers.asking import GARDEN
from tests.browsers.chromium import Chromium
from tests.browsers.client import page_client
from tests.browsers.installed import FIVE, RELEASES, THREE
from tests.daemons import Running, a_config, start_daemon
from tests.peers.real import Counted, Synced, Write
from tests.peers.test_harness import TRICKY, all_known, all_new, as_set

TWO = [
    Write(author="suzy", path="/wiki/Bees", content=TRICKY),
    Write(author="fern", path="/wiki/Bees", content="newer, by another author"),
]
SUCCESS = ("success", None)


async def start(nursery: trio.Nursery, state: Path, **how: Any) -> Running:
    return await start_daemon(nursery, a_config(state, [GARDEN], **how))


def both_ways(synced: Synced) -> tuple[Counted | None, Counted | None]:
    return synced.pull, synced.push


@pytest.mark.parametrize("release", RELEASES)
async def test_a_page_pushes_and_another_pulls(
    release: str, chromium: Chromium, site: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    async with (
        page_client(chromium, site, GARDEN, release) as writer,
        page_client(chromium, site, GARDEN, release) as reader,
    ):
        await writer.write(TWO)
        assert both_ways(await writer.sync(esd.url)) == (all_new(0), all_new(2))
        assert both_ways(await reader.sync(esd.url)) == (all_new(2), all_known(2))
        assert as_set(await reader.documents()) == as_set(await writer.documents())
        assert len(await reader.documents()) == 2


@pytest.mark.parametrize("release", RELEASES)
async def test_two_pages_that_both_wrote_end_with_the_same(
    release: str, chromium: Chromium, site: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    async with (
        page_client(chromium, site, GARDEN, release) as one,
        page_client(chromium, site, GARDEN, release) as other,
    ):
        await one.write([Write(author="suzy", path="/a", content="from one")])
        await other.write([Write(author="fern", path="/b", content="from the other")])
        for page in (one, other, one):
            pressed = await page.press_sync(esd.url)
            assert (pressed.button, pressed.rejected) == SUCCESS
        assert as_set(await one.documents()) == as_set(await other.documents())
        assert len(await one.documents()) == 2


async def test_pages_of_both_formats_share_a_workspace_and_keep_to_their_own(
    chromium: Chromium, site: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    for release in RELEASES:
        async with page_client(chromium, site, GARDEN, release) as writer:
            await writer.write(TWO)
            await writer.sync(esd.url)
    assert esd.replica(GARDEN).reader.totals().count == 4
    for release, format_name in ((FIVE, "es.4"), (THREE, "es.3")):
        async with page_client(chromium, site, GARDEN, release) as reader:
            synced = await reader.sync(esd.url)
            assert synced.pull == Counted(ingested=2, ignored=2, total=4)
            formats = {document["format"] for document in await reader.documents()}
            assert formats == {format_name}


@pytest.mark.parametrize("release", RELEASES)
async def test_an_open_pub_makes_a_workspace_for_a_page(
    release: str, chromium: Chromium, site: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, creates=True))
    async with page_client(chromium, site, GARDEN, release) as page:
        await page.write(TWO)
        assert both_ways(await page.sync(esd.url)) == (all_new(0), all_new(2))


REFUSALS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "404 to both, closed": ([], {}),
    "403 to a push, readonly": ([GARDEN], {"readonly": True}),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_page_can_read_a_refusal(
    refusal: str,
    release: str,
    chromium: Chromium,
    site: str,
    nursery: trio.Nursery,
    tmp_path: Path,
) -> None:
    workspaces, how = REFUSALS[refusal]
    esd = await start_daemon(nursery, a_config(tmp_path, workspaces, **how))
    async with page_client(chromium, site, GARDEN, release) as page:
        await page.write(TWO)
        pressed = await page.press_sync(esd.url)
        # To a page that may not read it, it is a network that failed.
        assert (pressed.button, pressed.rejected) == SUCCESS


@pytest.mark.parametrize("release", RELEASES)
async def test_a_page_survives_our_absence(
    release: str, chromium: Chromium, site: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    async with page_client(chromium, site, GARDEN, release) as page:
        await page.sync(esd.url)
        await esd.stop()
        pressed = await page.press_sync(esd.url)
        assert (pressed.button, pressed.rejected) == ("failure", None)
