"""All replicas: made once, found again after a restart, and never left out quietly."""

import logging
import shutil
from contextlib import contextmanager

import pytest
import trio

from esd.errors import OperatorMustAct
from esd.formats import WorkspaceAddress
from esd.replica import Bounds, Replicas, TooManyWorkspaces, inline
from esd.store import NodeFile, ReplicaFile, create_replica_file
from tests.replica.runs import Held
from tests.replica.test_ingest import ingest
from tests.replicas import GARDEN, NOW, ROOMY, a_document

ORCHARD = WorkspaceAddress.parse("+canary.orchard8r")


@contextmanager
def opened(folder, bounds=ROOMY):
    node = NodeFile(folder / "node.db")
    (folder / "replicas").mkdir(exist_ok=True)
    replicas = Replicas(folder / "replicas", node, bounds, inline)
    try:
        replicas.open_all()
        yield replicas
    finally:
        replicas.close()
        node.close()


def files(folder):
    return sorted(path.name for path in (folder / "replicas").iterdir())


def test_at_first_there_are_none(tmp_path):
    with opened(tmp_path) as replicas:
        assert (len(replicas), list(replicas)) == (0, [])
        assert replicas.get(GARDEN) is None


def test_a_workspace_has_one_replica(tmp_path):
    with opened(tmp_path) as replicas:
        replica = replicas.add(GARDEN)
        assert replicas.add(GARDEN) is replica
        assert replicas.get(WorkspaceAddress.parse("+canary.garden7q")) is replica
        assert list(replicas) == [replica]
        assert replicas.listing(replica) is replicas.listing(replica)


def test_the_bell_rings_for_a_new_one_only(tmp_path):
    with opened(tmp_path) as replicas:
        replicas.add(GARDEN)
        replicas.add(GARDEN)
        replicas.add(ORCHARD)
        assert replicas.bell.count == 2


def test_no_file_is_named_after_its_workspace(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with opened(tmp_path) as replicas:
        replica = replicas.add(GARDEN)
        names = files(tmp_path)
        assert f"{replica.local_id}.db" in names
        assert not [name for name in names if "garden" in name]
        assert "garden" not in repr(replica) + repr(replicas) + repr(replica.address)
    assert "garden" not in caplog.text


async def test_what_was_open_is_found_again(tmp_path):
    with opened(tmp_path) as replicas:
        await ingest(replicas.add(GARDEN), a_document())
        replicas.add(ORCHARD)
        ids = {replica.local_id for replica in replicas}
    with opened(tmp_path) as replicas:
        assert {replica.local_id for replica in replicas} == ids
        assert replicas.get(GARDEN).reader.totals().count == 1
        assert replicas.get(ORCHARD).reader.page(NOW).documents == []


async def test_a_lost_node_file_loses_no_workspace(tmp_path):
    with opened(tmp_path) as replicas:
        await ingest(replicas.add(GARDEN), a_document())
    (tmp_path / "node.db").unlink()
    with opened(tmp_path) as replicas:
        assert replicas.add(GARDEN).reader.totals().count == 1
        assert len(replicas) == 1


def test_there_is_a_most_of_workspaces(tmp_path):
    with opened(tmp_path, Bounds(free_disk=0, max_workspaces=1)) as replicas:
        replicas.add(GARDEN)
        with pytest.raises(TooManyWorkspaces, match="max_workspaces"):
            replicas.add(ORCHARD)
        assert replicas.add(GARDEN) is replicas.get(GARDEN)
        assert len([name for name in files(tmp_path) if name.endswith(".db")]) == 1


def test_what_is_there_is_opened_even_where_it_is_too_many(tmp_path):
    with opened(tmp_path) as replicas:
        replicas.add(GARDEN)
        replicas.add(ORCHARD)
    with opened(tmp_path, Bounds(free_disk=0, max_workspaces=1)) as replicas:
        assert len(replicas) == 2


def test_two_files_of_one_workspace_stop_the_start(tmp_path):
    with opened(tmp_path) as replicas:
        name = replicas.add(GARDEN).local_id
    folder = tmp_path / "replicas"
    shutil.copy(folder / f"{name}.db", folder / "ws-copy.db")
    with (
        pytest.raises(OperatorMustAct, match="one workspace") as stop,
        opened(tmp_path),
    ):
        pass
    assert name in str(stop.value)
    assert "ws-copy" in str(stop.value)
    assert "garden" not in str(stop.value)
    assert stop.value.hint


@pytest.mark.parametrize(
    "damage", [b"", b"not a database" * 500], ids=["empty", "other"]
)
def test_a_file_that_cannot_be_used_stops_the_start(damage, tmp_path):
    with opened(tmp_path) as replicas:
        replicas.add(GARDEN)
    broken = tmp_path / "replicas" / "ws-broken.db"
    broken.write_bytes(damage)
    with (
        pytest.raises(OperatorMustAct, match=r"ws-broken\.db") as stop,
        opened(tmp_path),
    ):
        pass
    assert stop.value.hint


def test_a_damaged_page_stops_the_start(tmp_path):
    with opened(tmp_path) as replicas:
        path = replicas.add(GARDEN).file.path
    data = bytearray(path.read_bytes())
    data[100:3000] = b"\xff" * 2900
    path.write_bytes(data)
    with pytest.raises(OperatorMustAct, match=r"damaged"), opened(tmp_path):
        pass


def test_what_is_not_a_replica_is_left_alone(tmp_path):
    with opened(tmp_path) as replicas:
        replicas.add(GARDEN)
    for name in ("ws-half.new", "notes.txt", "backup.db"):
        (tmp_path / "replicas" / name).write_bytes(b"something else")
    with opened(tmp_path) as replicas:
        assert len(replicas) == 1


def test_a_file_that_was_moved_in_is_a_replica(tmp_path):
    with opened(tmp_path):
        pass
    create_replica_file(tmp_path / "replicas" / "ws-moved.db", ORCHARD).close()
    with opened(tmp_path) as replicas:
        assert replicas.get(ORCHARD).local_id == "ws-moved"


@contextmanager
def held_up(folder):
    """Replicas and one of them, whose writer is busy until the gate opens."""
    with opened(folder) as replicas:
        held = replicas.run = Held()
        yield replicas, replicas.add(GARDEN), held


async def test_a_workspace_is_not_made_while_its_old_file_is_in_place(tmp_path):
    with held_up(tmp_path) as (replicas, old, held):
        await ingest(old, a_document())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(old.change, held.wait)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(replicas.remove, old, tmp_path / "removed", NOW)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(OperatorMustAct, match="being removed"):
                replicas.add(GARDEN)
            held.gate.set()
        await ingest(replicas.add(GARDEN), a_document("/new"))
        (kept,) = (tmp_path / "removed").iterdir()
        file = ReplicaFile(kept)
        assert len(file.reader.page(NOW).documents) == 1
        file.close()


async def test_a_removal_is_not_left_half_done(tmp_path):
    with held_up(tmp_path) as (replicas, old, held):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(old.change, held.wait)
            await trio.testing.wait_all_tasks_blocked()
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_and_open, scope, held)
                await replicas.remove(old, None, NOW)
        assert files(tmp_path) == []


async def cancel_and_open(scope, held):
    await trio.testing.wait_all_tasks_blocked()
    scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    held.gate.set()


async def test_whoever_still_writes_to_a_removed_workspace_is_told(tmp_path):
    with opened(tmp_path) as replicas:
        replica = replicas.add(GARDEN)
        await replicas.remove(replica, None, NOW)
        with pytest.raises(OperatorMustAct, match="removed"):
            await replica.expire(NOW)


def test_no_file_is_written_over(tmp_path):
    create_replica_file(tmp_path / "ws-a.db", GARDEN).close()
    with pytest.raises(OperatorMustAct, match="there already"):
        create_replica_file(tmp_path / "ws-a.db", GARDEN)
