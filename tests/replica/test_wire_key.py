"""What a workspace's ids on our own wire are made with."""

from contextlib import closing

import trio

from esd.formats.wire_ids import workspace_key
from esd.replica import Replica
from esd.store import ReplicaFile
from tests.replica.runs import Counting
from tests.replicas import GARDEN, ROOMY, a_replica


async def test_the_key_is_made_once_and_kept(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        assert replica.wire_key is None
        key = await replica.make_wire_key()
        assert key == workspace_key(GARDEN) == replica.wire_key
        assert run.taken() == 2
        assert await replica.make_wire_key() == key
        assert run.taken() == 0
    with closing(Replica(ReplicaFile(replica.file.path), ROOMY, run)) as again:
        assert again.wire_key == key


async def test_all_who_want_it_at_once_share_the_work(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(replica.make_wire_key)
        assert run.taken() == 2


async def test_by_default_everything_moves_and_for_anyone(tmp_path):
    with a_replica(tmp_path) as replica:
        assert (replica.anonymous, replica.halves.refuse) == (True, ())
