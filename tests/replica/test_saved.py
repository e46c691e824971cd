"""The set of all items, saved and read again: always that of the rows, or none."""

import shutil
from contextlib import contextmanager
from functools import partial
from stat import S_IMODE

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from esd.errors import OperatorMustAct
from esd.formats import Batch
from esd.formats.query import Query
from esd.replica import Bounds, Replica, Shared, inline
from esd.replica import saved as saving
from esd.replica.index import Index
from esd.replica.saved import LEAST, MOST, SHARE, load, much_changed
from esd.store import ReplicaFile, StorageFull, create_replica_file
from esd.store.items_log import MOST_SINCE
from tests.replica.memory import folder_in_memory
from tests.replica.sets import BOTH_FORMATS, EVERYTHING, PREDICATES, expected, unsigned
from tests.replica.test_items import BRIEF, POOL, TIMES, happen
from tests.replicas import GARDEN, NOW, ROOMY, documents

MANY = LEAST  # of which a set is saved


@contextmanager
def opened(folder, *, bounds=ROOMY, run=inline):
    """The same replica each time, as over restarts."""
    path = folder / "ws-test.db"
    file = ReplicaFile(path) if path.exists() else create_replica_file(path, GARDEN)
    replica = Replica(file, bounds, run, Shared())
    try:
        yield replica
    finally:
        replica.close()


async def put(replica, entries, now=NOW):
    """Documents that nobody verifies."""
    await replica._commits.put(entries, now)


async def fill(replica, *, save=True):
    await put(replica, unsigned(MANY))
    await replica.items(EVERYTHING, NOW)
    if save:
        await replica.save_items(NOW)


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory):
    """A folder with a replica whose set was saved; to be copied."""
    folder = tmp_path_factory.mktemp("filled")

    async def fill_it():
        with opened(folder) as replica:
            await fill(replica)

    trio.run(fill_it)
    return folder


@pytest.fixture
def filled(filled_once, tmp_path):
    """One's own."""
    return shutil.copytree(filled_once, tmp_path / "filled")


def loaded(replica):
    with replica.file.scanning() as reader:
        return load(replica.file, reader)


def set_of_now(replica, predicate=EVERYTHING, now=NOW):
    """As it is made from what is saved; whether that was of use."""
    with replica.file.scanning() as reader:
        found = load(replica.file, reader)
        index = Index(predicate, reader, found)
    return list(index.look([], now, None)), found is not None


# It is always right...


class Saving:
    """One save, in its steps, so that anything may happen between them."""

    def __init__(self, replica):
        self.file = replica.file
        self.replica = replica
        self.mark = self.file.items_log.begin()
        self.items = None

    async def go_on(self, now):
        """Look; the next time, write and follow. Whether that was all."""
        if self.items is None:
            self.items = await self.replica.items(EVERYTHING, now)
            return False
        saved = saving.save(self.file, self.items, self.mark)
        saving.put_in_place(self.file, saved)
        return True


steps = st.one_of(
    st.tuples(
        st.just("ingest"),
        st.lists(st.sampled_from(POOL + BRIEF), min_size=1, max_size=6),
    ),
    st.tuples(st.just("forget"), st.sampled_from(["/a", "/!", "/b", "/"])),
    st.tuples(st.just("expire"), st.none()),
    st.tuples(st.just("time"), st.sampled_from(TIMES)),
    st.tuples(st.just("save"), st.none()),
)


class Life:
    """What happens to a replica, with saves in between."""

    def __init__(self, replica):
        self.replica = replica
        self.now = NOW
        self.save = None
        self.saves = 0

    async def change(self, what, value):
        if what == "save":
            await self.go_on_saving()
        else:
            self.now = await happen(self.replica, what, value, self.now)

    async def go_on_saving(self):
        if self.save is None:
            self.save = Saving(self.replica)
        elif await self.save.go_on(self.now):
            self.save = None
            self.saves += 1


@given(st.lists(steps, max_size=30))
@settings(max_examples=80, deadline=None)
async def test_a_loaded_set_is_that_of_the_rows(steps):
    with folder_in_memory() as folder, opened(folder) as replica:
        life = Life(replica)
        for what, value in steps:
            await life.change(what, value)
            found, was_saved = set_of_now(replica, now=life.now)
            assert found == expected(replica, EVERYTHING, life.now)
            assert was_saved == (life.saves > 0)


async def test_it_is_there_after_a_restart(filled):
    with opened(filled) as replica:
        await put(replica, unsigned(3, prefix="/later"))
        await replica.forget(Query(history="all", path_starts_with="/a/00000"), NOW)
    with opened(filled) as replica:
        for predicate in (EVERYTHING, BOTH_FORMATS):
            items = list(await replica.items(predicate, NOW))
            assert items == expected(replica, predicate, NOW)
        items, changes = loaded(replica)
        assert (len(items), changes) == (MANY + 3 - 10, 13)


@pytest.mark.parametrize("name", sorted(PREDICATES))
async def test_other_sets_do_not_come_from_it(name, filled):
    with opened(filled) as replica:
        predicate = PREDICATES[name].timeless
        items, _ = set_of_now(replica, predicate)
        assert items == expected(replica, predicate, NOW)


# When it is saved...


@pytest.mark.parametrize(
    ("changes", "size", "worth"),
    [
        (LEAST - 1, 0, False),
        (LEAST, 0, True),
        (LEAST, LEAST * SHARE + SHARE, False),
        (LEAST + 1, LEAST * SHARE + SHARE, True),
        (MOST - 1, 10 * MOST * SHARE, False),
        (MOST, 10 * MOST * SHARE, True),
    ],
)
def test_it_is_saved_when_it_has_changed_much(changes, size, worth):
    assert much_changed(changes, size) is worth


def test_no_more_changes_go_unsaved_than_are_read_again():
    assert MOST < MOST_SINCE


async def test_a_small_one_is_not_saved(tmp_path):
    with opened(tmp_path) as replica:
        await put(replica, unsigned(MANY - 1))
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert loaded(replica) is None
        await put(replica, unsigned(1, prefix="/one-more"))
        await replica.save_items(NOW)
        assert loaded(replica) is None  # it has not been told yet
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert loaded(replica) is not None


async def test_one_that_nobody_asked_for_is_not_made_to_be_saved(tmp_path):
    with opened(tmp_path) as replica:
        await put(replica, unsigned(MANY))
        await replica.save_items(NOW)
        assert not replica.file.saved_items.exists()


async def test_it_is_not_saved_again_before_it_has_changed_again(filled):
    with opened(filled) as replica:
        first = replica.file.saved_items.read_bytes()
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert replica.file.saved_items.read_bytes() == first
        await put(replica, unsigned(MANY, prefix="/more"))
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert replica.file.saved_items.read_bytes() != first
        assert loaded(replica)[1] == 0


async def test_a_set_of_some_paths_is_not_saved(tmp_path):
    with opened(tmp_path) as replica:
        await put(replica, unsigned(MANY))
        await replica.items(PREDICATES["a prefix"], NOW)
        await replica.save_items(NOW)
        assert not replica.file.saved_items.exists()


async def test_it_is_private_and_leaves_no_draft(filled):
    with opened(filled) as replica:
        assert S_IMODE(replica.file.saved_items.stat().st_mode) == 0o600
        assert [path.name for path in filled.glob("*items*")] == ["ws-test.items"]
        assert b"garden" not in replica.file.saved_items.read_bytes()


# When it is of no use...


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def grow(path):
    path.write_bytes(path.read_bytes() + b"\0")


def flip(path, place, bit=1):
    whole = bytearray(path.read_bytes())
    whole[place] ^= bit
    path.write_bytes(whole)


DAMAGE = {
    "cut": cut,
    "grown": grow,
    "empty": lambda path: path.write_bytes(b""),
    "a head alone": lambda path: path.write_bytes(path.read_bytes()[:48]),
    "another version": partial(flip, place=7),
    "another count": partial(flip, place=47),
    "a far greater count": partial(flip, place=40),
    "a bit of a key": partial(flip, place=4_000),
    "a bit of the checksum": partial(flip, place=-1),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_one_that_is_damaged_is_made_anew(damage, filled, caplog):
    caplog.set_level("INFO")
    DAMAGE[damage](filled / "ws-test.items")
    with opened(filled) as replica:
        items = list(await replica.items(EVERYTHING, NOW))
        assert items == expected(replica, EVERYTHING, NOW)
    assert caplog.messages == ["ws-test: the saved set of items is not whole"]


@pytest.mark.parametrize("place", [8, 12, 24, 31, 32, 39])
async def test_one_whose_head_was_changed_is_not_used(place, filled):
    with opened(filled) as replica:
        for bit in (1, 128):
            flip(replica.file.saved_items, place, bit)
            assert loaded(replica) is None
            flip(replica.file.saved_items, place, bit)
        assert loaded(replica)


async def test_one_that_is_newer_than_its_replica_is_not_used(tmp_path):
    with opened(tmp_path) as replica:
        await put(replica, unsigned(MANY))
    shutil.copy(tmp_path / "ws-test.db", tmp_path / "backup")
    with opened(tmp_path) as replica:
        await put(replica, unsigned(5, prefix="/lost"))
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert loaded(replica)
    shutil.copy(tmp_path / "backup", tmp_path / "ws-test.db")
    with opened(tmp_path) as replica:
        await put(replica, unsigned(10, prefix="/other"))
        assert loaded(replica) is None


async def test_one_that_was_put_in_place_by_half_is_not_used(filled):
    with opened(filled) as replica:
        await put(replica, unsigned(MANY, prefix="/more"))
        items = await replica.items(EVERYTHING, NOW)
        saving.save(replica.file, items, replica.file.items_log.begin())
        replica.file.items_draft.rename(replica.file.saved_items)
        assert loaded(replica) is None


async def test_one_after_which_too_much_came_is_not_used(filled):
    with opened(filled) as replica:
        go_forward(replica, MOST_SINCE)
        assert loaded(replica)
        go_forward(replica, 1)
        assert loaded(replica) is None


def go_forward(replica, count):
    """As if so many documents had come, and had been replaced."""
    replica.file._write_db.execute(
        "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'documents'", (count,)
    )


async def test_a_log_that_nobody_reads_is_given_up(filled):
    with opened(filled) as replica:
        fill_log(replica, MOST_SINCE)
        assert logged(replica) == MOST_SINCE
        await put(replica, unsigned(1, at=NOW + MANY))
        assert logged(replica) == 0
        assert loaded(replica) is None
        await put(replica, unsigned(1, at=NOW + MANY + 1))
        assert logged(replica) == 0  # until there is a set to be saved again
        await put(replica, unsigned(MANY, prefix="/more"))
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert loaded(replica)


def fill_log(replica, count):
    """As if so many documents had left."""
    replica.file._write_db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO gone_items (timestamp, hash) SELECT i, x'00' FROM n",
        (count,),
    )


def logged(replica):
    db = replica.file._write_db
    return db.execute("SELECT count(*) FROM gone_items").fetchone()[0]


async def test_one_whose_log_was_given_up_while_it_was_saved_is_not_kept(tmp_path):
    with opened(tmp_path) as replica:
        await put(replica, unsigned(1))
        save = Saving(replica)
        await save.go_on(NOW)
        fill_log(replica, MOST_SINCE)
        await put(replica, unsigned(1, at=NOW + 1))
        await save.go_on(NOW)
        assert not replica.file.saved_items.exists()


async def test_the_log_begins_anew_with_each_save(filled):
    with opened(filled) as replica:
        await put(replica, unsigned(MANY, at=NOW + MANY))
        assert logged(replica) == MANY
        await replica.items(EVERYTHING, NOW)
        await replica.save_items(NOW)
        assert logged(replica) == 0


async def test_where_nothing_is_saved_nothing_is_logged(tmp_path):
    with opened(tmp_path) as replica:
        await replica.ingest(Batch(documents(3)), origin="", now=NOW)
        await replica.ingest(Batch(documents(3, at=NOW + 9)), origin="", now=NOW)
        assert logged(replica) == 0


# Trouble...


async def test_nothing_is_saved_where_the_disk_is_short(tmp_path):
    with opened(tmp_path, bounds=Bounds(free_disk=1 << 62)) as replica:
        replica.file.writer.put(unsigned(MANY), NOW)
        await replica.items(EVERYTHING, NOW)
        with pytest.raises(StorageFull):
            await replica.save_items(NOW)
        assert not replica.file.saved_items.exists()


async def test_a_set_that_a_thread_is_busy_with_is_not_looked_at(tmp_path):
    asked = []

    async def run(call):
        if looking:
            asked.append(replica._commits._shared.shelf.is_unsaved(replica._commits))
        return call()

    looking = False
    with opened(tmp_path, run=run) as replica:
        await put(replica, unsigned(MANY))
        await replica.items(EVERYTHING, NOW)
        await put(replica, unsigned(3, prefix="/more"))
        looking = True
        await replica.items(EVERYTHING, NOW)
        assert asked == [False]
        assert replica._commits._shared.shelf.is_unsaved(replica._commits)


async def test_a_place_that_cannot_be_written_is_the_operators_matter(tmp_path):
    with opened(tmp_path) as replica:
        replica.file.saved_items.mkdir()
        with pytest.raises(OperatorMustAct, match="cannot be written"):
            await fill(replica)
        assert not replica.file.items_draft.exists()


async def test_a_draft_that_cannot_be_written_is_told_once(tmp_path):
    with opened(tmp_path) as replica:
        (tmp_path / "ws-test.items-new").mkdir()
        with pytest.raises(OperatorMustAct, match="cannot be written"):
            await fill(replica)
        await replica.save_items(NOW)
        assert loaded(replica) is None


async def test_it_goes_with_its_workspace(filled):
    with opened(filled) as replica:
        replica.file.items_draft.write_bytes(b"of a save that was killed")
        await replica.discard(None, "gone")
        assert list(filled.iterdir()) == []


async def test_a_workspace_that_is_removed_while_it_is_saved_stays_removed(tmp_path):
    async def run(call):
        done = call()
        if getattr(call, "func", None) is saving.save:
            await replica.discard(None, "gone")
        return done

    with opened(tmp_path, run=run) as replica:
        with pytest.raises(OperatorMustAct, match="was removed"):
            await fill(replica)
        assert list(tmp_path.iterdir()) == []
