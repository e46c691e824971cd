"""The live stream: what is in it, and in which order."""

import json

import pytest
import trio
from trio.testing import lockstep_stream_pair

from esd.formats import Batch, encode
from esd.web import Gone, Limits
from tests.pub.serving import UNKNOWN
from tests.pub.streaming import KEEPALIVE, STREAM, Events, streaming
from tests.replica.signed import documents
from tests.replicas import MATT, NOW, SECOND, a_document

FIRST = b"\ndata: KEEPALIVE\nid: %b\n\n:\n\n"
BEAT = b":\n\ndata: KEEPALIVE\nid: %b\n\n"


@pytest.fixture
def live(tmp_path):
    with streaming(tmp_path) as live:
        yield live


def as_lines(sent):
    return [encode(document) for document in sent]


# What comes...


async def test_the_first_bytes_are_those_of_a_pub(live, autojump_clock):
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        assert events.status == 200
        assert events.headers["content-type"] == "text/event-stream"
        assert events.headers["cache-control"] == "no-cache"
        assert events.headers["transfer-encoding"] == "chunked"
        assert "etag" not in events.headers
        assert bytes(events.raw) == FIRST % live.event_id(0).encode()
        assert trio.current_time() == 0


async def test_a_quiet_line_says_keepalive_every_28_seconds(live, autojump_clock):
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        before = len(events.raw)
        assert [(await events.next()).data for _ in range(3)] == [KEEPALIVE] * 3
        assert trio.current_time() == 3 * 28
        assert events.raw[before:] == 3 * BEAT % (3 * (live.event_id(0).encode(),))


async def test_what_was_there_before_is_not_sent(live, autojump_clock):
    await live.ingest(a_document("/old"))
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        new = a_document("/new")
        await live.ingest(new)
        assert await events.documents(1) == as_lines([new])
        assert trio.current_time() == 0


async def test_what_arrives_before_the_first_byte_is_sent(live, autojump_clock):
    response = await live.ask()
    early = a_document("/early")
    await live.ingest(early)
    pieces = aiter(response.body)
    await anext(pieces)
    assert encode(early) in await anext(pieces)
    await response.body.aclose()


async def test_the_order_is_that_of_arrival(live, autojump_clock):
    sent = [a_document(path, by=MATT) for path in ("/c", "/a", "/b")]
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        for document in sent:
            await live.ingest(document)
        found = [await events.next() for _ in sent]
    assert [one.data.encode() for one in found] == as_lines(sent)
    assert [one.event_id for one in found] == [live.event_id(n) for n in (1, 2, 3)]


async def test_a_document_is_one_line_whatever_it_says(live, autojump_clock):
    tricky = a_document("/t", "a\nb\rc\r\nd\u2028e\u0085f\0g\ufeff\n\n")
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        await live.ingest(tricky)
        (line,) = await events.documents(1)
    assert line == encode(tricky)
    assert json.loads(line)["content"] == tricky.content


async def test_what_we_held_already_is_no_news(live, autojump_clock):
    document = a_document("/once")
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        await live.ingest(document)
        await events.documents(1)
        again = await live.replica.ingest(Batch([document]), origin="y", now=NOW)
        assert again.obsolete == 1
        assert (await events.next()).data == KEEPALIVE


async def test_what_expired_meanwhile_is_skipped(live, autojump_clock):
    async with live.pieces() as pieces:
        soon = a_document("/!soon", until=NOW + SECOND)
        later = a_document("/!later", until=NOW + 100 * SECOND)
        await live.ingest(soon, later)
        live.now += 2 * SECOND
        piece = await anext(pieces)
    assert encode(later) in piece
    assert encode(soon) not in piece


async def test_what_was_replaced_meanwhile_is_sent_once(live, autojump_clock):
    async with live.pieces() as pieces:
        await live.ingest(a_document("/a", "old"), a_document("/b"))
        await live.ingest(a_document("/a", "new", at=NOW + 1))
        piece = await anext(pieces)
    found = [line for line in piece.split(b"\n") if line.startswith(b"data: ")]
    assert [json.loads(line[6:])["path"] for line in found] == ["/b", "/a"]


async def test_what_is_stored_and_not_yet_rung_for_is_news(tmp_path, autojump_clock):
    """A list that is asked for in between still has the ETag of before."""
    committed, ring = trio.Event(), trio.Event()

    async def run(call):
        result = call()
        if live.replica.reader.last_index() > live.replica.last_index:
            committed.set()
            await ring.wait()
        return result

    with streaming(tmp_path, run=run) as live:
        document = a_document("/between")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.ingest, document)
            await committed.wait()
            async with live.pieces() as pieces:
                ring.set()
                assert encode(document) in await anext(pieces)


# Who comes back...


@pytest.fixture
async def five(live):
    await live.ingest(*documents(5))
    return live


OTHER_EPOCH = "00" * 16


def after(live, said):
    return said.replace("EPOCH", live.replica.epoch.hex())


@pytest.mark.parametrize(
    ("said", "first"),
    [("EPOCH.2", 2), ("EPOCH.4", 4), ("EPOCH.0", 0)],
)
async def test_who_comes_back_gets_what_arrived_since(
    five, said, first, autojump_clock
):
    headers = {"last_event_id": after(five, said)}
    async with five.pieces(**headers) as pieces:
        piece = await anext(pieces)
    for number, document in enumerate(documents(5)):
        assert (encode(document) in piece) == (number >= first)


async def test_who_missed_nothing_gets_nothing_twice(five, autojump_clock):
    async with five.connected() as client:
        events = Events(client.stream)
        await events.ask(last_event_id=five.event_id(5))
        assert (await events.next()).data == KEEPALIVE
        assert (await events.next()).data == KEEPALIVE
        assert trio.current_time() == 28


@pytest.mark.parametrize(
    "said",
    [
        f"{OTHER_EPOCH}.2",
        "EPOCH.6",
        "EPOCH.9999999999999999999",
        "EPOCH." + "9" * 5000,
        "EPOCH.-1",
        "EPOCH.+2",
        "EPOCH. 2",
        "EPOCH.2.0",
        "EPOCH.²",  # a digit to str.isdigit, and none to int
        "EPOCH.",
        "EPOCH",
        ".2",
        "2",
        "garbage",
    ],
)
async def test_whose_id_is_not_ours_gets_everything(five, said, autojump_clock):
    headers = {"last_event_id": after(five, said)}
    async with five.pieces(**headers) as pieces:
        piece = await anext(pieces)
    assert all(encode(document) in piece for document in documents(5))


async def test_who_drops_before_the_first_news_misses_nothing(five, autojump_clock):
    async with five.connected() as client:
        greeting = await (await Events(client.stream).ask()).next()
    missed = a_document("/missed")
    await five.ingest(missed)
    async with five.connected() as client:
        events = Events(client.stream)
        await events.ask(last_event_id=greeting.event_id)
        assert await events.documents(1) == as_lines([missed])


async def test_an_empty_id_is_none(five, autojump_clock):
    async with five.connected() as client:
        events = Events(client.stream)
        await events.ask(last_event_id="")
        assert [(await events.next()).data for _ in range(2)] == [KEEPALIVE] * 2


# Long documents...


LONG = a_document("/long", "x" * 1_000_000)


async def test_a_long_document_goes_in_slices(live, autojump_clock):
    before, behind = a_document("/before"), a_document("/behind")
    async with live.pieces() as pieces:
        await live.ingest(before, LONG, behind)
        taken = [await anext(pieces) for _ in range(20)]
    assert max(map(len, taken)) <= 64 << 10
    lines = b"".join(taken).split(b"\n")
    found = [line[6:] for line in lines if line.startswith(b"data: {")]
    assert found == as_lines([before, LONG, behind])


async def test_a_document_of_exactly_one_slice_is_whole(live, autojump_clock):
    slice_size = 64 << 10
    rest = len(encode(a_document("/exact", "")))
    exact = a_document("/exact", "x" * (slice_size - rest))
    assert len(encode(exact)) == slice_size
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        await live.ingest(exact)
        assert await events.documents(1) == as_lines([exact])


async def test_the_half_of_a_replaced_document_counts_for_nothing(live, autojump_clock):
    newer = a_document("/long", "newer", at=NOW + 1)
    async with live.connected(pair=lockstep_stream_pair) as client:
        events = await (await Events(client.stream).ask()).greeted()
        await live.ingest(LONG)
        while b'"content":"xxx' not in events.raw:
            await events.more()
        await live.ingest(newer)
        torn, found = await events.next(), await events.next()
    assert torn.name == "void"
    assert torn.event_id == live.event_id(0)
    assert (found.name, found.data.encode()) == ("message", encode(newer))


async def test_a_workspace_that_is_removed_meanwhile_cuts_the_line(
    live, autojump_clock
):
    async with live.pieces() as pieces:
        await live.ingest(LONG)
        await anext(pieces)
        await anext(pieces)
        await live.replicas.remove(live.replica, None, NOW)
        with pytest.raises(Gone):
            await anext(pieces)


# Ends, and refusals...


async def test_a_removed_workspace_ends_the_stream(live, autojump_clock):
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        await live.replicas.remove(live.replica, None, NOW)
        assert await events.rest() == []
        assert events.ended
    assert trio.current_time() <= 28
    assert live.taken == 0


async def test_a_workspace_that_came_back_is_another_one(live, autojump_clock):
    async with live.pieces() as pieces:
        address = live.replica.address
        await live.replicas.remove(live.replica, None, NOW)
        live.replicas.add(address)
        await live.ingest(a_document())
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)


async def test_a_stop_ends_the_stream_at_once(live, autojump_clock):
    async with live.connected() as client:
        events = await (await Events(client.stream).ask()).greeted()
        await trio.testing.wait_all_tasks_blocked()
        live.drain.start()
        assert await events.rest() == []
        assert events.ended
        assert trio.current_time() == 0
        await client.finished.wait()


async def test_a_stream_that_is_asked_for_after_the_stop_ends(live, autojump_clock):
    live.drain.start()
    body = (await live.ask()).body
    assert [piece async for piece in body] == []
    await body.aclose()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "target",
    [UNKNOWN.replace("documents", "stream"), "/earthstar-api/v1/nonsense/stream"],
)
async def test_an_unknown_workspace_is_not_found(live, method, target, autojump_clock):
    response = await live.ask(method, target)
    assert (response.status, response.body) == (404, b"Not Found")


async def test_a_head_is_only_a_head(live, autojump_clock):
    async with live.connected() as client:
        head = f"HEAD {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n"
        await client.say(head.encode())
        reply = await client.reply_raw()
        assert b"text/event-stream" in reply
        assert reply.endswith(b"\r\n\r\n")
        await client.say(head.encode())
        assert (await client.reply_raw()).startswith(b"HTTP/1.1 200 ")
        assert live.taken == 0


async def test_an_old_client_gets_the_same_without_chunks(live, autojump_clock):
    async with live.connected() as client:
        await client.say(f"GET {STREAM} HTTP/1.0\r\n\r\n".encode())
        reply = await client.reply_raw()
        assert b"Transfer-Encoding" not in reply
        assert reply.endswith(FIRST % live.event_id(0).encode())


async def test_one_stream_too_many_is_refused(tmp_path, autojump_clock):
    with streaming(tmp_path, seats=2) as live:
        async with live.pieces(), live.pieces():
            assert live.taken == 2
            refused = await live.ask()
            assert (refused.status, refused.body) == (503, b"[]")
            assert dict(refused.headers)["Retry-After"] == "60"
        assert live.taken == 0
        async with live.pieces():
            assert live.taken == 1


async def test_seats_are_shared_across_reloads(tmp_path, autojump_clock):
    with streaming(tmp_path, seats=1) as live:
        async with live.pieces():
            live.reload()
            assert (await live.ask()).status == 503


async def test_a_stream_may_be_quiet_for_longer_than_any_patience(live, autojump_clock):
    async with live.connected(limits=Limits(idle=1, write_time=1)) as client:
        events = await (await Events(client.stream).ask()).greeted()
        await trio.sleep(100)
        document = a_document()
        await live.ingest(document)
        assert await events.documents(1) == as_lines([document])
