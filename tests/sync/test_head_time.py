"""A peer that talks and does not answer."""

import httpx
import pytest
import trio

from esd.errors import PeerUnavailable
from esd.sync.client import Client
from esd.sync.head_time import HeadTime
from esd.sync.settings import RunLimits
from tests.sync.scripted import a_server, answer, says

LIMITS = RunLimits()
IMPATIENT = RunLimits(answer_idle=1.0)  # long enough for an answer that is due
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def flooding(stream):
    while True:
        await stream.send_all(CONTINUE * 1000)


async def silent(_stream):
    await trio.sleep_forever()


async def test_who_never_comes_to_its_answer_is_not_listened_to():
    async with a_server(flooding) as url, Client(url, IMPATIENT) as client:
        with trio.fail_after(20), pytest.raises(PeerUnavailable, match="though it"):
            await client.fetch("GET", "/")


async def test_it_counts_from_when_everything_was_sent(autojump_clock):
    head = HeadTime(30)
    with head.scope:
        await head.trace("http11.send_request_body.started", {})
        await trio.sleep(1_000)
        await head.trace("http11.receive_response_headers.started", {})
        await trio.sleep(1_000)
    assert trio.current_time() == pytest.approx(1_033)


class Taking(httpx.AsyncBaseTransport):
    """Takes a body twice, as where the first line broke; the sizes of its pieces."""

    async def handle_async_request(self, request):
        self.sizes = [[len(piece) async for piece in request.stream] for _ in range(2)]
        return httpx.Response(200, stream=httpx.ByteStream(b"[]"))


async def test_a_large_body_has_the_time_for_each_of_its_pieces():
    taking = Taking()
    async with Client("http://pub.example", transport=taking, limits=LIMITS) as client:
        await client.fetch("POST", "/", body=b"x" * 1_000_000)
    first, second = taking.sizes
    assert first == second
    assert sum(first) == 1_000_000
    assert max(first) <= 64 << 10


async def test_silence_is_called_silence():
    async with a_server(silent) as url:
        async with Client(url, IMPATIENT) as client:
            with pytest.raises(PeerUnavailable, match="no byte within answer_idle"):
                await client.fetch("GET", "/")


async def test_some_words_before_an_answer_do_no_harm():
    async with a_server(says(CONTINUE * 100 + answer(b"[1]"))) as url:
        async with Client(url, LIMITS) as client:
            assert (await client.fetch("GET", "/")).body == b"[1]"


async def test_afterwards_the_peer_can_be_asked_again():
    async with a_server(flooding, says(answer(b"[2]"))) as url:
        async with Client(url, IMPATIENT) as client:
            with pytest.raises(PeerUnavailable):
                await client.fetch("GET", "/")
            assert (await client.fetch("GET", "/")).body == b"[2]"
