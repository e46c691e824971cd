"""Which sets of items are made and kept, and what that costs whom."""

from itertools import pairwise

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from esd.errors import OperatorMustAct
from esd.formats import Batch
from esd.formats.query import Query
from esd.reconcile import key_of
from esd.replica import Replicas, inline
from esd.replica.index import LATE, STALE, Index
from esd.store import NodeFile, StorageFull
from tests.replica.runs import Cancelling, Counting
from tests.replica.sets import (
    BOTH_FORMATS,
    EVERYTHING,
    a_shelved_replica,
    asking,
    expected,
    unsigned,
)
from tests.replica.signed import documents
from tests.replica.test_ingest import fill_up, ingest
from tests.replicas import GARDEN, NOW, ROOMY, a_document

PREFIXES = [asking([{"path_prefix": f"/doc/00000{digit}"}]) for digit in range(5)]


class Gated:
    """Runs inline. Reading a set waits at a gate, before it or after it; counts."""

    def __init__(self, *, after=False):
        self.gate = trio.Event()
        self.after = after
        self.reads = self.at_once = self.most_at_once = 0

    async def __call__(self, call, /):
        if getattr(call, "__name__", "") != "read":
            return call()
        self.reads += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.after:
                index = call()
                await self.gate.wait()
                return index
            await self.gate.wait()
            return call()
        finally:
            self.at_once -= 1


def kept(shelf):
    return [predicate for _, predicate in shelf._slots]


async def exact(replica, predicate=EVERYTHING, now=NOW):
    found = list(await replica.items(predicate, now))
    return found == expected(replica, predicate, now)


# Making them...


async def test_a_set_is_made_once(tmp_path):
    run = Gated()
    run.gate.set()
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, *documents(20))
        for _ in range(3):
            assert await exact(replica)
        await ingest(replica, a_document())
        await replica.forget(Query(history="all", path="/doc/000003"), NOW)
        assert await exact(replica)
        assert run.reads == 1


async def test_nothing_new_needs_no_thread(tmp_path):
    run = Counting()
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, *documents(20))
        await replica.items(EVERYTHING, NOW)
        run.taken()
        await replica.items(EVERYTHING, NOW)
        assert run.taken() == 0
        await ingest(replica, a_document())
        run.taken()
        await replica.items(EVERYTHING, NOW)
        assert run.taken() == 1


async def test_what_matches_nothing_is_not_made(tmp_path):
    run = Counting()
    with a_shelved_replica(tmp_path, run=run) as (replica, shelf):
        assert len(await replica.items(asking([]), NOW)) == 0
        assert (run.taken(), kept(shelf)) == (0, [])


async def test_a_bound_in_time_is_a_slice_of_the_same_set(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, shelf):
        await ingest(replica, *documents(20))
        for after in range(NOW - 2, NOW + 22):
            recent = asking([{"timestamp_after": after}])
            assert await exact(replica, recent)
        assert kept(shelf) == [EVERYTHING]


async def test_a_bound_before_all_time_bounds_nothing(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, _):
        await ingest(replica, *documents(3))
        assert len(await replica.items(asking([{"timestamp_after": 0}]), NOW)) == 3


async def test_what_was_handed_out_is_its_takers_own(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, _):
        await ingest(replica, *documents(20))
        mine = await replica.items(EVERYTHING, NOW)
        mine.insert(key_of(7, b"x" * 32))
        await ingest(replica, a_document())
        assert await exact(replica)
        assert len(mine) == 21


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_what_changes_while_a_set_is_made_is_in_it(after, tmp_path):
    run = Gated(after=after)
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, *documents(20))
        found = []

        async def look():
            found.extend(await replica.items(EVERYTHING, NOW))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            await wait_all_tasks_blocked()
            await ingest(replica, a_document(), a_document("/doc/000001", at=NOW + 99))
            await replica.forget(Query(history="all", path="/doc/000003"), NOW)
            run.gate.set()
        assert found == expected(replica, EVERYTHING, NOW)
        assert run.reads == 1


async def test_one_set_is_made_at_a_time(tmp_path):
    run = Gated()
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, *documents(20))
        async with trio.open_nursery() as nursery:
            for predicate in PREFIXES:
                nursery.start_soon(exact, replica, predicate)
            await wait_all_tasks_blocked()
            assert run.reads == 1
            run.gate.set()
        assert (run.reads, run.most_at_once) == (len(PREFIXES), 1)


async def test_all_who_want_the_same_set_share_the_making(tmp_path):
    run = Gated()
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(exact, replica)
            await wait_all_tasks_blocked()
            run.gate.set()
        assert run.reads == 1


async def test_a_set_that_is_outrun_is_made_while_nobody_writes(tmp_path):
    run = Gated(after=True)
    with a_shelved_replica(tmp_path, run=run, most_pending=5) as (replica, _):
        found = []

        async def look():
            found.extend(await replica.items(EVERYTHING, NOW))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            await wait_all_tasks_blocked()
            await ingest(replica, *documents(6))
            first, run.gate = run.gate, trio.Event()
            first.set()
            await wait_all_tasks_blocked()
            assert run.reads == 2
            nursery.start_soon(ingest, replica, a_document())
            await wait_all_tasks_blocked()
            assert replica.reader.totals().count == 6, "the writer waits"
            run.gate.set()
        assert len(found) == 6
        assert await exact(replica)


@pytest.mark.parametrize("at", [1, 2])
async def test_whoever_is_cancelled_leaves_a_set_that_is_right(at, tmp_path):
    run = Cancelling(-1)
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, *documents(20))
        if at == 2:
            await replica.items(EVERYTHING, NOW)
            await ingest(replica, a_document())
        run.left = 1
        with run.scope:
            await replica.items(EVERYTHING, NOW)
            await trio.lowlevel.checkpoint()
        assert run.scope.cancelled_caught
        await ingest(replica, a_document("/more"))
        assert await exact(replica)


async def test_whoever_gives_up_waiting_leaves_nothing_behind(tmp_path):
    run = Gated()
    with a_shelved_replica(tmp_path, run=run) as (replica, shelf):
        async with trio.open_nursery() as nursery:
            for predicate in PREFIXES:
                nursery.start_soon(exact, replica, predicate)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        run.gate.set()
        assert await exact(replica)
        assert kept(shelf) == [EVERYTHING]


async def test_nothing_is_put_down_for_a_set_that_nobody_makes(tmp_path):
    run = Gated()
    with a_shelved_replica(tmp_path, run=run) as (replica, shelf):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(exact, replica)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        await ingest(replica, *documents(20))
        assert [slot.pending for slot in shelf._slots.values()] == [[]]


# Keeping them...


async def test_those_looked_at_last_are_kept(tmp_path):
    run = Gated()
    run.gate.set()
    with a_shelved_replica(tmp_path, run=run, most_indexes=3) as (replica, shelf):
        await ingest(replica, *documents(20))
        for predicate in (*PREFIXES[:3], PREFIXES[0], PREFIXES[3]):
            assert await exact(replica, predicate)
        assert kept(shelf) == [PREFIXES[2], PREFIXES[0], PREFIXES[3]]
        assert run.reads == 4
        assert await exact(replica, PREFIXES[1])
        assert run.reads == 5


async def test_there_is_a_most_of_keys_in_all(tmp_path):
    with a_shelved_replica(tmp_path, most_keys=35) as (replica, shelf):
        await ingest(replica, *documents(30))
        for predicate in (*PREFIXES[:3], BOTH_FORMATS):
            assert await exact(replica, predicate)
        assert sum(slot.size for slot in shelf._slots.values()) <= 35
        await ingest(replica, *documents(50))
        assert await exact(replica, BOTH_FORMATS)
        assert kept(shelf) == [BOTH_FORMATS], "the last one is always kept"


async def test_too_much_put_down_is_not_kept(tmp_path):
    with a_shelved_replica(tmp_path, most_pending=10) as (replica, shelf):
        await replica.items(EVERYTHING, NOW)
        (slot,) = shelf._slots.values()
        await ingest(replica, *documents(10))
        assert (slot.waiting, len(slot.pending)) == (10, 1)
        await ingest(replica, a_document())
        assert (slot.index, slot.pending, slot.follows) == (None, [], False)
        await ingest(replica, a_document("/b"))
        assert slot.pending == []
        assert await exact(replica)


async def test_what_was_applied_is_put_down_no_longer(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, shelf):
        await replica.items(EVERYTHING, NOW)
        (slot,) = shelf._slots.values()
        for _ in range(3):
            await ingest(replica, *documents(10))
            await replica.forget(Query(history="all"), NOW)
            assert await exact(replica)
            assert (slot.waiting, slot.pending) == (0, [])


async def test_a_set_of_another_replica_is_another_set(tmp_path):
    (tmp_path / "b").mkdir()
    with (
        a_shelved_replica(tmp_path) as (one, shelf),
        a_shelved_replica(tmp_path / "b") as (other, _),
    ):
        other._shelf = other._commits._shared.shelf = shelf
        await ingest(one, *documents(5))
        assert await exact(one)
        assert await exact(other)
        await ingest(other, a_document())
        assert await exact(one)
        assert await exact(other)
        assert len(shelf._slots) == 2


# What has expired...


def brief(number, until):
    return a_document(f"/!brief/{number}", until=until)


async def test_what_expires_leaves_without_being_removed(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, _):
        await ingest(replica, a_document(), brief(1, NOW + 1), brief(2, NOW + 5))
        for now in range(NOW, NOW + 8):
            assert await exact(replica, now=now)
        assert replica.reader.totals().count == 3


async def test_they_leave_in_the_order_of_their_time(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, _):
        await ingest(replica, *(brief(n, NOW + 1 + n * 7 % 10) for n in range(10)))
        for now in range(NOW, NOW + 12):
            assert await exact(replica, now=now)


async def test_what_came_later_expires_as_well(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, _):
        assert await exact(replica)
        await ingest(replica, *(brief(n, NOW + 1 + n * 7 % 10) for n in range(10)))
        for now in range(NOW, NOW + 12):
            assert await exact(replica, now=now)


async def test_a_clock_that_goes_back_finds_what_had_expired(tmp_path):
    run = Gated()
    run.gate.set()
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, a_document(), brief(1, NOW + 1), brief(2, NOW + 5))
        assert await exact(replica, now=NOW + 9)
        assert await exact(replica, now=NOW + 6)
        assert run.reads == 1, "nothing expired in between"
        assert await exact(replica, now=NOW + 5 - LATE)
        assert run.reads == 2


async def test_whoever_waited_for_a_turn_sees_what_those_before_saw(tmp_path):
    """Or two callers with clocks a moment apart would have it made in turns."""
    run = Gated()
    run.gate.set()
    with a_shelved_replica(tmp_path, run=run) as (replica, _):
        await ingest(replica, a_document(), brief(1, NOW + 1), brief(2, NOW + 5))
        assert await exact(replica, now=NOW + 6)
        for now in (NOW + 5, NOW + 1, NOW + 6 - LATE, NOW + 9):
            found = list(await replica.items(EVERYTHING, now))
            assert found == expected(replica, EVERYTHING, NOW + 6)
        assert run.reads == 1


async def test_ephemeral_documents_that_follow_each_other_pile_up_nowhere(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, shelf):
        await replica.items(EVERYTHING, NOW)
        for at in range(3):
            put_ephemeral(replica, shelf, STALE, NOW + at)
            assert await exact(replica, now=NOW)
        await replica.forget(Query(history="all"), NOW)
        assert await exact(replica, now=NOW)
        (slot,) = shelf._slots.values()
        assert len(slot.index) <= STALE


def put_ephemeral(replica, shelf, count, at):
    entries = [
        entry._replace(delete_after=NOW + 900, hash=at.to_bytes(16) + entry.hash[16:])
        for entry in unsigned(count, at)
    ]
    stored = replica.file.writer.put(entries, NOW)
    shelf.note(replica._commits, stored.came, stored.gone)


# What goes wrong...


async def test_after_a_commit_that_failed_a_set_is_made_anew(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, shelf):
        await ingest(replica, *documents(5))
        assert await exact(replica)
        fill_up(replica)
        with pytest.raises(StorageFull):
            await ingest(replica, a_document("/big", "x" * 500_000))
        assert kept(shelf) == []
        assert await exact(replica)


async def test_a_removed_workspace_has_no_sets(tmp_path):
    node = NodeFile(tmp_path / "node.db")
    (tmp_path / "replicas").mkdir()
    replicas = Replicas(tmp_path / "replicas", node, ROOMY, inline)
    replica = replicas.add(GARDEN)
    await ingest(replica, *documents(5))
    assert len(await replica.items(EVERYTHING, NOW)) == 5
    shelf = replica._shelf
    await replicas.remove(replica, None, NOW)
    assert shelf._slots == {}
    with pytest.raises(OperatorMustAct, match="removed"):
        await replica.items(EVERYTHING, NOW)
    assert [path.name for path in (tmp_path / "replicas").iterdir()] == []
    replicas.close()
    node.close()


async def test_a_workspace_removed_while_its_set_is_made(tmp_path):
    run = Gated()
    with a_shelved_replica(tmp_path, run=run) as (replica, shelf):
        async with trio.open_nursery() as nursery:

            async def look():
                with pytest.raises(OperatorMustAct):
                    await replica.items(EVERYTHING, NOW)

            nursery.start_soon(look)
            await wait_all_tasks_blocked()
            await replica.discard(None, "gone")
            run.gate.set()
        assert list(tmp_path.iterdir()) == []
        slots = shelf._slots.values()
        assert not [slot for slot in slots if slot.index or slot.pending]


# How they are read


def test_a_set_of_some_paths_reads_only_those(tmp_path):
    class Asked:
        def facts(self, paths):
            asked.append(paths)
            return iter(())

    asked = []
    Index(asking([{"path_prefix": "/a"}, {"path": "/b"}]), Asked())
    assert asked == [("/a", "/b\0")]
    asked.clear()
    Index(asking([{"versions_by_author": "@a"}]), Asked())
    assert asked == [("", None)]


@pytest.mark.parametrize(
    ("predicate", "formats"),
    [
        (EVERYTHING, None),
        (BOTH_FORMATS, {"es.3", "es.4"}),
        (
            asking([{"format": "es.4"}, {"format": "es.9"}], [{"format": "es.4"}]),
            {"es.4"},
        ),
    ],
)
def test_a_set_of_formats_is_read_in_order(predicate, formats):
    class Asked:
        def items(self, formats):
            asked.append(formats)
            return iter(())

    asked = []
    Index(predicate, Asked())
    assert asked == [formats]


async def test_a_key_is_the_timestamp_and_the_hash(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, _):
        await ingest(replica, *documents(9))
        keys = list(await replica.items(EVERYTHING, NOW))
        hashes = {arrival.hash for arrival in replica.reader.arrivals(0, NOW)}
        assert {key[8:] for key in keys} == hashes
        assert [int.from_bytes(key[:8]) for key in keys] == [NOW + n for n in range(9)]
        assert all(before < after for before, after in pairwise(keys))


async def test_ingest_pays_nothing_where_nobody_looks(tmp_path):
    with a_shelved_replica(tmp_path) as (replica, shelf):
        await replica.ingest(Batch(list(documents(20))), origin="", now=NOW)
        assert shelf._slots == {}
