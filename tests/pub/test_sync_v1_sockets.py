"""Our own protocol over real sockets: our address is a name of ours, too."""

import json
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from esd.formats import encode
from esd.formats.wire_ids import wire_id
from esd.web import Drain, address_of, open_listeners, remote_of, serve_connection
from tests.pub.syncing import KEY, SALT, syncing
from tests.replica.signed import documents


@asynccontextmanager
async def listening(caller, text="127.0.0.1:0"):
    """The address of a pub that takes connections."""
    pub = caller.served.pub

    async def serve(stream):
        await serve_connection(
            stream,
            pub.handle,
            limits=caller.served.limits,
            drain=Drain(),
            remote=remote_of(stream),
            on_error=pub.refuse,
        )

    with open_listeners([text]) as listeners:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trio.serve_listeners, serve, listeners))
            yield address_of(listeners[0])
            nursery.cancel_scope.cancel()


async def spoken(address, request):
    """All of the answer to one request."""
    host, _, port = address.rpartition(":")
    stream = await trio.open_tcp_stream(host.strip("[]"), int(port))
    async with stream:
        await stream.send_all(request)
        return b"".join([piece async for piece in stream])


def hello(host):
    return (
        f"GET /earthstar-sync/v1/hello HTTP/1.1\r\nHost: {host}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path, names=()) as caller:
        yield caller


async def test_the_address_of_the_connection_is_ours(caller):
    async with listening(caller, "127.0.0.2:0") as address:
        _, _, port = address.rpartition(":")
        for host, status in (
            (address, 200),
            ("127.0.0.2", 421),
            (f"127.0.0.3:{port}", 421),
            (f"pub.example:{port}", 421),
            (f"localhost:{port}", 200),
        ):
            reply = await spoken(address, hello(host))
            assert reply.startswith(f"HTTP/1.1 {status} ".encode())


async def test_listening_everywhere_each_connection_has_its_own_address(caller):
    async with listening(caller, "0.0.0.0:0") as everywhere:
        _, _, port = everywhere.rpartition(":")
        dialled = f"127.0.0.4:{port}"
        for host, status in ((dialled, 200), (everywhere, 421)):
            reply = await spoken(dialled, hello(host))
            assert reply.startswith(f"HTTP/1.1 {status} ".encode())


async def test_ipv6(caller):
    async with listening(caller, "[::1]:0") as address:
        assert address.startswith("[::1]:")
        reply = await spoken(address, hello(address))
    assert reply.startswith(b"HTTP/1.1 200 ")


async def test_a_conversation(caller):
    body = b"\n".join(map(encode, documents(500)))
    async with listening(caller) as address:
        name = wire_id(KEY, SALT, address)
        head = (
            f"Host: {address}\r\nConnection: close\r\nEarthstar-Workspace: {name}\r\n"
        )
        pushed = await spoken(address, _post("documents", head, body))
        listed = await spoken(address, _post("hashes", head, b"{}"))
    assert json.loads(pushed.partition(b"\r\n\r\n")[2])["results"] == "a" * 500
    assert listed.count(b'"\n') == 500
    assert listed.endswith(b"0\r\n\r\n")


def _post(name, head, body):
    start = f"POST /earthstar-sync/v1/{name} HTTP/1.1\r\n"
    return f"{start}{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def test_a_body_that_breaks_off_keeps_what_came(caller):
    body = b"\n".join(map(encode, documents(30)))
    async with listening(caller) as address:
        name = wire_id(KEY, SALT, address)
        head = (
            f"Host: {address}\r\nConnection: close\r\nEarthstar-Workspace: {name}\r\n"
        )
        request = _post("documents", head, body + b"\n" + b"{" * 99)[:-90]
        host, _, port = address.rpartition(":")
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            await stream.send_all(request)
            await stream.send_eof()
            reply = b"".join([piece async for piece in stream])
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["results"].startswith("a" * 29)
    assert caller.replica.reader.totals().count == 30


async def test_a_malformed_head_is_answered(caller):
    async with listening(caller) as address:
        reply = await spoken(
            address, b"POST /earthstar-sync/v1/hashes HTTP/1.1\r\n\r\n"
        )
    assert reply.startswith(b"HTTP/1.1 400 ")
