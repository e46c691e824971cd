"""The live stream of a real pub beside ours, byte by byte."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from esd.daemon import wall_clock
from esd.formats.batches import decode_one
from tests.peers.real import RealClient, RealPub, Write, real_client, real_pub
from tests.peers.test_harness import KEPT, some_writes
from tests.pub.serving import GARDEN_TEXT, UNKNOWN
from tests.pub.streaming import STREAM, Events, Live, streaming
from tests.web.test_leaving import served

pytestmark = pytest.mark.usefixtures("peers")

OURS_ALONE = re.compile(rb"id: [^\n]*\n")
LONG = Write(author="suzy", path="/long", content="\u2028\n\r\u00e4x" * 100_000)
TELLING = ("content-type", "cache-control", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Both:
    """A real pub and ours, which hold the same."""

    pub: RealPub
    client: RealClient
    live: Live
    address: tuple[str, int]  # ours

    @asynccontextmanager
    async def asked(self, target: str = STREAM) -> AsyncIterator[tuple[Events, Events]]:
        """The real pub's answer and ours, begun."""
        async with (
            await trio.open_tcp_stream("127.0.0.1", self.pub.port) as one,
            await trio.open_tcp_stream(*self.address) as other,
        ):
            yield await Events(one).ask(target), await Events(other).ask(target)

    async def write(self, writes: Sequence[Write], theirs: Events) -> list[bytes]:
        """Bring *writes* to both; what the real pub told of them."""
        await self.client.write(writes)
        await self.client.sync(self.pub.url)
        kept = KEPT if len(writes) > 1 else 1
        told = await theirs.documents(kept)
        await self.live.ingest(*map(decode_one, told))
        return told


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    with streaming(tmp_path) as live:
        live.now = wall_clock()
        async with (
            real_pub() as pub,
            real_client(GARDEN_TEXT) as client,
            served(live.handler) as address,
        ):
            await client.sync(pub.url)
            yield Both(pub, client, live, address)


async def test_the_same_bytes_but_for_our_ids(both: Both) -> None:
    async with both.asked() as (theirs, ours):
        for writes in (some_writes(), [LONG]):
            told = await both.write(writes, theirs)
            assert await ours.documents(len(told)) == told
        assert OURS_ALONE.sub(b"", ours.raw) == theirs.raw
        assert json.loads(told[0])["content"] == LONG.content


async def test_the_same_head(both: Both) -> None:
    async with both.asked() as (theirs, ours):
        assert ours.status == theirs.status == 200
        for name in TELLING:
            assert ours.headers[name] == theirs.headers[name]
        assert "etag" not in {**theirs.headers, **ours.headers}


async def test_neither_sends_what_it_held_before(both: Both) -> None:
    async with both.asked() as (theirs, ours):
        await both.write(some_writes(), theirs)
        await ours.documents(KEPT)
    async with both.asked() as (theirs, ours):
        told = await both.write([LONG], theirs)
        assert await ours.documents(1) == told
        assert OURS_ALONE.sub(b"", ours.raw) == theirs.raw


async def test_neither_knows_an_unknown_workspace(both: Both) -> None:
    target = UNKNOWN.replace("documents", "stream")
    async with both.asked(target) as (theirs, ours):
        await theirs.rest()
        await ours.rest()
        assert ours.status == theirs.status == 404
        assert ours.raw == theirs.raw == b"Not Found"
        assert ours.headers["content-type"] == theirs.headers["content-type"]
