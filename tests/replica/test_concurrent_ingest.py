"""Several who bring documents at once, and one who is cancelled in the middle."""

import pytest
import trio

from esd.formats import encode
from tests.replica.runs import Cancelling, Slow
from tests.replica.signed import documents
from tests.replica.test_ingest import bounds, counts, ingest, listed_bytes
from tests.replicas import NOW, a_document, a_replica


async def test_the_same_documents_from_many_at_once_are_stored_once(tmp_path):
    tallies = []
    with a_replica(tmp_path, run=Slow()) as replica:

        async def bring(origin):
            tallies.append(await ingest(replica, *documents(30), origin=origin))

        async with trio.open_nursery() as nursery:
            for origin in ("a", "b", "c", "d"):
                nursery.start_soon(bring, origin)
        assert sorted(counts(tally)[:2] for tally in tallies) == [
            *3 * [(0, 30)],
            (30, 0),
        ]
        assert (replica.reader.totals().count, replica.bell.count) == (30, 1)


async def test_versions_that_race_end_with_the_latest(tmp_path):
    versions = [a_document(content=f"version {n}", at=NOW + n) for n in range(10)]
    with a_replica(tmp_path, run=Slow()) as replica:
        async with trio.open_nursery() as nursery:
            for version in versions:
                nursery.start_soon(ingest, replica, version)
        assert listed_bytes(replica) == [encode(versions[-1])]
        assert replica.reader.totals().count == 1


async def test_a_quota_holds_for_all_who_write_at_once(tmp_path):
    size = len(encode(documents(1)[0]))
    room = bounds(bytes_per_workspace=10 * size)
    with a_replica(tmp_path, bounds=room, run=Slow()) as replica:
        async with trio.open_nursery() as nursery:
            for one in "abcd":
                mine = documents(5, prefix=f"/{one}oc")
                nursery.start_soon(ingest, replica, *mine)
        assert replica.reader.totals().count == 10


@pytest.mark.parametrize(("at", "stored"), [(1, 0), (2, 20)], ids=["checked", "put"])
async def test_a_cancelled_ingest_is_stored_and_told_or_neither(at, stored, tmp_path):
    run = Cancelling(at)
    with a_replica(tmp_path, run=run) as replica:
        with run.scope:
            await ingest(replica, *documents(20))
            await trio.lowlevel.checkpoint()
        assert run.scope.cancelled_caught
        assert replica.reader.totals().count == len(listed_bytes(replica)) == stored
        assert replica.bell.count == (stored > 0)
        assert (await ingest(replica, *documents(20))).accepted == 20 - stored
