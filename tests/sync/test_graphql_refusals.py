"""An earthstar-graphql that refuses, takes little at once, or gives odd documents."""

import msgspec
import pytest

from esd.sync.graphql import fetching, heads
from esd.sync.graphql.memory import HOUR
from esd.sync.status import Standing
from tests.replicas import SECOND, a_document, a_replica, documents
from tests.sync.graphql_side import LATER, NOTHING_NEW, Side
from tests.sync.graphqls import ES3, ES4, GraphqlWire, an_es3_document
from tests.sync.pubs import reply

DAY = 24 * HOUR


@pytest.fixture
def wire():
    return GraphqlWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


# Workspaces it does not hold...


async def test_a_workspace_it_does_not_hold_is_a_state(side, wire):
    wire.exists = False
    await side.hold(a_document("/a"))
    report = await side.sync()
    assert (report.standing, side.kinds()) == (Standing.ABSENT, ["list"])


async def test_it_is_asked_to_host_one_where_that_is_wanted(side, wire):
    wire.exists = False
    await side.hold(*documents(3))
    report = await side.sync(creates=True)
    assert (report.standing, len(wire.documents)) == (Standing.LEVEL, 3)
    assert side.kinds() == ["list", "add", "ingest"]


async def test_one_that_hosts_nobody_is_asked_once_an_hour(side, wire):
    wire.exists = wire.hosts = False
    kinds = []
    for _ in range(2):
        report = await side.sync(creates=True)
        assert report.standing is Standing.ABSENT
        kinds += side.kinds()
    assert kinds == ["list", "add", "list"]
    side.now += HOUR
    await side.sync(creates=True)
    assert side.kinds() == ["list", "add"]


async def test_a_dry_run_has_nothing_hosted(side, wire):
    wire.exists = False
    await side.sync(creates=True, dry=True)
    assert side.kinds() == ["list"]


# Refusals, sizes...


@pytest.mark.parametrize("schema", [ES4, ES3], ids=["es4", "es3"])
async def test_a_refused_document_waits_a_day_and_then_two(schema, side, wire):
    wire.schema = schema
    wire.refuses.add("/mine")
    make = an_es3_document if schema == ES3 else a_document
    await side.hold(make("/mine"), make("/good"))
    pushes = []
    for day in range(12):
        report = await side.sync()
        if report.sent:
            pushes.append(day)
        side.now += DAY + SECOND
    assert pushes == [0, 1, 3, 7]
    assert set(wire.heads()) == {"/good"}


async def test_a_refused_document_does_not_make_us_read_the_list_each_time(side, wire):
    wire.refuses.add("/mine")
    await side.hold(a_document("/mine"))
    await side.sync()
    await side.sync()
    assert wire.seen[0] == NOTHING_NEW[0]


async def test_a_push_that_is_too_large_is_made_in_smaller_parts(side, wire):
    wire.limit = 60_000
    await side.hold(*(a_document(f"/{number}", "x" * 400) for number in range(150)))
    report = await side.sync()
    assert (report.taken, len(wire.documents)) == (150, 150)


async def test_a_document_that_fits_no_push_is_left_out(side, wire):
    wire.limit = 100_000
    await side.hold(a_document("/large", "x" * 200_000), a_document("/small"))
    report = await side.sync()
    assert (report.too_big, set(wire.heads())) == (1, {"/small"})
    report = await side.sync()
    assert (report.too_big, report.waiting) == (0, 1)


async def test_a_server_that_takes_no_gzip_gets_plain_bodies(side, wire):
    wire.takes_gzip = False
    await side.hold(*documents(30))
    report = await side.sync()
    assert report.taken == 30


async def test_many_documents_come_in_several_answers(side, wire):
    wire.put([a_document(f"/{number}", "x" * 9_000) for number in range(150)])
    await side.sync()
    assert side.count == 150
    assert side.kinds().count("fetch") > 3


async def test_an_answer_that_grows_too_long_is_asked_for_in_parts(side, wire):
    large = "x" * 3_900_000
    count = fetching.MOST_ANSWER // len(large) + 2
    wire.put([a_document(f"/{number}", large) for number in range(count)])
    await side.sync()
    assert side.count == count
    assert side.kinds().count("fetch") > 2


async def test_a_long_list_is_read_in_portions(side, wire):
    count = 3 * heads.PORTION // 250
    wire.put([a_document(f"/{number:04}") for number in range(count)])
    report = await side.sync(dry=True)
    assert report.to_pull == count


async def test_a_document_that_cannot_be_taken_is_fetched_once(side, wire):
    altered = msgspec.structs.replace(a_document("/a"), content="altered")
    wire.put([altered])
    report = await side.sync()
    assert dict(report.pulled.rejected) == {"content-hash": 1}
    wire.put([a_document("/b")])
    report = await side.sync()
    assert (report.to_pull, report.pulled.accepted) == (1, 1)


async def test_a_document_from_the_future_comes_in_when_its_time_has_come(side, wire):
    wire.put([a_document("/soon", at=LATER + HOUR)])
    first = await side.sync()
    assert (side.count, dict(first.pulled.rejected)) == (0, {"future": 1})
    side.now = LATER + HOUR
    await side.sync()
    assert side.count == 1


async def test_a_head_that_went_meanwhile_is_no_failure(side, wire):
    wire.put([a_document("/a"), a_document("/b")])
    wire.answer = lambda kind: (
        reply(200, b'{"data":{"workspace":{"d0":null}}}') if kind == "fetch" else None
    )
    report = await side.sync()
    assert (report.to_pull, report.pulled.total) == (2, 0)
