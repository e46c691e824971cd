"""What HTTP/1.1 promises, over a memory stream."""

import json

import pytest
import trio

from esd.errors import PeerMisbehaved
from esd.web import Limits, Response, text
from tests.web.wire import connected, echo, failing, hello, ignore, streaming

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_request_reaches_the_handler():
    async with connected(echo) as client:
        reply = await client.ask("POST", "/a%20b/c?d=e", b"some bytes")
    assert json.loads(reply.body) == {
        "method": "POST",
        "path": ["a b", "c"],
        "remote": "192.0.2.7",
        "body": "some bytes",
    }


async def test_an_answer_says_its_length_and_date():
    async with connected(hello) as client:
        reply = await client.ask("GET", "/")
    assert reply.status == 200
    assert reply.body == b"hello"
    assert reply.headers["content-length"] == "5"
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["date"].endswith(" GMT")
    assert "server" not in reply.headers
    assert "connection" not in reply.headers


async def test_a_connection_serves_many_requests():
    async with connected(echo) as client:
        for number in range(5):
            reply = await client.ask("POST", f"/{number}", b"x" * number)
            assert json.loads(reply.body)["path"] == [str(number)]


async def test_pipelined_requests_are_answered_in_order():
    posts = b"".join(
        b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" % n
        for n in range(4)
    )
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with connected(echo) as client:
        await client.say(posts + last)
        heard = await client.hear()
    places = [heard.index(b'"path":["%b"]' % p) for p in (b"0", b"1", b"2", b"3")]
    assert places == sorted(places)
    assert heard.index(b'"path":["last"]') > places[-1]
    assert heard.count(b"HTTP/1.1 200 OK") == 5


async def test_pipelined_requests_survive_a_byte_at_a_time():
    async with connected(echo) as client:
        for byte in GET + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"):
            await client.say(bytes([byte]))
        assert (await client.hear()).count(b"HTTP/1.1 200 OK") == 2


async def test_a_request_sent_during_a_stream_is_served_after_it():
    async def handler(request):
        if request.path == ("stream",):
            return Response(status=200, body=pour())
        return text(200, "second")

    async def pour():
        yield b"first"
        await client.say(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await trio.testing.wait_all_tasks_blocked()
        yield b"first"

    async with connected(handler) as client:
        await client.say(GET.replace(b" / ", b" /stream "))
        heard = await client.hear()
    assert heard.index(b"0\r\n\r\n") < heard.index(b"second")


async def test_empty_lines_before_a_request_are_ignored():
    async with connected(hello) as client:
        await client.say(b"\r\n")
        await client.say(b"\r\n" + GET)
        assert (await client.reply_raw()).startswith(b"HTTP/1.1 200")


async def test_an_empty_line_after_a_body_is_ignored():
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\r\n"
    async with connected(echo) as client:
        await client.say(
            post + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        assert (await client.hear()).count(b"HTTP/1.1 200 OK") == 2


async def test_head_is_get_without_the_body():
    async with connected(hello) as client:
        reply = await client.ask("HEAD", "/")
        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["content-length"] == "5"
        assert (await client.ask("GET", "/")).body == b"hello"


async def test_head_of_a_stream_starts_no_stream():
    async with connected(streaming(b"never")) as client:
        await client.say(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        heard = await client.hear()
    assert heard.endswith(b"\r\n\r\n")
    assert b"never" not in heard


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_neither_body_nor_length(status):
    async def handler(_request):
        return Response(status=status, headers=(("ETag", '"x"'),), body=b"ignored")

    async with connected(handler) as client:
        reply = await client.ask("GET", "/")
        assert reply.status == status
        assert "content-length" not in reply.headers
        assert reply.headers["etag"] == '"x"'
        assert (await client.ask("GET", "/")).status == status


async def test_a_stream_is_chunked():
    async with connected(streaming(b"one", b"", b"two")) as client:
        reply = await client.ask("GET", "/")
        assert reply.body == b"onetwo"
        assert reply.headers["transfer-encoding"] == "chunked"
        assert "connection" not in reply.headers


async def test_a_stream_to_http_1_0_ends_with_the_connection():
    async with connected(streaming(b"one", b"two")) as client:
        await client.say(b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = (await client.hear()).partition(b"\r\n\r\n")
    assert body == b"onetwo"
    assert b"Connection: close" in head
    assert b"chunked" not in head


async def test_a_stream_may_declare_its_length():
    async def handler(request):
        response = await streaming(b"one", b"two")(request)
        return Response(
            status=200, headers=(("Content-Length", "6"),), body=response.body
        )

    async with connected(handler) as client:
        reply = await client.ask("GET", "/")
        assert reply.body == b"onetwo"
        assert reply.headers["content-length"] == "6"


@pytest.mark.parametrize("declared", ["5", "7"])
async def test_a_stream_of_another_length_than_declared_is_cut_off(declared, caplog):
    async def handler(request):
        response = await streaming(b"one", b"two")(request)
        return Response(
            status=200, headers=(("Content-Length", declared),), body=response.body
        )

    async with connected(handler) as client:
        await client.say(GET)
        _, _, body = (await client.hear()).partition(b"\r\n\r\n")
        await client.finished.wait()
    assert len(body) != int(declared)
    assert "ValueError" in caplog.text


async def test_http_1_0_is_answered_and_closed():
    async with connected(hello) as client:
        await client.say(b"GET / HTTP/1.0\r\n\r\n")
        heard = await client.hear()
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close\r\n" in heard
    assert heard.endswith(b"hello")


async def test_a_client_that_says_close_is_answered_and_closed():
    async with connected(hello) as client:
        reply = await client.ask("GET", "/", Connection="foo, Close")
        assert reply.headers["connection"] == "close"
        assert await client.hear() == b""


async def test_a_chunked_request_is_put_together():
    async with connected(echo) as client:
        await client.say(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: ignored\r\n\r\n"
        )
        assert b'"body":"abcdefg"' in await client.reply_raw()
        assert (await client.ask("GET", "/next")).status == 200


async def test_expect_is_answered_when_the_body_is_read():
    async with connected(echo) as client:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        await client.say(head + b"Content-Length: 3\r\n\r\n")
        assert await client.stream.receive_some(999) == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.say(b"a")
        await client.say(b"bc")
        assert b'"body":"abc"' in await client.reply_raw()


async def test_expect_is_not_answered_for_a_body_nobody_reads():
    async with connected(ignore) as client:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        await client.say(head + b"Content-Length: 3\r\n\r\n")
        heard = await client.reply_raw()
    assert heard.startswith(b"HTTP/1.1 403 ")
    assert b"Connection: close" in heard


async def test_expect_is_not_answered_for_a_body_that_says_it_is_too_large():
    async with connected(echo, limits=Limits(body=10)) as client:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        await client.say(head + b"Content-Length: 11\r\n\r\n")
        assert (await client.reply_raw()).startswith(b"HTTP/1.1 413 ")


async def test_a_small_body_nobody_reads_keeps_the_connection():
    async with connected(ignore) as client:
        for _ in range(3):
            reply = await client.ask("POST", "/", b"x" * 1000)
            assert (reply.status, reply.body) == (403, b"Forbidden")


async def test_a_body_still_on_its_way_closes_the_connection():
    async with connected(ignore) as client:
        await client.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        heard = await client.reply_raw()
        assert b"Connection: close" in heard
        await client.say(b"defghi")
        await client.stream.send_eof()
        await client.finished.wait()


async def test_a_large_answer_arrives_whole():
    body = bytes(range(256)) * 4096

    async def handler(_request):
        return Response(status=200, body=body)

    async with connected(handler) as client:
        assert (await client.ask("GET", "/")).body == body


async def test_a_half_closed_client_still_gets_its_answer():
    async with connected(hello) as client:
        await client.say(GET)
        await client.stream.send_eof()
        assert (await client.hear()).endswith(b"hello")


async def test_a_refusal_of_the_handler_is_worded_by_the_caller():
    def worded(request, status, reason):
        return text(status, f"{request.method}: {reason}")

    refusing = failing(PeerMisbehaved("not like this", status_hint=422))
    async with connected(refusing, on_error=worded) as client:
        reply = await client.ask("GET", "/")
        assert (reply.status, reply.body) == (422, b"GET: not like this")
        assert (await client.ask("GET", "/")).status == 422


async def test_a_bad_escape_is_refused_when_the_path_is_read():
    async with connected(echo) as client:
        assert (await client.ask("GET", "/%zz")).status == 400
        assert (await client.ask("GET", "/%c3%28")).status == 400
        assert (await client.ask("GET", "/%c3%a9")).status == 200


async def test_an_upgrade_is_ignored():
    async with connected(hello) as client:
        reply = await client.ask("GET", "/", Connection="Upgrade", Upgrade="websocket")
        assert reply.status == 200
        assert (await client.ask("GET", "/")).status == 200


@pytest.mark.parametrize(
    "response",
    [
        Response(status=200, headers=(("X", "a\r\nSet-Cookie: b"),)),
        Response(status=200, headers=(("X", "a\nb"),)),
        Response(status=200, headers=(("X", "a\0b"),)),
        Response(status=200, headers=(("X", "\u2028"),)),
        Response(status=999),
    ],
    ids=["crlf", "lf", "nul", "not latin-1", "no such status"],
)
async def test_what_cannot_be_a_head_is_a_bug_of_ours(response, caplog):
    async def handler(_request):
        return response

    async with connected(handler) as client:
        reply = await client.ask("GET", "/")
        assert reply.status == 500
        assert "set-cookie" not in reply.headers
    assert "a handler failed" in caplog.text
