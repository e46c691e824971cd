"""A file that was restored from an older copy, by whatever means, is noticed."""

import logging
import shutil
import sqlite3
from contextlib import contextmanager

import pytest

from esd.errors import OperatorMustAct
from esd.replica import Replicas, inline
from esd.store import NodeFile
from tests.replica.signed import documents
from tests.replica.test_ingest import ingest
from tests.replica.test_replicas import ORCHARD, opened
from tests.replicas import GARDEN, ROOMY, a_document


async def filled(folder, *documents):
    """Open, take these in, and close; the replica's file and its epoch."""
    with opened(folder) as replicas:
        replica = replicas.add(GARDEN)
        await ingest(replica, *documents)
        return replica.file.path, replica.epoch


def epoch(folder):
    with opened(folder) as replicas:
        return replicas.add(GARDEN).epoch


async def test_a_restored_file_gets_a_new_epoch_once(tmp_path, caplog):
    path, before = await filled(tmp_path, *documents(5))
    shutil.copy(path, tmp_path / "backup")
    await filled(tmp_path, a_document())
    shutil.copy(tmp_path / "backup", path)
    caplog.set_level(logging.INFO)
    after = epoch(tmp_path)
    assert after != before
    assert caplog.messages == [f"{path.stem} was restored from an older copy"]
    assert epoch(tmp_path) == after
    assert len(caplog.messages) == 1
    assert "garden" not in caplog.text


async def test_what_was_remembered_of_peers_there_is_of_another_epoch(tmp_path):
    path, before = await filled(tmp_path, *documents(5))
    shutil.copy(path, tmp_path / "backup")
    await filled(tmp_path, a_document())
    shutil.copy(tmp_path / "backup", path)
    with opened(tmp_path) as replicas:
        replica = replicas.get(GARDEN)
        assert replica.epoch == replica.file.epoch != before
        await ingest(replica, a_document("/other"))
        assert replica.last_index == 6


async def test_a_file_that_goes_on_keeps_its_epoch(tmp_path):
    _, before = await filled(tmp_path, *documents(5))
    assert epoch(tmp_path) == before
    await filled(tmp_path, a_document())
    assert epoch(tmp_path) == before


async def test_a_copy_that_is_level_is_no_older_one(tmp_path):
    path, before = await filled(tmp_path, *documents(5))
    shutil.copy(path, tmp_path / "backup")
    shutil.copy(tmp_path / "backup", path)
    assert epoch(tmp_path) == before


async def test_a_file_of_another_epoch_is_another_file(tmp_path):
    path, _ = await filled(tmp_path, *documents(5))
    path.unlink()
    with opened(tmp_path) as replicas:
        made = replicas.add(GARDEN).epoch
    assert epoch(tmp_path) == made


@contextmanager
def killed(folder):
    """Replicas that nobody closes in good order."""
    node = NodeFile(folder / "node.db")
    (folder / "replicas").mkdir(exist_ok=True)
    replicas = Replicas(folder / "replicas", node, ROOMY, inline)
    replicas.open_all()
    try:
        yield replicas
    finally:
        for replica in replicas:
            replica.close()
        node.close()


async def test_what_was_noted_holds_after_a_crash(tmp_path):
    with killed(tmp_path) as replicas:
        replica = replicas.add(GARDEN)
        await ingest(replica, *documents(5))
        replica.file._write_db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(replica.file.path, tmp_path / "backup")
        await ingest(replica, a_document())
        await replicas.note_high_water()
        path, before = replica.file.path, replica.epoch
    shutil.copy(tmp_path / "backup", path)
    assert epoch(tmp_path) != before


async def test_noting_writes_only_what_changed(tmp_path):
    with opened(tmp_path) as replicas:
        one, other = replicas.add(GARDEN), replicas.add(ORCHARD)
        await ingest(one, a_document())
        await replicas.note_high_water()
        assert replicas._unnoted() == {}
        await replicas.note_high_water()
        await ingest(other, a_document(to=ORCHARD))
        assert list(replicas._unnoted()) == [other.local_id]


async def test_a_nodes_file_in_trouble_keeps_nobody_from_stopping(tmp_path, caplog):
    with opened(tmp_path) as replicas:
        await ingest(replicas.add(GARDEN), a_document())
        with replicas._node._turns.reading() as db:
            db.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperatorMustAct):
            await replicas.note_high_water()
    other.close()
    with opened(tmp_path) as replicas:
        assert replicas.get(GARDEN).last_index == 1
        assert caplog.messages == []
