"""Clients that leave, and answers that must arrive although we close."""

import http.client
import socket
from contextlib import asynccontextmanager

import pytest
import trio

from esd.errors import PeerMisbehaved
from esd.web import (
    Drain,
    Limits,
    Response,
    address_of,
    open_listeners,
    remote_of,
    serve_connection,
    text,
)
from tests.web.wire import connected, echo, hello

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 60.0  # seconds; only to end what hangs


class Pouring:
    """A handler that streams for ever, and tells when its iterator was closed."""

    def __init__(self) -> None:
        self.closed = trio.Event()

    async def __call__(self, _request):
        return Response(status=200, body=self.pour())

    async def pour(self):
        try:
            yield b"first"
            await trio.sleep_forever()
        finally:
            self.closed.set()


@asynccontextmanager
async def served(handler, **limits):
    """A real socket; gives host and port."""

    async def serve(stream):
        await serve_connection(
            stream,
            handler,
            limits=Limits(**limits),
            drain=Drain(),
            remote=remote_of(stream),
        )

    with open_listeners(["127.0.0.1:0"]) as listeners:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, serve, listeners)
            host, _, port = address_of(listeners[0]).partition(":")
            yield host, int(port)
            nursery.cancel_scope.cancel()


async def test_a_client_that_leaves_closes_the_iterator_at_once(autojump_clock):
    handler = Pouring()
    async with connected(handler) as client:
        await client.say(GET)
        assert b"first" in await client.reply_raw()
        await client.stream.aclose()
        with trio.fail_after(5):
            await handler.closed.wait()
        await client.finished.wait()
        assert trio.current_time() == 0


async def test_a_client_that_leaves_a_real_socket_closes_the_iterator():
    handler = Pouring()
    with trio.fail_after(PATIENCE):
        async with served(handler) as address:
            client = await trio.open_tcp_stream(*address)
            await client.send_all(GET)
            assert b"HTTP/1.1 200" in await client.receive_some(9999)
            await client.aclose()
            await handler.closed.wait()


async def test_a_cancelled_server_closes_the_iterator():
    handler = Pouring()
    async with connected(handler) as client:
        await client.say(GET)
        await client.reply_raw()
    assert handler.closed.is_set()


@pytest.mark.parametrize("exc", [ValueError("+secret"), PeerMisbehaved("bad")])
async def test_a_stream_that_fails_is_cut_off(exc, caplog):
    async def pour():
        yield b"half"
        raise exc

    async def handler(_request):
        return Response(status=200, body=pour())

    async with connected(handler) as client:
        await client.say(GET)
        heard = await client.hear()
        await client.finished.wait()
    assert heard.endswith(b"4\r\nhalf\r\n")
    assert ("ERROR" in caplog.text) == isinstance(exc, ValueError)
    assert "secret" not in caplog.text


async def test_a_client_that_resets_in_the_middle_leaves_the_server_up(caplog):
    async def handler(_request):
        return Response(status=200, body=bytes(20_000_000))

    async with served(handler) as address:
        for _ in range(5):
            client = await trio.open_tcp_stream(*address)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await client.send_all(GET)
            await client.receive_some(1000)
            client.socket.close()
        client = await trio.open_tcp_stream(*address)
        await client.send_all(GET)
        assert await client.receive_some(1000)
        await client.aclose()
    assert not [record for record in caplog.records if record.levelno > 20]


async def refuse(_request):
    return text(413, "too large")


def post_with_http_client(address, size):
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    connection.request("POST", "/", body=bytes(size))
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def post_with_raw_socket(address, size):
    """Send it all first, as a client does that reads no answer before."""
    with socket.create_connection(address, timeout=PATIENCE) as raw:
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n"
        raw.sendall(head.encode() + b"Connection: close\r\n\r\n" + bytes(size))
        heard = b""
        while data := raw.recv(65536):
            heard += data
    status, _, body = heard.partition(b"\r\n\r\n")
    return int(status.split()[1]), body


@pytest.mark.parametrize("post", [post_with_http_client, post_with_raw_socket])
@pytest.mark.parametrize("size", [100, 300_000, 20_000_000])
async def test_an_answer_is_read_while_the_body_still_comes(post, size):
    async with served(refuse) as address:
        for _ in range(8):
            answer = await trio.to_thread.run_sync(post, address, size)
            assert answer == (413, b"too large")


@pytest.mark.parametrize("post", [post_with_http_client, post_with_raw_socket])
async def test_a_body_that_grows_too_large_gets_its_413(post):
    async with served(echo, body=1_000_000) as address:
        for _ in range(8):
            status, _ = await trio.to_thread.run_sync(post, address, 20_000_000)
            assert status == 413


async def test_http_client_is_served_on_one_connection():
    def talk(address):
        connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
        for size in (0, 10, 500_000):
            connection.request("POST", "/a+b/%2B", body=b"x" * size)
            body = connection.getresponse().read()
            assert len(body) > size
            assert b'"path":["a+b","+"]' in body
        connection.close()

    async with served(echo) as address:
        await trio.to_thread.run_sync(talk, address)


async def test_hundreds_of_idle_sockets_are_held():
    async with served(hello) as address:
        held = []

        async def hold():
            stream = await trio.open_tcp_stream(*address)
            held.append(stream)
            await stream.send_all(GET)
            assert (await stream.receive_some(9999)).endswith(b"hello")

        async with trio.open_nursery() as nursery:
            for _ in range(400):  # two files each in this process, of often 1,024
                nursery.start_soon(hold)
        for stream in held:
            await stream.send_all(GET)
            assert (await stream.receive_some(9999)).endswith(b"hello")
            await stream.aclose()
