"""Level 1 with a pub in memory: what moves, what it costs, what is remembered."""

import pytest
import trio

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.formats import encode
from esd.sync import Direction
from esd.sync.push import HOUR
from esd.sync.status import Standing
from tests.replicas import (
    FERN,
    MATT,
    NOW,
    SECOND,
    SUZY,
    a_document,
    a_replica,
    an_es3_document,
    documents,
)
from tests.sync.easy_side import LATER, Side
from tests.sync.pubs import PubWire, reply


@pytest.fixture
def wire():
    return PubWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


async def test_a_first_pull_takes_everything(side, wire):
    wire.put(documents(30))
    report = await side.sync()
    assert report.pulled.accepted == side.count == 30
    assert wire.seen == [("GET", 200)]


async def test_a_first_push_gives_everything(side, wire):
    await side.hold(*documents(30))
    report = await side.sync()
    assert (report.sent, report.taken, len(wire.documents)) == (30, 30, 30)


async def test_both_sides_end_with_the_newest_of_each(side, wire):
    await side.hold(a_document("/a", "old"), a_document("/b", "new", at=NOW + 1))
    wire.put([a_document("/a", "new", at=NOW + 1), a_document("/b", "old")])
    await side.sync()
    assert wire.list_bytes() == side.listing.whole(LATER)


async def test_nothing_new_is_one_small_request_right_after_a_pull(side, wire):
    wire.put(documents(30))
    await side.sync()
    report = await side.sync()
    assert (wire.seen, report.unchanged) == ([("GET", 304)], True)


async def test_nothing_new_is_one_small_request_right_after_our_own_push(side, wire):
    await side.hold(*documents(30))
    await side.sync()
    await side.sync()
    assert wire.seen == [("GET", 304)]


async def test_a_local_write_is_pushed_without_reading_the_list_again(side, wire):
    wire.put(documents(30))
    await side.sync()
    await side.hold(a_document("/mine"))
    report = await side.sync()
    assert wire.seen == [("GET", 304), ("POST", 200)]
    assert (report.sent, len(wire.documents)) == (1, 31)


async def test_a_pub_that_lost_everything_gets_it_again(side, wire):
    await side.hold(*documents(5))
    await side.sync()
    wire.documents.clear()
    await side.sync()
    assert len(wire.documents) == 5


async def test_a_pub_that_lost_the_workspace_gets_it_again(side, wire):
    await side.hold(*documents(5))
    await side.sync()
    wire.documents.clear()
    wire.exists = False
    report = await side.sync()
    assert (len(wire.documents), report.standing) == (5, Standing.LEVEL)


async def test_a_push_that_got_lost_is_made_again(side, wire):
    wire.put(documents(3))
    await side.sync()
    await side.hold(a_document("/mine"))
    await side.sync()
    del wire.documents["/mine", SUZY.address]  # its disk was not synced
    await side.sync()
    assert ("/mine", SUZY.address) in wire.documents


async def test_pull_only_pushes_nothing(side, wire):
    wire.put(documents(3))
    await side.hold(a_document("/mine"))
    await side.sync(Direction.PULL)
    assert (side.count, len(wire.documents)) == (4, 3)


async def test_push_only_takes_nothing(side, wire):
    wire.put(documents(3))
    await side.hold(a_document("/mine"))
    await side.sync(Direction.PUSH)
    assert (side.count, len(wire.documents)) == (1, 4)


async def test_what_was_remembered_for_one_direction_does_not_serve_another(side, wire):
    wire.put(documents(3))
    await side.hold(a_document("/mine"))
    await side.sync(Direction.PUSH)
    await side.sync(Direction.PUSH)
    await side.sync(Direction.BOTH)
    assert side.count == 4


async def test_a_list_remembered_of_one_url_does_not_serve_another(side, wire):
    wire.put(documents(3))
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    await side.sync()
    await side.sync()
    await side.sync(url="http://other.example")
    assert ("GET", 200) in wire.seen


async def test_every_authors_version_travels(side, wire):
    wire.put(
        [a_document("/a", by=one, at=NOW + n) for n, one in enumerate([SUZY, MATT])]
    )
    await side.hold(a_document("/a", by=FERN))
    await side.sync()
    assert (side.count, len(wire.documents)) == (3, 3)


async def test_one_invalid_document_costs_only_itself(side, wire):
    wire.put(documents(1000))
    bad = a_document("/bad")
    broken = wire.list_bytes()[:-1] + b"," + encode(bad).replace(b"hello", b"hallo")
    wire.answer = listing(broken + b"]")
    report = await side.sync()
    assert report.pulled.accepted == 1000
    assert dict(report.pulled.rejected) == {"content-hash": 1}


def listing(body, **headers):
    def answer(request):
        if request.method == "GET":
            return reply(200, body, {"ETag": '"x"', **headers})
        return reply(200, b'{"numIngested":1,"numIgnored":0,"numTotal":1}')

    return answer


async def test_a_document_from_the_future_comes_in_when_its_time_has_come(side, wire):
    wire.put([a_document("/soon", at=LATER + 3600 * SECOND)])
    first = await side.sync()
    assert (side.count, dict(first.pulled.rejected)) == (0, {"future": 1})
    side.now = LATER + 3600 * SECOND
    await side.sync()
    assert side.count == 1


async def test_a_document_hidden_by_an_ephemeral_one_comes_in_afterwards(side, wire):
    await side.hold(a_document("/!a", "brief", at=NOW + 2, until=LATER + SECOND))
    wire.put([a_document("/!a", "long", at=NOW, until=LATER + 9 * SECOND)])
    wire.refuses.add("/!a")  # so that ours does not replace it there
    await side.sync()
    side.now = LATER + 2 * SECOND
    await side.sync()
    assert b"long" in side.listing.whole(side.now)


async def test_a_lengthened_signature_is_cut_and_then_verified(side, wire):
    good = a_document("/a")
    long = encode(good).replace(good.signature.encode(), good.signature.encode() + b"a")
    wire.answer = listing(b"[" + long + b"]")
    report = await side.sync()
    assert (report.pulled.accepted, report.sent) == (1, 0)
    assert side.listing.whole(LATER) == b"[" + encode(good) + b"]"


async def test_a_refused_document_is_not_pushed_for_ever(side, wire):
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    wire.put(documents(3))
    await side.sync()  # pushed, not taken: a suspect
    await side.sync()  # its list does not show it: refused
    report = await side.sync()
    assert wire.seen == [("GET", 304)]
    assert report.sent == 0


async def test_a_refused_document_is_tried_again_a_day_later(side, wire):
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    wire.put(documents(3))
    for _ in range(3):
        await side.sync()
    wire.refuses.clear()
    side.now += 23 * HOUR
    await side.sync()
    assert wire.seen == [("GET", 304)]
    side.now += 2 * HOUR
    await side.sync()
    assert ("/mine", SUZY.address) in wire.documents


async def test_each_further_refusal_doubles_the_wait(side, wire):
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    wire.put(documents(3))
    pushes = []
    for day in range(40):
        await side.sync()
        if ("POST", 200) in wire.seen:
            pushes.append(day)
        side.now += 24 * HOUR + SECOND
    assert pushes == [0, 2, 5, 10, 19, 36]


async def test_writes_one_after_the_other_never_make_us_read_the_list(side, wire):
    wire.put(documents(30))
    await side.sync()
    for number in range(5):
        await side.hold(a_document(f"/mine/{number}"))
        await side.sync()
        assert wire.seen == [("GET", 304), ("POST", 200)]


async def test_a_pub_wiped_between_a_push_and_its_answer_is_no_refusal(side, wire):
    wire.put(documents(3))
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    await side.sync()
    wire.refuses.clear()
    wire.documents.clear()
    await side.sync()
    await side.sync()
    assert len(wire.documents) == 4


async def test_a_pub_that_refuses_all_we_write_is_not_read_whole_each_time(side, wire):
    wire.put(documents(3))
    await side.sync()
    lists = 0
    for number in range(10):
        wire.refuses.add(f"/mine/{number}")
        await side.hold(a_document(f"/mine/{number}"))
        await side.sync()
        lists += ("GET", 200) in wire.seen
    assert lists == 1, "once to learn what was refused, then not within the hour"


async def test_a_closed_pub_without_the_workspace_is_a_state(side, wire):
    wire.exists, wire.closed = False, True
    await side.hold(a_document("/mine"))
    report = await side.sync()
    assert report.standing is Standing.ABSENT


async def test_bodies_shrink_until_they_are_taken(side, wire):
    wire.limit = 100 << 10
    await side.hold(*documents(1000))
    await side.sync()
    assert len(wire.documents) == 1000
    await side.hold(*documents(500, prefix="/more"))
    await side.sync()
    assert ("POST", 413) not in wire.seen, "the limit was forgotten"


async def test_a_document_too_big_for_the_pub_stops_nothing(side, wire):
    wire.limit = 20 << 10
    big = a_document("/big", "x" * 50_000)
    await side.hold(big, *documents(100))
    report = await side.sync()
    assert (len(wire.documents), report.too_big) == (100, 1)


async def test_a_document_too_big_for_the_pub_is_not_in_the_way_later(side, wire):
    wire.limit = 20 << 10
    await side.hold(a_document("/big", "x" * 50_000), *documents(10))
    await side.sync()
    await side.sync()
    report = await side.sync()
    assert (wire.seen, report.too_big) == ([("GET", 304)], 0)


async def test_a_document_too_big_for_any_pub_is_never_sent(side, wire):
    await side.hold(a_document("/big", "\x01" * 3_000_000), *documents(10))
    report = await side.sync()
    assert (len(wire.documents), report.too_big) == (10, 1)
    assert ("POST", 413) not in wire.seen


async def test_a_push_is_compressed_on_its_way_through_the_internet(side, wire):
    await side.hold(*documents(100))
    report = await side.sync()
    assert report.taken == 100
    assert report.traffic.sent < len(wire.list_bytes()) / 2


async def test_a_pub_that_knows_no_gzip_gets_plain_bodies(side, wire):
    wire.takes_gzip = False
    await side.hold(*documents(100))
    report = await side.sync()
    assert report.taken == 100
    await side.hold(*documents(100, prefix="/more"))
    await side.sync()
    assert ("POST", 415) not in wire.seen


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><h1>Welcome to nginx!</h1>",
        b'{"documents": []}',
        b"[{}, {]",
        b"[NaN",
        b"",
        b"\xff\xfe",
        b'[{"format":"es.4"',
    ],
    ids=["html", "object", "broken", "nan", "empty", "utf-16", "cut short"],
)
async def test_a_list_that_is_none_is_the_peers_fault(body, side, wire):
    wire.answer = listing(body)
    with pytest.raises(PeerMisbehaved, match="list of documents"):
        await side.sync()


async def test_what_stood_before_a_fault_is_kept(side, wire):
    good = b",".join(encode(one) for one in documents(700))
    wire.answer = listing(b"[" + good + b",oops")
    with pytest.raises(PeerMisbehaved):
        await side.sync()
    assert side.count == 700


async def test_a_peer_with_a_thousand_invalid_documents_is_broken(side, wire):
    wire.answer = listing(b"[" + b",".join([b"{}"] * 5000) + b"]")
    with pytest.raises(PeerMisbehaved, match="invalid"):
        await side.sync()


@pytest.mark.parametrize("status", [500, 502, 503, 429, 401])
async def test_a_peer_in_trouble_is_unavailable(status, side, wire):
    wire.answer = lambda request: reply(status, headers={"Retry-After": "7"})
    with pytest.raises(PeerUnavailable, match=str(status)) as trouble:
        await side.sync()
    assert trouble.value.retry_after == 7


async def test_a_304_for_a_list_never_named_is_believed_only_as_far_as_it_goes(
    side, wire
):
    wire.answer = lambda request: reply(304)
    with pytest.raises(PeerMisbehaved, match="304"):
        await side.sync()


async def test_a_suspect_is_judged_within_the_hour_or_so(side, wire):
    wire.put(documents(3))
    await side.sync()
    wire.refuses |= {"/refused", "/unlucky"}
    await side.hold(a_document("/refused"))
    await side.sync()  # a suspect: a comparison is forced
    await side.sync()
    await side.hold(a_document("/unlucky"))
    await side.sync()  # another one: none is forced within the hour
    wire.refuses.clear()
    for _ in range(30):  # and the pub's list stays as it is
        side.now += HOUR
        await side.sync()
    assert len(wire.documents) == 5


async def test_suspects_that_arrived_after_all_are_none(side, wire):
    wire.put(documents(3))
    both = a_document("/both")
    await side.sync()
    await side.hold(both, a_document("/mine"))

    def meanwhile(request):
        if request.method == "POST":
            wire.put([both])  # it came there by another way
        return wire._answer(request, wire.bodies[-1])

    wire.answer = meanwhile
    await side.sync()
    assert side.replica.reader.peers.in_vain("pub")
    await side.sync()
    await side.sync()
    assert not side.replica.reader.peers.in_vain("pub")
    wire.documents.pop(("/both", SUZY.address))  # a backup is restored there
    await side.sync()
    await side.sync()
    assert ("/both", SUZY.address) in wire.documents


async def test_what_one_pub_refused_is_pushed_to_the_next(side, wire):
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    wire.put(documents(3))
    for _ in range(3):
        await side.sync()
    side.wire = PubWire(*documents(2))
    await side.sync(url="http://other.example")
    assert ("/mine", SUZY.address) in side.wire.documents


@pytest.mark.parametrize("loss", ["documents", "workspace"])
async def test_a_pub_that_lost_everything_gets_even_what_was_suspect(loss, side, wire):
    mine = documents(3)
    await side.hold(*mine)
    wire.refuses.add(mine[0].path)
    await side.sync()  # three sent, two taken: all are suspect
    wire.refuses.clear()
    wire.documents.clear()
    wire.exists = loss == "documents"
    await side.sync()
    await side.sync()
    assert len(wire.documents) == 3


@pytest.mark.parametrize(
    "etag", ["no quotes", '"\u00e9"', f'"{"x" * 5000}"', '"a", "b"']
)
async def test_a_tag_that_is_none_is_not_remembered(etag, side, wire):
    listed = wire.list_bytes()
    headers = {"ETag": etag.encode("latin-1")}
    wire.answer = lambda request: reply(200, listed, headers)
    for _ in range(3):
        await side.sync()
    assert side.replica.reader.peers.remembered("pub") is None


class Late:
    """Runs inline; what was done is heard of only when the gate opens."""

    def __init__(self):
        self.gate = trio.Event()
        self.late = False

    async def __call__(self, call, /):
        late = self.late and "put" in repr(call)
        result = call()
        if late:
            await self.gate.wait()
        return result


async def test_what_is_stored_but_not_told_yet_is_not_taken_for_level(tmp_path, wire):
    late = Late()
    with a_replica(tmp_path, run=late) as replica:
        side = Side(replica, wire)
        wire.put(documents(3))
        await side.hold(*documents(3))
        await side.listing.pub_etag(side.now)
        late.late = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(side.hold, a_document("/news"))
            await trio.testing.wait_all_tasks_blocked()
            assert side.count == 4
            nursery.start_soon(side.sync)
            await trio.testing.wait_all_tasks_blocked()
            late.gate.set()
        await side.sync()
        assert ("/news", SUZY.address) in wire.documents


async def test_a_list_of_three_formats_costs_only_what_we_do_not_know(side, wire):
    """es.3, es.4 and es.5 in one array, as no store of the time can hold them."""
    documents = [a_document("/four"), an_es3_document("/three")]
    es5 = b'{"format":"es.5","path":"/five","text":"hello","signature":"b"}'
    body = b"[" + b",".join([*map(encode, documents), es5]) + b"]"
    wire.answer = listing(body)
    report = await side.sync(Direction.PULL)
    assert report.pulled.accepted == 2
    assert report.pulled.rejected == {"format": 1}
    assert side.count == 2
