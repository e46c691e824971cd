"""How long a client may hold a connection, on a virtual clock."""

from functools import partial

import pytest
import trio
from trio.testing import lockstep_stream_pair, wait_all_tasks_blocked

from esd.web import Limits, Response, text
from tests.web.wire import connected, echo, hello

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LIMITS = Limits()


async def drip(client, data, every=1.0):
    """One byte at a time, until the server has hung up."""
    for byte in data:
        if client.finished.is_set():
            return
        try:
            await client.say(bytes([byte]))
        except trio.BrokenResourceError:
            return
        await trio.sleep(every)


async def test_a_silent_client_is_dropped_without_a_word(autojump_clock):
    async with connected(hello) as client:
        assert await client.hear() == b""
        assert trio.current_time() == LIMITS.idle


async def test_a_client_silent_between_requests_is_dropped(autojump_clock):
    async with connected(hello) as client:
        await client.ask("GET", "/")
        await trio.sleep(LIMITS.idle - 1)
        await client.ask("GET", "/")
        began = trio.current_time()
        assert await client.hear() == b""
        assert trio.current_time() - began == LIMITS.idle


async def test_a_dripping_head_gets_408(autojump_clock):
    async with connected(hello) as client, trio.open_nursery() as nursery:
        nursery.start_soon(drip, client, HEAD)
        heard = await client.hear()
        assert heard.startswith(b"HTTP/1.1 408 ")
        assert trio.current_time() == LIMITS.head_time


async def test_a_head_in_time_is_served_however_slow(autojump_clock):
    async with connected(hello) as client:
        await client.say(HEAD[:-1])
        await trio.sleep(LIMITS.head_time - 0.1)
        await client.say(HEAD[-1:])
        assert (await client.reply_raw()).endswith(b"hello")


@pytest.mark.parametrize("chunk", [b"1\r\nx\r\n", b"x"], ids=["chunks", "length"])
async def test_a_dripping_body_ends_at_the_request_time(autojump_clock, chunk):
    size = b"Transfer-Encoding: chunked" if len(chunk) > 1 else b"Content-Length: 9999"
    async with connected(echo) as client, trio.open_nursery() as nursery:
        await client.say(b"POST / HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % size)
        nursery.start_soon(drip, client, chunk * 2000)
        heard = await client.hear()
        assert heard.startswith(b"HTTP/1.1 408 ")
        assert trio.current_time() == LIMITS.request_time
        nursery.cancel_scope.cancel()


async def test_ten_thousand_one_byte_chunks_do_not_hold_up_the_others():
    """A burst of events is bounded, so another task gets its turn in between."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    chunks = b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"
    async with connected(echo) as client, trio.open_nursery() as nursery:
        await client.say(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        )
        await wait_all_tasks_blocked()
        nursery.start_soon(count)
        await client.say(b"\r\n" + chunks)
        assert b"200 OK" in await client.stream.receive_some(65536)
        nursery.cancel_scope.cancel()
    assert turns >= 10_000 // 256


async def test_a_reader_that_takes_nothing_is_dropped(autojump_clock):
    async def handler(_request):
        return Response(status=200, body=bytes(10_000_000))

    async with connected(handler, pair=lockstep_stream_pair) as client:
        await client.say(HEAD)
        await client.finished.wait()
        assert trio.current_time() == LIMITS.write_time


async def test_a_slow_reader_is_served_to_the_end(autojump_clock):
    async def handler(_request):
        return Response(status=200, body=bytes(300_000))

    async with connected(handler, pair=lockstep_stream_pair) as client:
        await client.say(HEAD)
        heard = 0
        while heard < 300_000:
            heard += len(await client.stream.receive_some(60_000))
            await trio.sleep(LIMITS.write_time / 3)
        assert trio.current_time() > LIMITS.write_time


async def test_a_stream_may_be_silent_for_longer_than_any_patience(autojump_clock):
    async def pour():
        yield b"one"
        await trio.sleep(100 * LIMITS.write_time)
        yield b"two"

    async def handler(_request):
        return Response(status=200, body=pour())

    async with connected(handler) as client:
        assert (await client.ask("GET", "/")).body == b"onetwo"


async def test_a_handler_may_think_for_longer_than_any_patience(autojump_clock):
    async def handler(_request):
        await trio.sleep(100 * LIMITS.idle)
        return text(200, "thought")

    async with connected(handler) as client:
        assert (await client.ask("GET", "/")).body == b"thought"
        assert (await client.ask("GET", "/")).body == b"thought"


async def test_after_an_early_answer_a_pouring_client_is_heard_for_a_bounded_time(
    autojump_clock,
):
    async def handler(_request):
        return text(413, "too large")

    async with connected(handler) as client:
        await client.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n")
        heard = await client.hear()
        assert heard.endswith(b"too large")
        assert trio.current_time() == 0
        await client.finished.wait()
        assert trio.current_time() == 5


async def test_a_drain_wakes_an_idle_connection_at_once(autojump_clock):
    async with connected(hello) as client:
        await client.ask("GET", "/")
        await wait_all_tasks_blocked()
        client.drain.start()
        assert await client.hear() == b""
        assert trio.current_time() == 0


async def test_a_drain_lets_a_busy_connection_finish(autojump_clock):
    async def handler(_request):
        await trio.sleep(7)
        return text(200, "finished")

    async with connected(handler) as client, trio.open_nursery() as nursery:
        nursery.start_soon(client.say, HEAD)
        await trio.sleep(1)
        client.drain.start()
        heard = await client.hear()
        assert heard.endswith(b"finished")
        assert b"Connection: close" in heard
        assert trio.current_time() == 7


async def test_a_connection_that_comes_after_the_drain_is_closed(autojump_clock):
    async with connected(hello) as first:
        first.drain.start()
        async with connected(hello, drain=first.drain) as second:
            assert await second.hear() == b""
            assert trio.current_time() == 0


async def test_a_thousand_idle_connections_are_held_then_woken(autojump_clock):
    async def one(drain, closed):
        async with connected(hello, drain=drain) as client:
            await client.ask("GET", "/")
            await client.hear()
            closed.append(trio.current_time())

    async with connected(hello) as first, trio.open_nursery() as nursery:
        closed: list[float] = []
        for _ in range(1000):
            nursery.start_soon(partial(one, first.drain, closed))
        await wait_all_tasks_blocked()
        assert not closed
        first.drain.start()
    assert closed == [0.0] * 1000
