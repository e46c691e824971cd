"""Dropping our copies, and what has expired."""

from esd.formats.query import Query
from tests.replica.signed import documents
from tests.replica.test_ingest import ingest
from tests.replicas import NOW, SECOND, a_document, a_replica


async def test_what_is_forgotten_is_gone_and_told(tmp_path):
    query = Query(history="all", path_starts_with="/doc/00000")
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(20), a_document())
        assert await replica.forget(query, NOW) == 10
        assert (replica.reader.totals().count, replica.bell.count) == (11, 2)


async def test_what_is_forgotten_may_come_back(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(5))
        before = replica.etag(NOW)
        await replica.forget(Query(history="all"), NOW)
        tally = await ingest(replica, *documents(5))
        assert (tally.accepted, replica.etag(NOW)) == (5, before)
        assert replica.reader.arrivals(0, NOW)[0].local_index == 6


async def test_nothing_to_forget_rings_for_nobody(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(5))
        assert await replica.forget(Query(history="all", path="/none"), NOW) == 0
        assert replica.bell.count == 1


async def test_what_has_expired_leaves_no_trace_of_its_content(tmp_path):
    with a_replica(tmp_path) as replica:
        secret = a_document("/!a", "a secret of the moment", until=NOW + SECOND)
        await ingest(replica, secret, a_document())
        assert await replica.expire(NOW + SECOND) == 0
        assert await replica.expire(NOW + SECOND + 1) == 1
        left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"a secret of the moment" not in left
        assert replica.reader.totals().count == 1


async def test_what_was_replaced_leaves_no_trace_of_its_content(tmp_path):
    with a_replica(tmp_path) as replica:
        await replica.expire(NOW)
        await ingest(replica, a_document(content="a secret of the moment"))
        await ingest(replica, a_document(content="", at=NOW + 1))
        await replica.expire(NOW)
        left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"a secret of the moment" not in left


async def test_what_was_forgotten_leaves_no_trace_of_its_content(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document(content="a secret of the moment"))
        await replica.expire(NOW)
        await replica.forget(Query(history="all"), NOW)
        await replica.expire(NOW)
        left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"a secret of the moment" not in left
