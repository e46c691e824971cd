"""The GraphQL conversation with a server in memory: what moves, and what it costs."""

import pytest

from esd.sync import Direction
from tests.replicas import MATT, NOW, SECOND, SUZY, a_document, a_replica, documents
from tests.sync.graphql_side import LATER, NOTHING_NEW, Side, halves_of
from tests.sync.graphqls import ES3, ES4, ES4_OLD, GraphqlWire, an_es3_document


@pytest.fixture
def wire():
    return GraphqlWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


# What moves...


async def test_a_first_pull_takes_every_head(side, wire):
    wire.put(documents(30))
    report = await side.sync()
    assert report.level == "graphql"
    assert report.to_pull == report.pulled.accepted == side.count == 30
    assert side.kinds() == ["list", "fetch"]


async def test_a_first_push_gives_every_head(side, wire):
    await side.hold(*documents(30))
    report = await side.sync()
    assert report.to_push == report.sent == report.taken == len(wire.documents) == 30
    assert side.kinds() == ["list", "ingest"]


async def test_both_sides_end_with_the_same_head_at_every_path(side, wire):
    await side.hold(
        a_document("/a", "old", by=SUZY),
        a_document("/b", "new", by=SUZY, at=NOW + 1),
        a_document("/mine"),
    )
    wire.put(
        [
            a_document("/a", "new", by=MATT, at=NOW + 1),
            a_document("/b", "old", by=MATT),
            a_document("/theirs"),
        ]
    )
    await side.sync()
    assert {path: one.content for path, one in wire.heads().items()} == {
        "/a": "new",
        "/b": "new",
        "/mine": "hello",
        "/theirs": "hello",
    }
    assert side.paths() == set(wire.heads())
    assert side.replica.reader.newest_timestamp("/a", LATER) == NOW + 1


async def test_history_stays_where_it_is(side, wire):
    wire.put([a_document("/a", by=SUZY), a_document("/a", by=MATT, at=NOW + 1)])
    await side.hold(a_document("/b", by=SUZY), a_document("/b", by=MATT, at=NOW + 1))
    await side.sync()
    assert side.count == 3
    assert len(wire.documents) == 3


async def test_our_older_head_is_not_pushed_to_be_history_there(side, wire):
    wire.put([a_document("/a", by=MATT, at=NOW + 1)])
    await side.hold(a_document("/a", by=SUZY))
    report = await side.sync(Direction.PUSH)
    assert (report.to_push, len(wire.documents)) == (0, 1)


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


async def test_a_dry_run_counts_and_moves_nothing(side, wire):
    wire.put(documents(3))
    await side.hold(a_document("/mine"))
    report = await side.sync(dry=True)
    assert (report.to_pull, report.to_push, report.sent) == (3, 1, 0)
    assert (side.count, len(wire.documents)) == (1, 3)
    assert {kind for _, kind, _ in wire.seen} == {"list"}
    assert side.replica.reader.peers.remembered("graphql") is None


async def test_an_emptied_document_travels(side, wire):
    wire.put([a_document("/a", "")])
    await side.hold(a_document("/b", ""))
    await side.sync()
    assert (side.count, len(wire.documents)) == (2, 2)


async def test_an_ephemeral_document_keeps_its_end(side, wire):
    wire.put([a_document("/!a", until=LATER + SECOND)])
    await side.hold(a_document("/!b", until=LATER + SECOND))
    await side.sync()
    ends = {one.delete_after for one in wire.documents.values()}
    assert (side.count, ends) == (2, {LATER + SECOND})


async def test_odd_content_arrives_whole(side, wire):
    odd = 'héllo "q" \\ \u2028 </script> \U0001f30d \n\t \x00 \ufeff'
    wire.put([a_document("/a", odd)])
    await side.hold(a_document("/b", odd))
    await side.sync()
    assert {one.content for one in wire.documents.values()} == {odd}
    assert side.count == 2


# Formats...


async def test_an_es3_server_gives_its_documents(side, wire):
    wire.schema = ES3
    wire.put([an_es3_document(f"/doc/{number}") for number in range(3)])
    report = await side.sync()
    assert (report.pulled.accepted, dict(report.pulled.rejected)) == (3, {})


async def test_an_es3_server_gets_only_es3(side, wire):
    wire.schema = ES3
    await side.hold(a_document("/four"), an_es3_document("/three"))
    report = await side.sync()
    assert (report.sent, report.taken) == (1, 1)
    assert [one.path for one in wire.documents.values()] == ["/three"]


async def test_an_es4_server_gets_only_es4(side, wire):
    await side.hold(a_document("/four"), an_es3_document("/three"))
    await side.sync()
    assert [one.path for one in wire.documents.values()] == ["/four"]


async def test_heads_are_found_among_the_servers_format(side, wire):
    wire.schema = ES3
    await side.hold(an_es3_document("/a", "three"), a_document("/a", "4", at=NOW + 9))
    report = await side.sync()
    assert (report.taken, wire.heads()["/a"].content) == (1, "three")


@pytest.mark.parametrize(
    ("schema", "refused"), [(ES4, 0), (ES4_OLD, 1), (ES3, 2)], ids=["4.1", "4.0", "3.0"]
)
async def test_a_dialect_is_found_once(schema, refused, side, wire):
    wire.schema = schema
    await side.sync()
    assert wire.seen == [("GET", "list", 400)] * refused + [("GET", "list", 200)]
    await side.sync()
    assert wire.seen == NOTHING_NEW


async def test_a_server_that_was_upgraded_is_understood_again(side, wire):
    wire.schema = ES3
    await side.sync()
    wire.schema = ES4
    await side.hold(a_document("/four"))
    report = await side.sync()
    assert report.taken == 1


# What nothing new costs...


@pytest.mark.parametrize("schema", [ES4, ES3], ids=["es4", "es3"])
async def test_nothing_new_is_one_small_request_right_after_a_pull(schema, side, wire):
    wire.schema = schema
    make = an_es3_document if schema == ES3 else a_document
    wire.put([make(f"/{number}") for number in range(30)])
    await side.sync()
    report = await side.sync()
    assert (wire.seen, report.unchanged) == (NOTHING_NEW, True)


@pytest.mark.parametrize("schema", [ES4, ES3], ids=["es4", "es3"])
async def test_nothing_new_is_one_small_request_right_after_our_push(
    schema, side, wire
):
    wire.schema = schema
    make = an_es3_document if schema == ES3 else a_document
    await side.hold(*(make(f"/{number}") for number in range(30)))
    await side.sync()
    await side.sync()
    assert wire.seen == NOTHING_NEW


async def test_writes_one_after_the_other_never_make_us_read_the_list(side, wire):
    wire.put(documents(30))
    await side.sync()
    for number in range(5):
        await side.hold(a_document(f"/mine/{number}"))
        report = await side.sync()
        assert [kind for kind in side.kinds() if kind != "filters"] == [
            "list",
            "ingest",
        ]
        assert wire.seen[0] == NOTHING_NEW[0]
        assert (report.sent, report.taken) == (1, 1)


async def test_local_news_that_it_does_not_want_is_looked_at_once(side, wire):
    wire.wants = (["/wanted"], [])
    await side.sync()
    await side.hold(a_document("/other"))
    await side.sync()
    assert ("POST", "filters", 200) in wire.seen
    await side.sync()
    assert wire.seen == NOTHING_NEW
    await side.hold(a_document("/wanted/1"))
    await side.sync()
    assert "/wanted/1" in wire.heads()


async def test_the_same_is_true_of_a_part(side, wire):
    halves = halves_of([{"pathPrefix": "/wiki/"}, {"pathPrefix": "/wiki/a"}])
    wire.put(documents(3, prefix="/wiki") + documents(3, prefix="/other"))
    await side.hold(a_document("/wiki/an"), a_document("/mine"))
    await side.sync(halves=halves)
    await side.sync(halves=halves)
    assert wire.seen == NOTHING_NEW


async def test_a_new_head_there_is_all_that_is_fetched(side, wire):
    wire.put(documents(30))
    await side.sync()
    wire.put([a_document("/new")])
    report = await side.sync()
    assert (report.to_pull, report.pulled.total, side.count) == (1, 1, 31)


async def test_a_push_that_got_lost_is_made_again(side, wire):
    wire.put(documents(3))
    await side.sync()
    await side.hold(a_document("/mine"))
    await side.sync()
    del wire.documents["/mine", SUZY.address]  # its disk was not synced
    await side.sync()
    assert ("/mine", SUZY.address) in wire.documents


async def test_a_server_that_lost_everything_gets_it_again(side, wire):
    await side.hold(*documents(5))
    await side.sync()
    wire.documents.clear()
    await side.sync()
    assert len(wire.documents) == 5


async def test_what_was_pulled_is_not_pushed_back(side, wire):
    wire.put(documents(5))
    await side.sync()
    await side.hold(a_document("/mine"))
    report = await side.sync()
    assert report.sent == 1


async def test_what_was_remembered_for_one_direction_does_not_serve_another(side, wire):
    wire.put(documents(3))
    await side.sync(Direction.PUSH)
    await side.sync(Direction.PUSH)
    await side.sync(Direction.BOTH)
    assert side.count == 3


async def test_a_list_remembered_of_one_url_does_not_serve_another(side, wire):
    await side.sync()
    await side.sync(url="http://other.example")
    assert ("GET", "list", 200) in wire.seen
