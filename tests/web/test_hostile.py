"""What strangers send: every bound, and bytes that are no HTTP at all."""

import gzip
import random
import zlib

import pytest

from esd.web import Limits, text
from tests.web.wire import connected, echo, failing, hello

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


def status_of(heard: bytes) -> int:
    return int(heard.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (GET + b"Content-Length: -1\r\n\r\n", 400),
        (GET + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n", 400),
        (GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (GET + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (GET + b"Bad Name: x\r\n\r\n", 400),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (GET + b"X: " + b"x" * 17_000, 431),
        (GET + b"X: " + b"x" * 17_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    ],
    ids=[
        "TLS",
        "no request line",
        "no host",
        "NUL in the target",
        "two hosts",
        "two lengths",
        "negative length",
        "astronomic length",
        "length and chunks",
        "unknown transfer encoding",
        "blank in a name",
        "CONNECT",
        "long head, incomplete",
        "long head, complete",
        "long target",
    ],
)
async def test_a_bad_head_is_refused_and_the_connection_closed(sent, status, caplog):
    async with connected(hello) as client:
        await client.say(sent)
        await client.stream.send_eof()
        heard = await client.hear()
        await client.finished.wait()
    assert status_of(heard) == status
    assert b"Connection: close" in heard
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_long_head_in_one_pipelined_read_is_refused():
    """h11 alone takes it: its bound holds for incomplete heads only."""
    first = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    second = GET + b"X: " + b"x" * 40_000 + b"\r\n\r\n"
    async with connected(echo) as client:
        await client.say(first)
        await client.say(b"abc" + second)
        await client.stream.send_eof()
        heard = await client.hear()
    assert heard.count(b"HTTP/1.1 200 OK") == 1
    assert heard.count(b"HTTP/1.1 431 ") == 1


async def test_a_refused_head_of_a_head_has_no_body():
    async with connected(hello, limits=Limits(head=100)) as client:
        reply = await client.ask("HEAD", "/", X="x" * 100)
        assert (reply.status, reply.body) == (431, b"")


async def test_a_refused_head_is_worded_for_a_request_without_a_method():
    def worded(request, status, reason):
        assert (request.method, request.target) == ("", "")
        return text(status, f"{request.remote}: {reason}")

    async with connected(hello, on_error=worded) as client:
        await client.say(b"nonsense\r\n\r\n")
        await client.stream.send_eof()
        assert (await client.hear()).endswith(b"192.0.2.7: malformed HTTP")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_bound_is_refused(chunked):
    size = (
        b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n"
        if chunked
        else b"Content-Length: 1001\r\n\r\n"
    )
    async with connected(echo, limits=Limits(body=1000)) as client:
        await client.say(b"POST / HTTP/1.1\r\nHost: x\r\n" + size + b"x" * 1001)
        await client.stream.send_eof()
        heard = await client.hear()
    assert status_of(heard) == 413


async def test_a_body_in_crumbs_is_refused():
    """Each chunk costs us ten times what it costs its sender."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connected(echo) as client:
        await client.say(head + b"1\r\nx\r\n" * 120_000)
        await client.stream.send_eof()
        heard = await client.hear()
    assert status_of(heard) == 400


async def test_a_body_at_the_bound_is_taken():
    async with connected(echo, limits=Limits(body=1000)) as client:
        assert (await client.ask("POST", "/", b"x" * 1000)).status == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_refused_with_bounded_pieces(encoding):
    bomb = bytes(64 * 1024 * 1024)
    packed = gzip.compress(bomb) if encoding == "gzip" else zlib.compress(bomb)
    assert len(packed) < 70_000
    sizes = []

    async def handler(request):
        async for piece in request.body:
            sizes.append(len(piece))  # noqa: PERF401 - those before the error count
        return text(200, "swallowed")

    async with connected(handler, limits=Limits(body=10_000_000)) as client:
        reply = await client.ask("POST", "/", packed, Content_Encoding=encoding)
    assert reply.status == 413
    assert max(sizes) <= 64 * 1024
    assert sum(sizes) <= 10_000_000


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", gzip.compress(b"abc"), 200),
        ("GZip", gzip.compress(b"abc"), 200),
        ("deflate", zlib.compress(b"abc"), 200),
        ("identity", b"abc", 200),
        ("gzip", gzip.compress(b"abc")[:-3], 400),
        ("gzip", b"abc", 400),
        ("br", b"abc", 415),
        ("gzip, gzip", gzip.compress(gzip.compress(b"abc")), 415),
    ],
    ids=["gzip", "case", "deflate", "identity", "cut", "not gzip", "br", "twice"],
)
async def test_content_encodings(encoding, body, status):
    async with connected(echo) as client:
        reply = await client.ask("POST", "/", body, Content_Encoding=encoding)
    assert reply.status == status
    assert (b'"body":"abc"' in reply.body) == (status == 200)


async def test_a_body_cut_short_is_refused():
    async with connected(echo) as client:
        await client.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        await client.stream.send_eof()
        assert status_of(await client.hear()) == 400


async def test_a_bad_chunk_is_refused():
    chunks = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n"
    async with connected(echo) as client:
        await client.say(b"POST / HTTP/1.1\r\nHost: x\r\n" + chunks)
        await client.stream.send_eof()
        heard = await client.hear()
    assert status_of(heard) == 400
    assert heard.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("seed", range(40))
async def test_random_bytes_are_refused_without_an_error_of_ours(seed, caplog):
    dice = random.Random(seed)
    noise = dice.randbytes(dice.randrange(1, 3000))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connected(echo) as client:
        await client.say((head if seed % 2 else b"") + noise)
        await client.stream.send_eof()
        heard = await client.hear()
        await client.finished.wait()
    assert not heard or status_of(heard) in (400, 431, 501)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_an_exception_of_a_handler_is_one_clients_500(caplog):
    secret = "/+garden.ing/what"
    async with connected(failing(KeyError(secret))) as client:
        reply = await client.ask("GET", secret)
        assert (reply.status, reply.body) == (500, b"internal error")
        assert await client.hear() == b""
    assert "KeyError" in caplog.text
    assert "in handler" in caplog.text
    assert "garden" not in caplog.text


async def test_an_error_that_nobody_is_there_to_read_is_quiet(caplog):
    async with connected(hello) as client:
        await client.say(b"nonsense\r\n\r\n")
        await client.stream.aclose()
        await client.finished.wait()
    assert not [record for record in caplog.records if record.levelno > 20]
