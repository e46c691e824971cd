"""Following the stream of a real pub: what its clients push to it is here at once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from esd.sync.rhythm import Rhythm
from tests.daemons import Running
from tests.peers.garden import FERN, GARDEN, fill, listed, start_beside, write_some
from tests.peers.real import RealPub, Write, real_client, real_pub
from tests.peers.test_harness import some_writes

pytestmark = pytest.mark.usefixtures("peers")

SOON = 60.0  # seconds; it takes some ten milliseconds
LIVELY = Rhythm(interval=300.0, settle=0.0)


@asynccontextmanager
async def beside(
    tmp_path: Path, *, sqlite: bool = False
) -> AsyncIterator[tuple[RealPub, Running]]:
    """A pub that does not hold the garden yet, and an esd that follows it."""
    async with real_pub(sqlite=sqlite) as pub, trio.open_nursery() as nursery:
        esd = await start_beside(nursery, tmp_path, pub.url, live=True, rhythm=LIVELY)
        await esd.sync("pub")
        peer, bell = esd.daemon.peers["pub"], esd.daemon.events.bell
        with trio.fail_after(SOON):
            while not peer.streams.all_live:
                await bell.wait_after(bell.count)
            await esd.daemon.peers.wait_idle()
        yield pub, esd
        await esd.stop()
        nursery.cancel_scope.cancel()


async def has(esd: Running, is_there: Callable[[], bool]) -> None:
    bell = esd.replica(GARDEN).bell
    with trio.fail_after(SOON):
        while not is_there():
            await bell.wait_after(bell.count)


def holds(esd: Running, count: int) -> Callable[[], bool]:
    return lambda: esd.replica(GARDEN).reader.totals().count == count


async def test_what_is_pushed_there_is_here_at_once(
    in_sqlite: bool, tmp_path: Path
) -> None:
    async with beside(tmp_path, sqlite=in_sqlite) as (pub, esd):
        before = esd.daemon.peers.runs.last
        await fill(pub)
        await has(esd, holds(esd, len(await pub.documents(GARDEN) or [])))
        assert esd.documents(GARDEN) == await listed(pub)
        await esd.daemon.peers.wait_idle()
        assert esd.daemon.peers.runs.last == before


async def test_what_is_written_here_is_there_at_once(tmp_path: Path) -> None:
    async with beside(tmp_path) as (pub, esd):
        await write_some(esd)
        await esd.daemon.peers.wait_idle()
        assert await listed(pub) == esd.documents(GARDEN)


async def test_it_tells_us_our_own_writes_and_nothing_follows_from_that(
    tmp_path: Path,
) -> None:
    async with beside(tmp_path) as (pub, esd):
        await write_some(esd)
        await esd.daemon.peers.wait_idle()
        before = esd.daemon.peers.runs.last
        state = esd.daemon.peers["pub"].streams[esd.replica(GARDEN)]
        await fill(pub, [Write(author="suzy", path="/last", content="x")])
        await has(esd, lambda: state.tally.accepted == 1)
        assert state.tally.obsolete == 20
        assert not state.tally.rejected
        await esd.daemon.peers.wait_idle()
        assert esd.daemon.peers.runs.last == before


async def test_a_long_document_and_many_short_ones(tmp_path: Path) -> None:
    async with beside(tmp_path) as (pub, esd):
        writes = [
            Write(author="suzy", path=f"/many/{number}", content="ü\u2028\r\n" * number)
            for number in range(300)
        ]
        writes.append(Write(author="suzy", path="/long", content="é" * 2_000_000))
        await fill(pub, writes)
        await has(esd, holds(esd, 301))
        assert esd.documents(GARDEN) == await listed(pub)


async def test_two_who_write_at_once_end_with_the_same(tmp_path: Path) -> None:
    async with beside(tmp_path) as (pub, esd), real_client(GARDEN) as client:
        for number in range(10):
            now = esd.daemon.now()
            await esd.replica(GARDEN).write(FERN, f"/ours/{number}", "x", now=now)
            await client.write([Write(author="suzy", path=f"/{number}", content="y")])
            await client.sync(pub.url)
        await fill(pub, some_writes())
        await esd.daemon.peers.wait_idle()
        theirs = len(await pub.documents(GARDEN) or [])
        await has(esd, holds(esd, theirs))
        await esd.daemon.peers.wait_idle()
        assert await listed(pub) == esd.documents(GARDEN)
        state = esd.daemon.peers["pub"].streams[esd.replica(GARDEN)]
        assert state.is_live
        assert not state.tally.rejected
