"""The bodies of a push: how large they are, and that the next is ready in time."""

import httpx
import pytest
import trio.testing

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.sync.bodies import MOST_BODY, Bodies
from esd.sync.body_limit import DAY, LEAST_LIMIT, BodyLimit
from esd.sync.exchange import Answer
from esd.sync.missing import all_after
from tests.replicas import a_document, a_replica, documents
from tests.sync.easy_side import Side
from tests.sync.pubs import PubWire

TOOK = Answer(200, {}, b"")
OFFERED = 1 << 20


@pytest.fixture
def wire():
    wire = PubWire()
    wire.takes_gzip = False  # else its bodies say nothing of how large ours are
    return wire


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


async def test_bodies_are_no_larger_than_is_worth_it(side, wire):
    await side.hold(a_document("/first"))
    await side.sync()
    large = [a_document(f"/{n}", "x" * 300_000) for n in range(10)]
    await side.hold(*large)
    await side.sync()
    sizes = [len(body) for body in wire.bodies if body]
    assert len(wire.documents) == 11
    assert max(sizes) <= MOST_BODY < sum(sizes)


async def test_a_document_that_is_larger_goes_alone(side, wire):
    await side.hold(*[a_document(f"/{n}", "x" * 2 * MOST_BODY) for n in range(2)])
    report = await side.sync()
    assert (report.taken, report.too_big) == (2, 0)


@pytest.fixture
async def bodies(side):
    await side.hold(*documents(10))
    return Bodies(side.talk(), all_after(side.talk(), 0, 10), "es.4")


async def test_the_next_is_filled_while_the_peer_works(bodies):
    async def post():
        await trio.testing.wait_all_tasks_blocked()
        ready.append(bodies._ahead)
        return TOOK

    ready = []
    first = await bodies.at(0, 2_000)
    assert await bodies.beside(first.walked, 2_000, post) is TOOK
    assert await bodies.at(first.walked, 2_000) is ready[0]
    assert ready[0].hashes != first.hashes


async def test_one_filled_in_vain_is_dropped(bodies):
    async def post():
        return TOOK

    await bodies.beside(3, 2_000, post)
    smaller = await bodies.at(0, 1_000)
    assert (smaller.start, smaller.most) == (0, 1_000)


async def test_nothing_is_filled_after_the_last(bodies):
    async def post():
        return TOOK

    await bodies.beside(10, 2_000, post)
    assert (await bodies.at(10, 2_000)).walked == 0


async def test_a_line_that_breaks_meanwhile_is_a_line_that_breaks(side, wire):
    def broken(request):
        if request.method == "POST":
            raise httpx.ConnectError("no", request=request)

    wire.exists = False
    wire.answer = lambda request: broken(request) or httpx.Response(404)
    await side.hold(*documents(10))
    with pytest.raises(PeerUnavailable):
        await side.sync()


# How large they may be


async def learnt(side, *sizes, offered=OFFERED):
    """A limit after bodies of these sizes were too large."""
    limit = BodyLimit(side.talk(), "limit", offered)
    for size in sizes:
        await limit.refused(size)
    return BodyLimit(side.talk(), "limit", offered)


async def test_a_limit_is_kept(side):
    assert (await learnt(side, 1 << 20, 1 << 19)).most == 1 << 18


async def test_a_limit_may_be_twice_as_large_a_day_later(side):
    await learnt(side, 1 << 19)
    side.now += DAY
    limit = await learnt(side)
    assert limit.most == 1 << 19
    await limit.took(limit.most)
    assert (await learnt(side)).most == 1 << 19, "once a day"
    side.now += DAY
    assert (await learnt(side)).most == 1 << 20


async def test_a_limit_that_is_one_still_costs_one_body_a_day(side):
    known = (await learnt(side, 1 << 19)).most
    for _ in range(30):
        side.now += DAY
        limit = await learnt(side)
        await limit.refused(limit.most - 500)
        assert limit.most == known, "and shrinks no further"
        assert (await learnt(side)).most == known


async def test_small_bodies_say_nothing_of_larger_ones(side):
    known = (await learnt(side, 1 << 19)).most
    side.now += DAY
    await (await learnt(side)).took(known)
    assert (await learnt(side)).most == 2 * known, "still to be tried"


async def test_what_is_taken_though_it_is_larger_says_that_more_goes(side):
    known = (await learnt(side, 1 << 18)).most
    await (await learnt(side)).took(2 * known)
    assert (await learnt(side)).most == 2 * known


async def test_a_document_that_is_large_by_itself_keeps_no_limit_small(side):
    known = (await learnt(side, 1 << 18)).most
    for _ in range(10):
        side.now += DAY // 2
        await (await learnt(side)).took(known + 100)
    assert (await learnt(side)).most == 2 * (known + 100), "still to be tried"


async def test_a_peer_without_a_limit_is_not_written_down(side):
    await (await learnt(side)).took(3 * OFFERED)
    assert side.replica.reader.peers.fact("pub", "limit") is None


async def test_a_limit_learnt_under_another_offer_is_forgotten(side):
    await learnt(side, 1 << 19)
    assert (await learnt(side, offered=OFFERED // 2)).most == OFFERED // 2


async def test_no_limit_is_above_the_offer(side):
    await learnt(side, OFFERED)
    side.now += 10 * DAY
    limit = await learnt(side)
    await limit.took(limit.most)
    side.now += 10 * DAY
    assert (await learnt(side)).most == OFFERED


async def test_what_takes_nothing_at_all_is_broken(side):
    with pytest.raises(PeerMisbehaved):
        await learnt(side, LEAST_LIMIT)


async def test_a_pub_that_takes_more_again_gets_more_again(side, wire):
    wire.limit = 100 << 10
    await side.hold(*documents(1000))
    await side.sync()
    wire.limit = 10 << 20
    for day in range(5):
        side.now += DAY
        await side.hold(*documents(2000, prefix=f"/{day}"))
        await side.sync()
        assert ("POST", 413) not in wire.seen
    assert max(map(len, wire.bodies)) > 600_000
