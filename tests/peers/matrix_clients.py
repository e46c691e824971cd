"""The real Syncers with us as their pub: what apps and earthstar-cli do with one."""

from functools import partial

import trio

from tests.peers.matrix_stage import (
    ES3,
    ES4,
    GARDEN,
    SOON,
    Cells,
    Stage,
    Way,
    give,
    held,
    of_both,
    some_of,
    texts,
    until_there,
    write,
)
from tests.peers.real import RELEASES, Counted, Write, real_client
from tests.peers.test_harness import TRICKY, all_known, all_new

__all__ = ["client_cells"]

WRITTEN = [
    Write(author="suzy", path="/wiki/Bees", content=TRICKY),
    Write(author="fern", path="/wiki/Bees", content="newer, by another author"),
    Write(author="suzy", path="/wiki/Wasps", content="buzz"),
    Write(author="suzy", path="/wiki/Wasps", content=""),
]
KEPT = 3  # the emptied one replaced its own past


def client_cells(release: str) -> Cells:
    cells = {
        Way.IT_PULLS: partial(_it_pulls, release),
        Way.IT_PUSHES: partial(_it_pushes, release),
    }
    return cells | ({Way.LIVE: partial(_live, release)} if release in RELEASES else {})


async def _it_pulls(release: str, stage: Stage) -> None:
    esd = await stage.esd()
    await give(esd, of_both("/ours"))
    spoken = ES4 if release in RELEASES else ES3
    known, every = len(some_of(spoken, "/ours")), len(of_both("/ours"))
    async with real_client(GARDEN, release=release) as client:
        synced = await client.sync(esd.url)
        assert synced.pull == Counted(
            ingested=known, ignored=every - known, total=every
        )
        assert synced.push == all_known(known)
        assert texts(await client.documents()) == held(esd, spoken)
        assert (await client.sync(esd.url)).pull == all_known(every)


async def _it_pushes(release: str, stage: Stage) -> None:
    esd = await stage.esd()
    async with real_client(GARDEN, release=release) as client:
        await client.write(WRITTEN)
        assert (await client.sync(esd.url)).push == all_new(KEPT)
        assert held(esd) == texts(await client.documents())
        assert (await client.press_sync(esd.url)).button == "success"
        assert (await client.sync(esd.url)).push == all_known(KEPT)


async def _live(release: str, stage: Stage) -> None:
    esd = await stage.esd()
    await give(esd, of_both("/ours"))
    async with real_client(GARDEN, release=release) as client:
        await client.follow(esd.url)
        await client.expect("/news/ours")
        await write(esd, "/news/ours")
        with trio.fail_after(SOON):
            await client.arrived()
        await client.write([Write(author="suzy", path="/news/theirs", content="x")])
        await until_there(esd, "/news/theirs")
        assert texts(await client.documents()) == held(esd, ES4)
