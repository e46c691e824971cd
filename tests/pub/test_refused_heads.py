"""Whoever is refused has asked: it costs as much as any other request."""

from functools import partial

import pytest
import trio

from esd.web import Request
from tests.pub.serving import DOCUMENTS, LOCAL, REMOTE, UNKNOWN
from tests.pub.syncing import HOST, PREFIX, syncing
from tests.web.wire import connected

UNREADABLE = {
    "malformed": (400, b"nonsense\r\n\r\n"),
    "two lengths": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
    ),
    "too large": (
        431,
        b"GET / HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (b"x" * 20_000),
    ),
    "connect": (501, b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"),
}


@pytest.fixture
def pub(tmp_path):
    """One request a second, three at once."""
    limits = {"requests_per_second": 1, "request_burst": 3}
    with syncing(tmp_path, limits=limits) as caller:
        yield caller


async def status_of(pub, head, remote):
    """The answer to one head on a connection of its own."""
    wiring = {"handler": pub.served.pub.handle, "on_error": pub.served.pub.refuse}
    limits = {"limits": pub.served.limits, "remote": remote}
    async with connected(**wiring, **limits) as client:
        await client.say(head)
        await client.stream.send_eof()
        heard = await client.hear()
    return int(heard.split()[1]), b"Retry-After: 1\r\n" in heard


@pytest.mark.parametrize(("status", "head"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_head_that_cannot_be_read_is_charged(status, head, pub, autojump_clock):
    for _ in range(3):
        assert await status_of(pub, head, REMOTE) == (status, False)
    assert await status_of(pub, head, REMOTE) == (429, True)
    assert (await pub.served.get(remote=REMOTE)).status == 429
    for _ in range(9):
        assert await status_of(pub, head, LOCAL) == (status, False)


def sync(**headers):
    return PREFIX + "query", {"host": HOST, **headers}


@pytest.mark.parametrize(
    ("status", "target", "headers"),
    [
        (404, UNKNOWN, {}),
        (404, "/nowhere", {}),
        (400, "/%zz", {}),
        (401, DOCUMENTS, {"authorization": "Bearer nobody"}),
        (404, *sync(earthstar_workspace="b" + "a" * 52)),
        (421, *sync(host="other.example")),
        (403, *sync(origin="https://evil.example")),
    ],
)
async def test_a_refusal_is_charged(status, target, headers, pub, autojump_clock):
    ask = partial(pub.served.get, target, remote=REMOTE, **headers)
    for _ in range(3):
        assert (await ask()).status == status
    assert trio.current_time() == 0
    unread = Request(method="", target="", remote=REMOTE)
    assert pub.served.pub.refuse(unread, 400, "malformed HTTP").status == 429
