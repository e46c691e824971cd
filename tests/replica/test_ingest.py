"""The only door in: what gets through, what it costs, and who hears of it."""

from contextlib import closing

import msgspec
import pytest
import trio

from esd.formats import Batch, Reason, WorkspaceAddress, encode
from esd.replica import QUOTA, Bounds, Marks, Replica
from esd.store import ReplicaFile, StorageFull
from tests.replica.runs import Counting, Slow
from tests.replica.signed import documents
from tests.replicas import FERN, MATT, NOW, ROOMY, SECOND, a_document, a_replica

MINUTE = 60 * SECOND
ELSEWHERE = WorkspaceAddress.parse("+other.place")


async def ingest(replica, *documents, now=NOW, origin="pub", listed=None):
    return await replica.ingest(
        Batch(list(documents)), origin=origin, now=now, listed=listed
    )


def counts(tally):
    return (tally.accepted, tally.obsolete, dict(tally.rejected))


def listed_bytes(replica, now=NOW):
    return replica.reader.page(now).documents


def tampered(document):
    return msgspec.structs.replace(document, content="not what was signed")


# Known documents


async def test_new_documents_cost_one_check_and_one_transaction_a_batch(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        tally = await ingest(replica, *documents(20))
        assert (counts(tally), run.taken()) == ((20, 0, {}), 2)


async def test_known_documents_are_never_verified_again(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        await ingest(replica, *documents(20))
        run.taken()
        tally = await ingest(replica, *documents(20))
        assert (counts(tally), run.taken()) == ((0, 20, {}), 0)


async def test_known_documents_are_known_again_after_a_restart(tmp_path):
    run = Counting()
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(20))
    with closing(Replica(ReplicaFile(replica.file.path), ROOMY, run)) as again:
        tally = await ingest(again, *documents(20))
    assert (counts(tally), run.taken()) == ((0, 20, {}), 0)


async def test_a_known_document_with_another_content_is_checked(tmp_path):
    with a_replica(tmp_path) as replica:
        known = a_document()
        await ingest(replica, known)
        tally = await ingest(replica, tampered(known))
        assert counts(tally) == (0, 0, {Reason.CONTENT_HASH: 1})
        assert listed_bytes(replica) == [encode(known)]


async def test_one_new_document_among_known_ones_is_all_that_is_checked(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        await ingest(replica, *documents(20))
        run.taken()
        tally = await ingest(replica, *documents(20), a_document("/new"))
        assert (counts(tally), run.taken()) == ((1, 20, {}), 2)


# Rules


@pytest.mark.parametrize(
    ("document", "reason", "may_pass"),
    [
        (a_document(to=ELSEWHERE), Reason.WORKSPACE, False),
        (tampered(a_document()), Reason.CONTENT_HASH, False),
        (a_document(at=NOW + 10 * MINUTE + 1), Reason.FUTURE, True),
        (a_document(at=10**12), Reason.TIMESTAMP, False),
        (a_document("/~" + MATT.address), Reason.PERMISSION, False),
        (a_document("/!a", at=NOW - 2, until=NOW - 1), Reason.EXPIRED, False),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
async def test_what_breaks_a_rule_is_counted_by_its_name(
    document, reason, may_pass, tmp_path
):
    with a_replica(tmp_path) as replica:
        tally = await ingest(replica, document, a_document("/good"))
        assert counts(tally) == (1, 0, {reason: 1})
        assert tally.may_pass == may_pass
        assert replica.reader.totals().count == 1


async def test_what_the_decoder_rejected_is_counted_too(tmp_path):
    with a_replica(tmp_path) as replica:
        batch = Batch([a_document()])
        batch.rejected[Reason.FORMAT] = 3
        tally = await replica.ingest(batch, origin="", now=NOW)
        assert (counts(tally), tally.total) == ((1, 0, {Reason.FORMAT: 3}), 4)


async def test_ten_minutes_ahead_is_the_present_still(tmp_path):
    with a_replica(tmp_path) as replica:
        tally = await ingest(replica, a_document(at=NOW + 10 * MINUTE))
        assert tally.accepted == 1


async def test_what_came_too_early_is_taken_when_its_time_has_come(tmp_path):
    soon = a_document(at=NOW + 3600 * SECOND)
    with a_replica(tmp_path) as replica:
        assert (await ingest(replica, soon)).accepted == 0
        assert (await ingest(replica, soon, now=NOW + 3600 * SECOND)).accepted == 1


async def test_the_later_of_one_authors_versions_stays(tmp_path):
    old, new = a_document(content="old"), a_document(content="new", at=NOW + 1)
    with a_replica(tmp_path) as replica:
        await ingest(replica, new)
        tally = await ingest(replica, old)
        assert (counts(tally), tally.may_pass) == ((0, 1, {}), False)
        assert listed_bytes(replica) == [encode(new)]


async def test_within_one_batch_the_later_version_stays_as_well(tmp_path):
    old, new = a_document(content="old"), a_document(content="new", at=NOW + 1)
    with a_replica(tmp_path) as replica:
        assert counts(await ingest(replica, new, old)) == (1, 1, {})
        assert listed_bytes(replica) == [encode(new)]


async def test_versions_are_compared_as_text(tmp_path):
    in_1970, in_2023 = a_document(at=20_000_000_000_000), a_document(at=NOW)
    with a_replica(tmp_path) as replica:
        await ingest(replica, in_1970)
        assert counts(await ingest(replica, in_2023)) == (0, 1, {})


async def test_every_authors_version_stays(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *(a_document(by=one) for one in (FERN, MATT)))
        assert replica.reader.totals().count == 2


async def test_an_older_document_hidden_by_an_ephemeral_one_may_pass_later(tmp_path):
    brief = a_document("/!a", "brief", at=NOW, until=NOW + MINUTE)
    long = a_document("/!a", "long", at=NOW - 1, until=NOW + 60 * MINUTE)
    with a_replica(tmp_path) as replica:
        await ingest(replica, brief)
        tally = await ingest(replica, long)
        assert (counts(tally), tally.may_pass) == ((0, 1, {}), True)
        later = NOW + MINUTE + 1
        assert (await ingest(replica, long, now=later)).accepted == 1
        assert listed_bytes(replica, later) == [encode(long)]


async def test_the_documents_of_ours_that_a_peer_matched_are_marked(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(3), a_document("/mine"))
        marks = Marks()
        newer = a_document("/doc/000002", at=NOW + MINUTE)
        older = a_document("/mine", at=NOW - MINUTE)
        await ingest(replica, *documents(2), newer, older, listed=marks)
        assert [index for index in range(10) if index in marks] == [1, 2, 3]


# Bounds


def bounds(**over):
    return Bounds(**{"free_disk": 0, **over})


async def test_no_more_bytes_are_kept_than_a_workspace_may_have(tmp_path):
    size = len(encode(documents(1)[0]))
    with a_replica(tmp_path, bounds=bounds(bytes_per_workspace=3 * size)) as replica:
        tally = await ingest(replica, *documents(5))
        assert (counts(tally), tally.may_pass) == ((3, 0, {QUOTA: 2}), True)
        assert replica.reader.totals().size == 3 * size


async def test_a_full_workspace_still_knows_what_it_holds(tmp_path):
    size = len(encode(documents(1)[0]))
    with a_replica(tmp_path, bounds=bounds(bytes_per_workspace=3 * size)) as replica:
        await ingest(replica, *documents(3))
        assert counts(await ingest(replica, *documents(3))) == (0, 3, {})


async def test_a_full_workspace_rings_for_nobody(tmp_path):
    with a_replica(tmp_path, bounds=bounds(bytes_per_workspace=1)) as replica:
        await ingest(replica, *documents(3))
        assert replica.bell.count == 0


async def test_below_the_floor_of_free_disk_nothing_is_stored(tmp_path):
    with a_replica(tmp_path, bounds=bounds(free_disk=1 << 62)) as replica:
        with pytest.raises(StorageFull):
            await ingest(replica, a_document())
        assert (replica.bell.count, replica.reader.totals().count) == (0, 0)


async def test_a_full_disk_costs_only_the_batch_that_met_it(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(10))
        fill_up(replica)
        with pytest.raises(StorageFull):
            await ingest(replica, a_document("/big", "x" * 500_000), a_document("/b"))
        assert (replica.bell.count, replica.reader.totals().count) == (1, 10)
        assert len(listed_bytes(replica)) == 10


def fill_up(replica):
    """SQLite refuses to let the file grow, and says it as it does of a full disk."""
    pages = replica.file._write_db.execute("PRAGMA page_count").fetchone()[0]
    replica.file._write_db.execute(f"PRAGMA max_page_count = {pages + 4}")


# The bell


async def test_a_batch_rings_once(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(50))
        assert replica.bell.count == 1


@pytest.mark.parametrize(
    "document",
    [
        a_document(),
        a_document(at=NOW - 1),
        tampered(a_document("/b")),
        a_document(at=NOW + 60 * MINUTE),
    ],
    ids=["the same", "an older one", "an invalid one", "a future one"],
)
async def test_what_is_not_stored_rings_for_nobody(document, tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document())
        await ingest(replica, document)
        assert replica.bell.count == 1


async def test_whoever_hears_the_bell_finds_the_documents(tmp_path):
    found = []
    with a_replica(tmp_path, run=Slow()) as replica:

        async def listen():
            await replica.bell.wait_after(0)
            found.append(len(replica.reader.arrivals(0, NOW)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await ingest(replica, *documents(7))
    assert found == [7]
