"""What moves to and from an earthstar-graphql under its filters and our queries."""

import pytest

from esd.sync import Direction
from esd.sync.status import Standing
from tests.replicas import FERN, MATT, NOW, a_document, a_replica, documents
from tests.sync.graphql_side import NOTHING_NEW, Side, halves_of
from tests.sync.graphqls import GraphqlWire


@pytest.fixture
def wire():
    return GraphqlWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


async def test_only_what_its_filters_want_is_pushed(side, wire):
    wire.wants = (["/wiki/"], [FERN.address])
    await side.hold(
        a_document("/wiki/a"), a_document("/b", by=FERN), a_document("/c", by=MATT)
    )
    report = await side.sync()
    assert set(wire.heads()) == {"/wiki/a", "/b"}
    assert (report.to_push, report.standing) == (2, Standing.LEVEL)


@pytest.mark.parametrize("wants", [([], []), ([], None), (None, [])])
async def test_a_server_that_wants_nothing_gets_nothing(wants, side, wire):
    wire.wants = wants
    wire.put([a_document("/theirs")])
    await side.hold(a_document("/mine"))
    for _ in range(3):
        report = await side.sync()
        assert (report.sent, report.standing) == (0, Standing.READ_ONLY)
    assert (wire.seen, side.count) == (NOTHING_NEW, 2)


async def test_a_server_that_wants_more_than_before_gets_it(side, wire):
    wire.wants = (["/wiki/"], None)
    await side.hold(a_document("/wiki/a"), a_document("/b"))
    await side.sync()
    await side.sync()
    wire.wants = (None, None)
    await side.sync()
    assert set(wire.heads()) == {"/wiki/a", "/b"}


async def test_our_incoming_query_is_its_filter(side, wire):
    wire.put(documents(3, prefix="/wiki") + documents(500, prefix="/other"))
    halves = halves_of([{"pathPrefix": "/wiki/"}])
    report = await side.sync(halves=halves)
    assert (report.pulled.accepted, side.count) == (3, 3)
    assert wire.received < 2_000


async def test_an_author_is_a_filter_where_we_only_pull(side, wire):
    wire.put([*documents(3, by=FERN), *documents(500, prefix="/other")])
    halves = halves_of([{"versionsByAuthor": FERN.address}])
    await side.sync(Direction.PULL, halves=halves)
    assert side.count == 3
    assert wire.received < 2_000


async def test_an_author_whose_head_was_overtaken_is_not_pushed_for_ever(side, wire):
    halves = halves_of([{}], [{"versionsByAuthor": FERN.address}])
    await side.hold(a_document("/a", by=FERN))
    wire.put([a_document("/a", by=MATT, at=NOW + 1)])
    report = await side.sync(halves=halves)
    assert report.to_push == 0


async def test_what_a_filter_lets_through_and_we_do_not_want_stays_there(side, wire):
    wire.put([a_document("/wiki/a", by=FERN), a_document("/wiki/b", by=MATT)])
    halves = halves_of([{"pathPrefix": "/wiki/", "versionsByAuthor": FERN.address}])
    report = await side.sync(halves=halves)
    assert (report.to_pull, side.paths()) == (1, {"/wiki/a"})


async def test_only_what_our_outgoing_query_lets_out_is_pushed(side, wire):
    halves = halves_of([], [{"pathPrefix": "/open/"}], [{"path": "/open/no"}])
    await side.hold(*map(a_document, ("/open/a", "/open/no", "/mine")))
    await side.sync(halves=halves)
    assert set(wire.heads()) == {"/open/a"}


async def test_many_queries_are_still_a_question_of_a_size_that_servers_take(
    side, wire
):
    wire.put([a_document("/wiki/a"), a_document("/other")])
    queries = [{"pathPrefix": f"/{'x' * 500}/{number}"} for number in range(40)]
    await side.sync(halves=halves_of([*queries, {"path": "/wiki/a"}]))
    assert side.paths() == {"/wiki/a"}


async def test_the_newest_that_we_may_give_is_given(side, wire):
    refuse = [{"versionsByAuthor": MATT.address}]
    await side.hold(a_document("/a", "suzy's"), a_document("/a", by=MATT, at=NOW + 1))
    await side.sync(halves=halves_of(refuse=refuse))
    assert wire.heads()["/a"].content == "suzy's"
