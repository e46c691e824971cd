"""Writing here: the timestamps it gives, and what it refuses."""

import json

import pytest
import trio

from esd.formats import InvalidDocument, encode
from esd.replica import LOCAL, Bounds
from esd.store import StorageFull
from tests.replica.runs import Slow
from tests.replica.test_ingest import ingest
from tests.replicas import MATT, NOW, SECOND, SUZY, a_document, a_replica

MINUTE = 60 * SECOND


async def test_a_first_write_has_the_time_of_now(tmp_path):
    with a_replica(tmp_path) as replica:
        document = await replica.write(SUZY, "/a", "hello", now=NOW)
        assert (document.timestamp, document.delete_after) == (NOW, None)
        assert replica.reader.page(NOW).documents == [encode(document)]


async def test_a_write_is_ours_and_rings(tmp_path):
    with a_replica(tmp_path) as replica:
        await replica.write(SUZY, "/a", "hello", now=NOW)
        assert [one.origin for one in replica.reader.arrivals(0, NOW)] == [LOCAL]
        assert replica.bell.count == 1


async def test_a_write_comes_after_whatever_anyone_wrote_at_its_path(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document(by=MATT, at=NOW + MINUTE))
        document = await replica.write(SUZY, "/a", "hello", now=NOW)
        assert document.timestamp == NOW + MINUTE + 1


async def test_what_is_at_other_paths_moves_no_timestamp(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document("/b", at=NOW + MINUTE))
        document = await replica.write(SUZY, "/a", "hello", now=NOW)
        assert document.timestamp == NOW


async def test_what_has_expired_moves_no_timestamp(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document("/!a", at=NOW, until=NOW + 1), now=NOW)
        until = NOW + MINUTE
        later = NOW + 2
        document = await replica.write(
            MATT, "/!a", "hello", now=later, delete_after=until
        )
        assert (document.timestamp, document.delete_after) == (later, until)


async def test_a_write_moved_ahead_keeps_its_span_of_life(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(
            replica, a_document("/!a", at=NOW + MINUTE, until=NOW + 9 * MINUTE)
        )
        document = await replica.write(
            SUZY, "/!a", "hello", now=NOW, delete_after=NOW + 5 * MINUTE
        )
        assert document.timestamp == NOW + MINUTE + 1
        assert document.delete_after - document.timestamp == 5 * MINUTE


async def test_a_write_that_would_have_to_lie_too_far_ahead_is_refused(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document(by=MATT, at=NOW + 10 * MINUTE))
        with pytest.raises(InvalidDocument, match="future"):
            await replica.write(SUZY, "/a", "hello", now=NOW)
        assert replica.reader.totals().count == 1


async def test_an_explicit_timestamp_is_taken_as_it_is(tmp_path):
    with a_replica(tmp_path) as replica:
        document = await replica.write(SUZY, "/a", "b", now=NOW, timestamp=NOW - 5)
        assert document.timestamp == NOW - 5


async def test_an_explicit_timestamp_that_is_obsolete_writes_nothing(tmp_path):
    with a_replica(tmp_path) as replica:
        await replica.write(SUZY, "/a", "newer", now=NOW)
        written = await replica.write(SUZY, "/a", "older", now=NOW, timestamp=NOW - 5)
        assert (written, replica.bell.count) == (None, 1)


async def test_an_explicit_timestamp_may_lie_behind_other_authors(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document(by=MATT))
        assert await replica.write(SUZY, "/a", "b", now=NOW, timestamp=NOW - 5)


@pytest.mark.parametrize(
    ("path", "more", "rule"),
    [
        ("no slash", {}, "path"),
        ("/~" + MATT.address, {}, "permission"),
        ("/!a", {}, "path"),
        ("/a", {"delete_after": NOW + MINUTE}, "path"),
        ("/!a", {"delete_after": NOW - 1}, "timestamp"),
        ("/a", {"timestamp": NOW + 11 * MINUTE}, "future"),
        ("/a", {"timestamp": 5}, "timestamp"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_its_name(path, more, rule, tmp_path):
    with a_replica(tmp_path) as replica:
        with pytest.raises(InvalidDocument, match=rule):
            await replica.write(SUZY, path, "hello", now=NOW, **more)
        assert replica.reader.totals().count == 0


async def test_a_content_of_half_a_character_is_mended(tmp_path):
    with a_replica(tmp_path) as replica:
        document = await replica.write(SUZY, "/a", "half: \ud83d", now=NOW)
        assert document.content == "half: \ufffd"


async def test_an_empty_content_is_a_document(tmp_path):
    with a_replica(tmp_path) as replica:
        await replica.write(SUZY, "/a", "", now=NOW)
        (listed,) = replica.reader.page(NOW).documents
        assert json.loads(listed)["content"] == ""


@pytest.mark.parametrize(
    "bounds", [Bounds(free_disk=1 << 62), Bounds(free_disk=0, bytes_per_workspace=1)]
)
async def test_where_there_is_no_room_a_write_says_so(bounds, tmp_path):
    with (
        a_replica(tmp_path, bounds=bounds) as replica,
        pytest.raises(StorageFull, match=r"bytes_per_workspace|free_disk"),
    ):
        await replica.write(SUZY, "/a", "hello", now=NOW)


async def test_writes_of_one_moment_are_all_kept_one_after_the_other(tmp_path):
    written = []
    with a_replica(tmp_path, run=Slow()) as replica:

        async def write(number):
            written.append(await replica.write(SUZY, "/a", f"{number}.", now=NOW))

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(write, number)
        assert None not in written
        assert sorted(one.timestamp - NOW for one in written) == [0, 1, 2, 3, 4]
        assert replica.bell.count == 5
