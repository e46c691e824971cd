"""Readers that are slow, that leave, and that are many."""

import gc
import socket
import tracemalloc
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio
from trio.testing import lockstep_stream_pair

from esd.formats import encode
from esd.web import Limits
from tests.pub.streaming import Events, streaming
from tests.replica.signed import documents
from tests.replicas import NOW, a_document
from tests.web.test_leaving import served

MANY = 10_000
PIECE = 64 << 10
BEFORE_A_BEAT = 25.0  # seconds; every 28 something is written to each

# Ten megabytes: more than the kernel takes for a reader that does not read.
BULKY = [a_document(f"/bulky/{n:03}", f"{n}" * 20_000, at=NOW + n) for n in range(200)]


@pytest.fixture
def live(tmp_path):
    with streaming(tmp_path, seats=100) as live:
        yield live


@asynccontextmanager
async def reading(address, *, buffer=0, **headers):
    """A reader over a real socket, up to its first KEEPALIVE."""
    client = trio.socket.socket()
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    await client.connect(address)
    async with trio.SocketStream(client) as stream:
        yield await (await Events(stream).ask(**headers)).greeted()


async def wait_all_left(live):
    """Return when every seat is free."""
    seats = [object() for _ in range(int(live.seats.total_tokens))]
    for seat in seats:
        await live.seats.acquire_on_behalf_of(seat)
    for seat in seats:
        live.seats.release_on_behalf_of(seat)


# Slow ones...


async def test_a_slow_reader_gets_everything_in_the_order_of_arrival(live):
    """It reads nothing until all is there, and somebody else has read it."""
    sent = documents(MANY)
    lines = [encode(document) for document in sent]
    async with served(live.handler) as address:
        async with (
            reading(address, buffer=4096) as slow,
            reading(address) as fast,
            trio.open_nursery() as nursery,
        ):

            async def follow():
                assert await fast.documents(MANY) == lines

            nursery.start_soon(follow)
            for at in range(0, MANY, 100):
                await live.ingest(*sent[at : at + 100])
            await trio.testing.wait_all_tasks_blocked()
            assert await slow.documents(MANY) == lines


async def test_a_reader_that_takes_nothing_is_dropped(live, autojump_clock):
    async with live.connected(pair=lockstep_stream_pair) as client:
        await (await Events(client.stream).ask()).greeted()
        await live.ingest(*documents(1000))
        await client.finished.wait()
        assert trio.current_time() == Limits().write_time
        assert live.taken == 0


async def test_a_reader_that_takes_little_is_served(live, autojump_clock):
    sent = documents(1000)
    async with live.connected(pair=lockstep_stream_pair) as client:
        events = await (await Events(client.stream).ask()).greeted()
        await live.ingest(*sent)
        found = []
        while len(found) < len(sent):
            event = await events.next(most=4096)
            if event.data.startswith("{"):
                found.append(event.data.encode())
            await trio.sleep(0.2)
    assert trio.current_time() > 5 * Limits().write_time
    assert found == [encode(document) for document in sent]


@pytest.mark.parametrize(
    "waiting",
    [documents(1000), (a_document("/long", "x" * 4_000_000),)],
    ids=["many documents", "a long document"],
)
async def test_readers_that_stop_hold_a_piece_each(live, waiting, autojump_clock):
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(live.pieces()) for _ in range(100)]
        await live.ingest(*waiting)
        tracemalloc.start()
        for reader in readers:
            await anext(reader)
            await anext(reader)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert held < 100 * PIECE * 1.2


async def test_readers_that_have_read_all_hold_nothing(live, autojump_clock):
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(live.pieces()) for _ in range(100)]
        tracemalloc.start()
        await live.ingest(a_document("/a", "x" * 50_000))
        for reader in readers:
            await anext(reader)
        for reader in readers:
            assert b"KEEPALIVE" in await anext(reader)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert held < 100 * 5_000


# Those who leave...


async def test_a_reader_that_leaves_is_noticed_at_once(live):
    """Long before anything would be written to it."""
    with trio.fail_after(BEFORE_A_BEAT):
        async with served(live.handler) as address:
            async with reading(address), reading(address):
                assert live.taken == 2
            await wait_all_left(live)


async def test_a_reader_that_is_killed_is_noticed_at_once(live):
    reset = b"\1\0\0\0\0\0\0\0"  # SO_LINGER: close with RST
    with trio.fail_after(BEFORE_A_BEAT):
        async with served(live.handler) as address:
            async with reading(address) as events:
                events.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            await wait_all_left(live)


async def test_a_reader_that_leaves_in_the_middle_is_noticed(live, caplog):
    with trio.fail_after(BEFORE_A_BEAT):
        async with served(live.handler) as address:
            async with reading(address, buffer=4096):
                await live.ingest(*BULKY)
                await trio.testing.wait_all_tasks_blocked()
                assert live.taken == 1
            await wait_all_left(live)
    assert not [record for record in caplog.records if record.levelno > 20]


async def test_who_dropped_in_the_middle_goes_on_where_it_was(live):
    await live.ingest(*BULKY)
    found = []
    said = live.event_id(0)
    async with served(live.handler) as address:
        for part in (60, 1, 59, 80):
            async with reading(address, buffer=4096, last_event_id=said) as events:
                for _ in range(part):
                    event = await events.next()
                    found.append(event.data.encode())
                said = event.event_id
    assert found == [encode(document) for document in BULKY]


# Many...


async def test_a_hundred_readers_all_get_it(live):
    document = a_document()
    async with served(live.handler) as address, AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(reading(address)) for _ in range(100)
        ]
        await live.ingest(document)
        for events in readers:
            assert await events.documents(1) == [encode(document)]


async def test_a_stop_waits_for_none_of_them(live, autojump_clock):
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(live.connected()) for _ in range(100)
        ]
        for client in clients:
            await (await Events(client.stream).ask()).greeted()
        await trio.testing.wait_all_tasks_blocked()
        live.drain.start()
        for client in clients:
            await client.finished.wait()
        assert trio.current_time() == 0
    assert live.taken == 0
