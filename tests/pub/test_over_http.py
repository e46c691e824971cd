"""The same pub behind real HTTP, on a stream in memory."""

import gzip
import json
import logging

from esd.web import Limits
from tests.pub.serving import DOCUMENTS, LOCAL, SECRET, UNKNOWN, as_body, serving
from tests.replica.signed import documents
from tests.replicas import NOW, a_document
from tests.web.wire import connected, failing


def behind_http(pub, **more):
    wiring = {"handler": pub.pub.handle, "on_error": pub.pub.refuse, "remote": LOCAL}
    return connected(**{"limits": pub.limits, **wiring, **more})


async def test_a_whole_conversation_on_one_connection(pub):
    sent = documents(1001)
    async with behind_http(pub) as client:
        unknown = await client.ask("GET", UNKNOWN)
        pushed = await client.ask("POST", DOCUMENTS, as_body(sent))
        listed = await client.ask("GET", DOCUMENTS)
        etag = listed.headers["etag"]
        again = await client.ask("GET", DOCUMENTS, If_None_Match=etag)
        packed = gzip.compress(as_body([a_document(at=NOW + 1)]))
        more = await client.ask("POST", DOCUMENTS, packed, Content_Encoding="gzip")
    assert (unknown.status, unknown.body) == (404, b"Not Found")
    assert json.loads(pushed.body)["numIngested"] == 1001
    assert (listed.status, listed.body) == (200, as_body(sent))
    assert (again.status, again.body) == (304, b"")
    assert json.loads(more.body) == {"numIngested": 1, "numIgnored": 0, "numTotal": 1}
    for reply in (unknown, pushed, listed, again, more):
        assert SECRET not in repr(reply.headers)
        assert reply.headers["access-control-allow-origin"] == "*"


async def test_a_short_list_says_its_length(pub):
    async with behind_http(pub) as client:
        await client.ask("POST", DOCUMENTS, as_body(documents(3)))
        reply = await client.ask("GET", DOCUMENTS)
    assert int(reply.headers["content-length"]) == len(reply.body)


async def test_a_body_over_the_bound_is_answered_before_it_is_there(tmp_path):
    with serving(tmp_path, body=1000) as pub:
        async with behind_http(pub) as client:
            await client.say(
                f"POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\n"
                "Content-Length: 99999999\r\n\r\n[".encode()
            )
            reply = await client.reply_raw()
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in head
    assert list(json.loads(body)) == ["numIngested", "numIgnored", "numTotal"]


async def test_a_body_that_is_cut_short_keeps_what_came(pub):
    body = as_body(documents(30))
    async with behind_http(pub) as client:
        await client.say(
            f"POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: {len(body) + 5}\r\n\r\n".encode()
        )
        await client.say(body)
        await client.stream.send_eof()
        reply = await client.hear()
    head, _, answer = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer)["numIngested"] == pub.count > 28


async def test_a_malformed_head_is_refused_without_a_word_about_it(pub, caplog):
    async with behind_http(pub) as client:
        await client.say(f"GET {DOCUMENTS} HTTP/1.1\r\nbad header\r\n\r\n".encode())
        reply = await client.hear()
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert SECRET.encode() not in reply
    assert "answered" in caplog.text


async def test_a_bug_of_ours_is_an_answer_that_the_syncer_survives(pub, caplog):
    trouble = failing(RuntimeError(f"about {DOCUMENTS}"))
    async with behind_http(pub, handler=trouble) as client:
        got = await client.ask("GET", DOCUMENTS)
    async with behind_http(pub, handler=trouble) as client:
        posted = await client.ask("POST", DOCUMENTS, b"[]")
    assert (got.status, got.body) == (500, b"[]")
    assert (posted.status, json.loads(posted.body)["numTotal"]) == (500, 0)
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert len(errors) == 2


async def test_a_slow_head_is_refused(pub, autojump_clock):
    async with behind_http(pub, limits=Limits(head_time=5)) as client:
        await client.say(f"GET {DOCUMENTS} HT".encode())
        reply = await client.hear()
    assert reply.startswith(b"HTTP/1.1 408 ")


async def test_a_head_asks_for_no_body(pub):
    async with behind_http(pub) as client:
        await client.say(f"HEAD {DOCUMENTS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        reply = await client.reply_raw()
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b"\r\n\r\n")
