"""Our own end of a connection, as a handler is told it."""

import socket

import trio

from esd.web import Request, json_response, local_of
from tests.web.wire import connected


async def told(request):
    return json_response(200, [request.local])


async def test_a_stream_in_memory_has_no_address():
    async with connected(told) as client:
        assert (await client.ask("GET", "/")).body == b'[""]'


async def test_a_unix_socket_has_none():
    ours, theirs = trio.socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert local_of(trio.SocketStream(ours)) == ""


async def test_what_was_dialled_is_the_address():
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    dialled = await trio.open_tcp_stream("127.0.0.1", port)
    accepted = await listeners[0].accept()
    async with dialled, accepted, listeners[0]:
        assert local_of(accepted) == f"127.0.0.1:{port}"
        await accepted.aclose()
        assert local_of(accepted) == ""


def test_a_request_of_a_test_has_none():
    assert Request(method="GET", target="/").local == ""
