"""One HTTP peer that does everything wrong; what we make of it."""

import gzip

import httpx
import pytest
import trio

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.sync.answers import PeerMoved, check_answer
from esd.sync.client import Client
from esd.sync.settings import RunLimits
from tests.sync.scripted import a_server, answer, read_head, says

LIMITS = RunLimits(list_body=1 << 20)
PATH = "/earthstar-api/v1/+canary.garden7q/documents"


async def fetch(url, limits=LIMITS, **more):
    """(status, body) of one GET."""
    async with Client(url, limits, **more) as client, client.ask("GET", PATH) as reply:
        body = b"".join([piece async for piece in reply])
    check_answer(reply.status, reply.headers)
    return reply.status, body


async def test_a_plain_answer_comes_whole():
    async with a_server(says(answer(b"[1]"))) as url:
        assert await fetch(url) == (200, b"[1]")


async def test_a_gzip_answer_is_inflated():
    body = gzip.compress(b"[1,2,3]")
    async with a_server(says(answer(body, "200 OK", "Content-Encoding: gzip"))) as url:
        assert await fetch(url) == (200, b"[1,2,3]")


async def test_a_gzip_bomb_ends_at_the_bound():
    bomb = gzip.compress(b" " * (64 << 20))
    assert len(bomb) < LIMITS.list_body
    async with a_server(says(answer(bomb, "200 OK", "Content-Encoding: gzip"))) as url:
        with pytest.raises(PeerMisbehaved, match="list_body"):
            await fetch(url)


async def test_gzip_that_is_none_is_the_peers_fault():
    async with a_server(says(answer(b"[]", "200 OK", "Content-Encoding: gzip"))) as url:
        with pytest.raises(PeerMisbehaved, match="gzip"):
            await fetch(url)


async def test_an_encoding_we_never_asked_for_is_the_peers_fault():
    async with a_server(says(answer(b"[]", "200 OK", "Content-Encoding: br"))) as url:
        with pytest.raises(PeerMisbehaved):
            await fetch(url)


async def endless(stream):
    await stream.send_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
    while True:
        await stream.send_all(b" " * 65536)


async def test_endless_bytes_end_at_the_bound():
    async with a_server(endless) as url:
        with pytest.raises(PeerMisbehaved, match="list_body"):
            await fetch(url)


async def test_half_a_body_is_a_broken_connection():
    half = answer(b"[1,2,3]")[:-3]
    async with a_server(says(half)) as url:
        with pytest.raises(PeerUnavailable, match="broke"):
            await fetch(url)


async def test_one_byte_at_a_time_is_only_slow():
    async def by_bytes(stream):
        for byte in answer(b"[1,2,3]"):
            await stream.send_all(bytes([byte]))

    async with a_server(by_bytes) as url:
        assert await fetch(url) == (200, b"[1,2,3]")


async def test_endless_crumbs_are_the_peers_fault_and_hold_up_nobody():
    """Ten thousand chunks of one byte come in one read."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with a_server(says(head + b"1\r\n \r\n" * 30_000)) as url:
        turns = 0

        async def count():
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            with pytest.raises(PeerMisbehaved, match="crumbs"):
                await fetch(url)
            nursery.cancel_scope.cancel()
        assert turns > 300


async def test_no_answer_at_all_is_a_broken_connection():
    async with a_server(says(b"")) as url:
        with pytest.raises(PeerUnavailable):
            await fetch(url)


async def test_garbage_is_a_broken_connection():
    async with a_server(says(b"\x16\x03\x01 this is not HTTP\r\n\r\n")) as url:
        with pytest.raises(PeerUnavailable):
            await fetch(url)


async def test_nobody_there_is_unavailable_in_the_systems_own_words():
    async with a_server(says(b"")) as url:
        pass
    with pytest.raises(PeerUnavailable, match="no connection"):
        await fetch(url)


async def test_a_kept_connection_that_had_just_gone_is_tried_once_more():
    async with a_server(says(answer(b"[1]")), says(answer(b"[2]"))) as url:
        async with Client(url, LIMITS) as client:
            for expected in (b"[1]", b"[2]"):
                async with client.ask("GET", PATH) as reply:
                    assert [piece async for piece in reply] == [expected]


async def test_a_post_is_tried_once_more_too():
    async def keep_then_drop(stream):
        await stream.send_all(answer(b"{}"))
        await read_head(stream)  # takes the second request, and closes

    async with a_server(keep_then_drop, says(answer(b"{}"))) as url:
        async with Client(url, LIMITS) as client:
            for _ in range(2):
                assert (await client.fetch("POST", PATH, {}, b"[]")).body == b"{}"


async def test_a_redirect_is_never_followed():
    async with a_server(says(answer(b"stolen"))) as elsewhere:
        location = f"Location: {elsewhere}{PATH}"
        async with a_server(says(answer(b"", "302 Found", location))) as url:
            with pytest.raises(PeerMoved) as moved:
                await fetch(url)
    assert moved.value.origin == elsewhere
    assert "garden7q" not in str(vars(moved.value))


async def test_an_answer_to_a_push_is_read_only_so_far():
    async with a_server(says(answer(b"x" * 1_000_000))) as url:
        async with Client(url, LIMITS) as client:
            reply = await client.fetch("POST", PATH, {}, b"[]")
    assert len(reply.body) == 64 << 10


async def test_a_reply_left_half_way_leaves_the_client_usable():
    big = answer(b"x" * 500_000)
    async with a_server(says(big), says(answer(b"[2]"))) as url:
        async with Client(url, LIMITS) as client:
            async with client.ask("GET", PATH) as reply:
                await anext(aiter(reply))
            async with client.ask("GET", PATH) as reply:
                assert [piece async for piece in reply] == [b"[2]"]


async def test_no_exception_says_the_address():
    scripts = [says(b""), says(b"junk\r\n\r\n"), says(answer(b"[1,2,3]")[:-3])]
    for script in scripts:
        async with a_server(script) as url:
            with pytest.raises(PeerUnavailable) as trouble:
                await fetch(url)
        assert "garden7q" not in repr(trouble.value)


async def test_what_goes_out_is_short():
    seen = []

    async def look(stream):
        await stream.send_all(answer(b"[]"))

    class Tap(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            seen.extend(name for name, _ in request.headers.raw)
            return httpx.Response(200, stream=httpx.ByteStream(b"[]"))

    await fetch("http://pub.example", transport=Tap())
    assert sorted(seen) == [b"Accept-Encoding", b"Host", b"User-Agent"]


class Drip(httpx.AsyncBaseTransport):
    """A pub that sends a byte now and then, for ever."""

    def __init__(self, every):
        self.every = every

    async def handle_async_request(self, request):
        return httpx.Response(200, stream=_Dripping(self.every))


class _Dripping(httpx.AsyncByteStream):
    def __init__(self, every):
        self.every = every

    async def __aiter__(self):
        while True:
            yield b" "
            await trio.sleep(self.every)


async def test_a_drip_is_read_as_long_as_the_caller_allows(autojump_clock):
    with trio.move_on_after(600) as scope:
        await fetch("http://pub.example", transport=Drip(every=20))
    assert scope.cancelled_caught
    assert trio.current_time() == pytest.approx(600)
