"""What a stream brings, and what becomes of one that misbehaves or ends."""

import json

import pytest
import trio
from msgspec.structs import replace as altered

from esd.formats import (
    ReplicationQuery,
    WorkspaceAddress,
    decode_base32,
    encode,
    encode_base32,
)
from esd.replica.large import LARGE, PATIENCE, Turn
from esd.sync import Direction
from esd.sync.live import MOST_INVALID
from tests.control.esds import HELLO, HelloWire
from tests.replicas import NOW, SECOND, a_document
from tests.sync.pubs import reply
from tests.sync.streamed import (
    BEAT,
    EVENTS,
    HEAD,
    StreamWire,
    beating,
    following,
    is_live,
)

ELSEWHERE = WorkspaceAddress.parse("+other.garden8r")
HOUR = 3_600.0


def event(document):
    return b"data: %b\n\n" % encode(document)


def held(house):
    """The signature of what is at each path."""
    page = house.replica.reader.page(house.now(), rows=1000, size=1 << 30)
    return {one["path"]: one["signature"] for one in map(json.loads, page.documents)}


async def settled(house):
    """Wait until nothing is under way, at this moment of the virtual clock."""
    await trio.testing.wait_all_tasks_blocked()
    await house.peers.wait_idle()


def tally(house):
    return state(house).tally


def state(house):
    return house.peers["pub"].streams[house.replica]


async def rejected(house, wire, *pieces):
    """What becomes of *pieces* on a stream that is live."""
    await is_live(house)
    for piece in pieces:
        wire.line.say(piece)
    await settled(house)
    return dict(tally(house).rejected)


# What it brings


async def test_what_comes_is_taken_in_and_no_news_for_its_sender(
    tmp_path, autojump_clock
):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        await is_live(house)
        before = house.peers.runs.last
        wire.line.say(event(a_document("/a")) + BEAT + event(a_document("/b")))
        await settled(house)
        assert set(held(house)) == {"/a", "/b"}
        assert tally(house).accepted == 2
        assert house.peers.runs.last == before


async def test_nothing_falls_between_the_run_and_the_stream(tmp_path, autojump_clock):
    """It came after the last run had asked, and before the stream was there."""
    wire = StreamWire()
    wire.greets = False
    async with following(tmp_path, wire) as house:
        wire.put([a_document("/between")])
        await trio.sleep(5)
        assert set(held(house)) == set()
        wire.line.say(HEAD)
        await is_live(house)
        assert set(held(house)) == {"/between"}


async def test_a_document_in_single_bytes(tmp_path, autojump_clock):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        said = event(a_document("/a", "ü\u2028" * 50))
        pieces = [said[place : place + 1] for place in range(len(said))]
        assert await rejected(house, wire, *pieces) == {}
        assert set(held(house)) == {"/a"}


async def test_a_flood_becomes_few_batches(tmp_path, autojump_clock):
    """A reader that is slow reads nothing meanwhile, and then much at once."""
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        await is_live(house)
        said = b"".join(event(a_document(f"/{n}", at=NOW + n)) for n in range(500))
        rings = house.replica.bell.count
        for start in range(0, len(said), 1 << 16):
            wire.line.say(said[start : start + (1 << 16)])
        await settled(house)
        assert len(held(house)) == 500
        assert house.replica.bell.count - rings <= len(said) // (1 << 16) + 1


async def test_a_signature_that_someone_lengthened_is_cut(tmp_path, autojump_clock):
    wire = StreamWire()
    document = a_document("/a")
    longer = encode_base32(decode_base32(document.signature) + b"more")
    async with following(tmp_path, wire) as house:
        said = event(altered(document, signature=longer))
        assert await rejected(house, wire, said) == {}
        assert held(house) == {"/a": document.signature}


async def test_what_is_not_wanted_is_left_out(tmp_path, autojump_clock):
    wire = StreamWire()
    wanted = (ReplicationQuery(path_prefix="/wiki/"),)
    async with following(tmp_path, wire, incoming=wanted) as house:
        said = event(a_document("/wiki/a")) + event(a_document("/b"))
        assert await rejected(house, wire, said) == {"query": 1}
        assert set(held(house)) == {"/wiki/a"}


# What is wrong in it


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"data: hello\n\n", "malformed"),
        (b"data: []\n\n", "malformed"),
        (b"data\n\n", "malformed"),
        (b"data: \xff\xfe\n\n", "malformed"),
        (b"data: " + b"[" * 5000 + b"\n\n", "malformed"),
        (b"data: " + b"9" * 5000 + b"\n\n", "malformed"),
        (event(a_document("/a", to=ELSEWHERE)), "workspace"),
        (event(altered(a_document("/a"), content="other")), "content-hash"),
        (event(altered(a_document("/a"), path="/b")), "signature"),
        (event(a_document("/a", at=NOW + 10**6 * SECOND)), "future"),
        (b'data: {"format":"es.9"}\n\n', "format"),
    ],
)
async def test_an_event_that_is_no_valid_document_is_counted_by_its_reason(
    tmp_path, autojump_clock, caplog, said, reason
):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        counted = await rejected(house, wire, said, event(a_document("/good")))
        assert counted == {reason: 1}
        assert set(held(house)) == {"/good"}
        assert state(house).is_live
    assert "garden" not in caplog.text


async def test_too_much_garbage_ends_the_stream(tmp_path, autojump_clock):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        await rejected(house, wire, *([b"data: x\n\n" * 100] * (MOST_INVALID // 100)))
        assert state(house).is_live
        wire.line.say(b"data: x\n\n")
        await trio.testing.wait_all_tasks_blocked()
        assert not state(house).is_live
        assert state(house).reason == "more than 1000 of its documents are invalid"
        assert wire.line.closed_at == trio.current_time()
        await is_live(house)  # it gets another chance...
        assert 0.5 <= wire.gaps[-1] <= 10
        assert tally(house).rejected["malformed"] == MOST_INVALID + 1


async def test_one_that_goes_on_so_gets_ever_rarer_chances(tmp_path, autojump_clock):
    wire = StreamWire()
    garbage = b"data: x\n\n" * (MOST_INVALID + 1)
    wire.stream_answer = lambda _: reply(200, garbage, EVENTS)
    async with following(tmp_path, wire):
        await trio.sleep(HOUR)
    assert 12 <= len(wire.asked) <= 40


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"data\n" * 1001, "an event of its stream has too many lines"),
        (b"data: " + b"x" * (1 << 16), "an event of its stream is too long"),
        (b"x" * (1 << 16), "an event of its stream is too long"),
    ],
)
async def test_an_endless_event_ends_the_stream(tmp_path, autojump_clock, said, reason):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        await is_live(house)
        while state(house).is_live:
            wire.line.say(said)
            await trio.testing.wait_all_tasks_blocked()
        assert state(house).reason == reason
        assert wire.line.closed_at == trio.current_time()


async def test_where_large_documents_wait_for_their_turn_nothing_more_is_read(
    tmp_path, autojump_clock
):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        turns = house.replica.turns
        others = [Turn(turns), Turn(turns)]
        for turn in others:
            await turn.take()
        wire.line.say(b"data: " + b"x" * LARGE)
        for _ in range(10):
            wire.line.say(b"x" * LARGE)
        await trio.testing.wait_all_tasks_blocked()
        assert wire.line.waiting == 10
        await trio.sleep(PATIENCE + 0.1)
        assert wire.line.closed_at is not None
        for turn in others:
            turn.give_back()
        await is_live(house)
        wire.line.say(b"data: " + b"x" * LARGE)
        wire.line.say(b"\n\n" + event(a_document("/a")))
        await settled(house)
        assert set(held(house)) == {"/a"}
        assert turns.free == 2, "a turn was not given back"


# What is no stream


PAGE = {"Content-Type": "text/html"}
HTML = b"<html>welcome</html>"


@pytest.mark.parametrize(
    ("answer", "reason", "hint"),
    [
        ((200, HTML, PAGE), "its stream is no stream of events", "earthstar-pub"),
        ((200, b"[]", {}), "its stream is no stream of events", "earthstar-pub"),
        ((204, b"", EVENTS), "its stream is no stream of events", "earthstar-pub"),
        ((401, HTML, PAGE), "it answered 401", "login"),
        ((403, HTML, PAGE), "it answered 403", "proxy"),
        ((500, HTML, PAGE), "it answered 500", "log"),
        ((502, HTML, PAGE), "it answered 502", "proxy"),
        ((200, b"", EVENTS), "its stream has ended", ""),
        (
            (302, b"", {"Location": "https://new.example/+canary.garden7q"}),
            "it redirects to another place",
            "set the peer's url to https://new.example",
        ),
    ],
)
async def test_what_is_no_stream_is_told_and_tried_again_ever_more_rarely(
    tmp_path, autojump_clock, caplog, answer, reason, hint
):
    wire = StreamWire()
    wire.stream_answer = lambda _: reply(*answer)
    async with following(tmp_path, wire) as house:
        await trio.testing.wait_all_tasks_blocked()
        assert not state(house).is_live
        assert state(house).reason == reason
        assert hint in state(house).hint
        assert "garden7q" not in state(house).hint
        await trio.sleep(HOUR)
        wire.stream_answer = None
        before = wire.gaps
        await is_live(house)
    assert max(before[:4]) < min(before[-4:]) <= max(before) <= 300
    assert len(set(before)) == len(before) > 12, "no jitter"
    assert "garden7q" not in caplog.text


async def test_a_peer_with_no_seat_left_says_when_to_come_again(
    tmp_path, autojump_clock
):
    wire = StreamWire()
    wire.stream_answer = lambda _: reply(503, b"", {"Retry-After": "900"})
    async with following(tmp_path, wire):
        await trio.sleep(HOUR)
    assert all(gap >= 900 for gap in wire.gaps)
    assert len(set(wire.gaps)) == len(wire.gaps) in (3, 4)


async def test_a_bug_ends_one_stream_and_not_the_daemon(
    tmp_path, autojump_clock, caplog
):
    wire = StreamWire()

    def explode(request):
        raise ZeroDivisionError

    wire.stream_answer = explode
    async with following(tmp_path, wire) as house:
        await trio.testing.wait_all_tasks_blocked()
        assert "bug" in state(house).reason
        wire.stream_answer = None
        await is_live(house)
    assert "ZeroDivisionError" in caplog.text
    assert "garden7q" not in caplog.text


# Who has none


async def test_a_pub_without_streams_is_asked_again_after_an_hour(
    tmp_path, autojump_clock
):
    wire = StreamWire()
    wire.stream_answer = lambda _: reply(404, HTML, PAGE)
    async with following(tmp_path, wire) as house:
        await trio.sleep(10 * HOUR)
        assert state(house).reason == "it has no stream of the workspace"
        assert "5.5" in state(house).hint
    # The first time, an empty push lay between the first two.
    assert wire.gaps[0] < 1
    assert all(0.9 * HOUR <= gap <= 1.1 * HOUR for gap in wire.gaps[1:])
    assert len(set(wire.gaps)) > 5
    assert wire.bodies.count(b"[]") == 1


async def test_a_pub_that_does_not_hold_it_yet_is_asked_to_once(
    tmp_path, autojump_clock
):
    wire = StreamWire(exists=False)
    async with following(tmp_path, wire) as house:
        await is_live(house)
        assert wire.bodies.count(b"[]") == 1
        wire.line.say(event(a_document("/a")))
        await settled(house)
        assert set(held(house)) == {"/a"}


@pytest.mark.parametrize("mood", ["closed", "readonly"])
async def test_a_pub_that_takes_no_new_ones_is_told_of(tmp_path, autojump_clock, mood):
    wire = StreamWire(exists=False)
    setattr(wire, mood, True)
    async with following(tmp_path, wire) as house:
        await trio.sleep(5 * HOUR)
        assert not wire.exists
        assert wire.bodies.count(b"[]") == 1
        reason = "it has no stream of the workspace"
        assert state(house).reason == reason
        wire.exists = True
        await is_live(house, every=10)


async def test_a_pub_that_we_only_pull_from_is_not_pushed_to(tmp_path, autojump_clock):
    wire = StreamWire(exists=False)
    async with following(tmp_path, wire, direction=Direction.PULL) as house:
        await trio.sleep(5 * HOUR)
        assert b"[]" not in wire.bodies
        assert {method for method, _ in wire.seen} == {"GET"}
        assert not state(house).is_live


# Whom we speak to


async def test_a_peer_that_spoke_ours_is_never_followed_as_a_plain_pub(
    tmp_path, autojump_clock
):
    """Whoever can cut our requests could make us show the address."""
    wire = HelloWire(reply(200, json.dumps(HELLO).encode()), reply(404, HTML))
    async with following(tmp_path, wire) as house:
        await trio.sleep(10 * HOUR)
        await house.peers.sync("pub")
    assert len(wire.asked) >= 3
    assert not any("earthstar-api" in url for url in wire.asked)
    assert b"garden7q" not in wire.sent


async def test_no_stream_is_opened_before_a_run_went_well(tmp_path, autojump_clock):
    wire = StreamWire()
    wire.answer = lambda _: reply(503)
    async with following(tmp_path, wire) as house:
        await trio.sleep(HOUR)
        assert wire.asked == []
        wire.answer = None
        await house.peers.sync("pub")
        await is_live(house)
        assert len(wire.asked) == 1
