"""What is refused, what is durable, and what is left behind on disk."""

import sqlite3

import pytest

from esd.errors import OperatorMustAct
from esd.formats import Batch
from esd.store import (
    NodeFile,
    ReplicaFile,
    StorageFull,
    create_replica_file,
    lock_state,
)
from esd.store.schema import Kind, connect, create_private
from tests.replicas import GARDEN, NOW, SECOND, SUZY, a_document, a_replica, documents


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_new_file_is_durable_at_each_commit_on_every_connection(tmp_path):
    file = create_replica_file(tmp_path / "ws-a.db", GARDEN)
    assert file.pragmas() == 2 * [
        {"synchronous": 2, "secure_delete": 1, "journal_mode": "wal"}
    ]
    with file.scanning() as reader:
        assert reader._db.execute("PRAGMA synchronous").fetchone() == (2,)
    file.close()


def test_a_file_knows_its_address_which_its_name_does_not(tmp_path):
    create_replica_file(tmp_path / "ws-a.db", GARDEN).close()
    file = ReplicaFile(tmp_path / "ws-a.db")
    assert file.address == GARDEN
    assert file.local_id == "ws-a"
    file.close()


def test_only_the_owner_can_read_a_file(tmp_path):
    file = create_replica_file(tmp_path / "ws-a.db", GARDEN)
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {0o600}
    file.close()


def test_each_new_file_has_an_epoch_of_its_own(tmp_path):
    one = create_replica_file(tmp_path / "ws-a.db", GARDEN)
    other = create_replica_file(tmp_path / "ws-b.db", GARDEN)
    assert one.epoch != other.epoch
    one.close()
    other.close()


def a_foreign_database(path):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipes (name TEXT)")
    db.commit()
    db.close()


def a_later_version(path):
    create_private(path)
    connect(path, Kind.REPLICA).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.close()


def a_node_file(path):
    NodeFile(path).close()


def no_database(path):
    path.write_bytes(b"these are not the bytes you are looking for" * 100)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (a_foreign_database, "is not a replica file of esd"),
        (a_later_version, "was written by a later esd"),
        (a_node_file, "is not a replica file of esd"),
        (no_database, "not a database, or damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_is_not_ours_is_refused_untouched(make, said, tmp_path):
    path = tmp_path / "ws-a.db"
    make(path)
    before = bytes_of(tmp_path)
    with pytest.raises(OperatorMustAct, match=said) as refusal:
        ReplicaFile(path)
    assert refusal.value.hint
    assert bytes_of(tmp_path) == before


def test_a_creation_that_was_cut_short_leaves_no_file_of_that_name(tmp_path):
    draft = tmp_path / "ws-a.new"
    draft.write_bytes(b"half a file")
    create_replica_file(tmp_path / "ws-a.db", GARDEN).close()
    assert not draft.exists()
    ReplicaFile(tmp_path / "ws-a.db").close()


def test_a_second_daemon_is_refused_while_the_first_lives(tmp_path):
    with (
        lock_state(tmp_path),
        pytest.raises(OperatorMustAct, match="another esd holds"),
        lock_state(tmp_path),
    ):
        pass
    with lock_state(tmp_path):
        pass


def test_a_state_directory_that_cannot_be_made_is_the_operators_business():
    with (
        pytest.raises(OperatorMustAct, match="cannot be used"),
        lock_state(__import__("pathlib").Path("/proc/esd")),
    ):
        pass


async def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path):
    with a_replica(tmp_path) as replica:
        first = documents(20)
        await replica.ingest(Batch(first), origin="x", now=NOW + SECOND)
        (pages,) = replica.file._write_db.execute("PRAGMA page_count").fetchone()
        replica.file._write_db.execute(f"PRAGMA max_page_count = {pages + 2}")
        more = documents(500, prefix="/more")
        with pytest.raises(StorageFull) as full:
            await replica.ingest(Batch(more), origin="x", now=NOW + SECOND)
        assert full.value.hint
        assert replica.reader.totals().count == 20
        replica.file._write_db.execute("PRAGMA max_page_count = 1000000")
        tally = await replica.ingest(Batch(more), origin="x", now=NOW + SECOND)
        assert tally.accepted == 500


async def test_expired_content_is_physically_gone(tmp_path):
    with a_replica(tmp_path) as replica:
        secret = a_document("/!note", "burn after reading", until=NOW + SECOND)
        await replica.ingest(Batch([secret]), origin="x", now=NOW)
        assert any(b"burn after" in data for data in bytes_of(tmp_path).values())
        assert await replica.expire(NOW + SECOND + 1) == 1
        assert not any(b"burn after" in data for data in bytes_of(tmp_path).values())


async def test_overwritten_content_is_gone_with_the_next_expiry(tmp_path):
    with a_replica(tmp_path) as replica:
        await replica.write(SUZY, "/a", "a word too many", now=NOW)
        await replica.write(SUZY, "/a", "", now=NOW + SECOND)
        await replica.expire(NOW + SECOND)
        assert not any(b"too many" in data for data in bytes_of(tmp_path).values())


async def test_a_reader_in_the_way_only_puts_the_scrubbing_off(tmp_path):
    with a_replica(tmp_path) as replica:
        secret = a_document("/!note", "burn after reading", until=NOW + SECOND)
        await replica.ingest(Batch([secret]), origin="x", now=NOW)
        with replica.file.scanning() as reader:
            reader._db.execute("BEGIN")
            reader._db.execute("SELECT count(*) FROM documents").fetchone()
            await replica.expire(NOW + SECOND + 1)
            assert any(b"burn after" in data for data in bytes_of(tmp_path).values())
        await replica.expire(NOW + 2 * SECOND)
        assert not any(b"burn after" in data for data in bytes_of(tmp_path).values())


async def test_totals_are_what_counting_would_say(tmp_path):
    with a_replica(tmp_path) as replica:
        await replica.ingest(Batch(documents(50)), origin="x", now=NOW + SECOND)
        await replica.write(SUZY, "/doc/000007", "again", now=NOW + 2 * SECOND)
        ephemeral = a_document("/!e", until=NOW + 3 * SECOND)
        await replica.ingest(Batch([ephemeral]), origin="x", now=NOW + SECOND)
        await replica.expire(NOW + 4 * SECOND)
        totals = replica.reader.totals()
        with a_replica(_folder(tmp_path, "other")) as other:
            pieces = [piece async for piece in replica_list(replica)]
            await ingest_json(other, b"".join(pieces))
            assert other.reader.totals() == totals
        assert totals.count == 50


def _folder(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    return folder


def replica_list(replica):
    from esd.replica import Listing  # noqa: PLC0415

    return Listing(replica).pieces(NOW + 4 * SECOND)


async def ingest_json(replica, data):
    from esd.formats.batches import BatchDecoder  # noqa: PLC0415

    decoder = BatchDecoder()
    for batch in (decoder.feed(data), decoder.close()):
        await replica.ingest(batch, origin="x", now=NOW + 4 * SECOND)


def test_a_file_that_another_program_keeps_locked_is_for_the_operator(tmp_path):
    node_file = NodeFile(tmp_path / "node.db")
    with node_file._turns.reading() as db:
        db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperatorMustAct, match="another program"):
        node_file.note_clock(NOW)
    other.close()
    node_file.note_clock(NOW)
    node_file.close()
