"""A file of every version opens, and has what this one needs."""

import sqlite3
from contextlib import closing

import pytest

from esd.store import NodeFile, ReplicaFile
from esd.store.migrations import NODE, REPLICA
from esd.store.schema import Kind
from tests.replicas import GARDEN, NOW

HASHES = [bytes([number]) * 32 for number in (9, 3, 7)]


def a_file_of_version_1(path, kind, script):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(script)
        db.execute(f"PRAGMA application_id = {kind.application_id}")
        db.execute("PRAGMA user_version = 1")


def an_old_replica(path):
    a_file_of_version_1(path, Kind.REPLICA, REPLICA[0])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO meta VALUES ('address', ?)", (GARDEN.text,))
        db.execute("INSERT INTO meta VALUES ('epoch', ?)", (b"e" * 16,))
        for number, one in enumerate(HASHES):
            db.execute(
                "INSERT INTO documents (path, author, timestamp, signature,"
                " content_length, format, origin, hash, json)"
                " VALUES (?, '@suzy', ?, 'b', 0, 'es.4', '', ?, x'7b7d')",
                (f"/{number}", NOW - number, one),
            )


@pytest.fixture
def old(tmp_path):
    an_old_replica(tmp_path / "ws-old.db")
    with closing(ReplicaFile(tmp_path / "ws-old.db")) as file:
        yield file


def test_the_documents_of_an_old_file_are_items(old):
    expected = [(NOW - n, one, None) for n, one in reversed([*enumerate(HASHES)])]
    assert list(old.reader.items()) == expected
    assert old.epoch == b"e" * 16
    assert old.wire_key is None


def plan(file, statement, *values):
    rows = file._read_db.execute(f"EXPLAIN QUERY PLAN {statement}", values)
    return " / ".join(row[3] for row in rows)


def test_all_items_are_read_from_the_index_alone(old):
    statement = "SELECT timestamp, hash, delete_after FROM documents"
    for formats in ("", " WHERE format IN ('es.3')"):
        found = plan(old, f"{statement}{formats} ORDER BY timestamp, hash")
        assert "USING COVERING INDEX documents_items" in found


def test_a_hash_is_looked_up_in_the_index(old):
    found = plan(old, "SELECT json FROM documents WHERE hash = ?", HASHES[0])
    assert "SEARCH documents USING INDEX documents_items" in found


def test_what_is_known_of_peers_can_be_kept_in_an_old_file(old):
    old.peer_writer.note_useless("pub", [(NOW, HASHES[0], None)], NOW)
    assert old.reader.peers.useless("pub", NOW) == [(NOW, HASHES[0])]


def test_a_file_is_migrated_once(tmp_path):
    an_old_replica(tmp_path / "ws-old.db")
    for _ in range(2):
        with closing(ReplicaFile(tmp_path / "ws-old.db")) as file:
            version = file._read_db.execute("PRAGMA user_version").fetchone()
            assert version == (len(REPLICA),)


def test_an_old_nodes_file_keeps_its_ids(tmp_path):
    path = tmp_path / "node.db"
    a_file_of_version_1(path, Kind.NODE, NODE[0])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO meta VALUES ('install_key', ?)", (b"k" * 32,))
    with closing(NodeFile(path)) as node:
        assert node._install_key == b"k" * 32
        assert node.high_water("ws-a") is None


def test_a_file_that_is_gone_does_not_come_back_empty(tmp_path):
    an_old_replica(tmp_path / "ws-old.db")
    with closing(ReplicaFile(tmp_path / "ws-old.db")) as file:
        file.path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(Exception, match="unable to open"), file.scanning():
            pass
        assert not file.path.exists()
