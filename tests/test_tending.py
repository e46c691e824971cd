"""What the daemon does once a minute, and what must not stop it."""

import sqlite3
from pathlib import Path

from esd.daemon import Daemon, open_daemon
from esd.formats import Batch
from esd.replica import saved
from tests.daemons import a_config
from tests.replica.sets import EVERYTHING, expected, unsigned
from tests.replicas import NOW, SECOND, a_document

BOTH = ("+canary.garden7q", "+canary.orchard8r")


async def test_a_replica_in_trouble_keeps_no_other_from_expiring(
    tmp_path: Path,
) -> None:
    with open_daemon(a_config(tmp_path, BOTH), now=lambda: NOW) as daemon:
        for replica in daemon.replicas:
            note = a_document("/!a", until=NOW + SECOND, to=replica.address)
            await replica.ingest(Batch([note]), origin="", now=NOW)
        first, second = daemon.replicas
        first.file._write_db.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(first.file.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await daemon._expire(NOW + 2 * SECOND)
        other.close()
        counts = [one.reader.totals().count for one in (first, second)]
        assert counts == [1, 0]
        await daemon._expire(NOW + 2 * SECOND)
        assert first.reader.totals().count == 0


async def test_the_set_of_a_large_replica_is_there_after_a_restart(
    tmp_path: Path,
) -> None:
    config = a_config(tmp_path, BOTH)
    with open_daemon(config, now=lambda: NOW) as daemon:
        for replica in daemon.replicas:
            replica.file.writer.put(unsigned(saved.LEAST), NOW)
            await replica.items(EVERYTHING, NOW)
        first, _ = daemon.replicas
        blocked = first.file.saved_items.with_suffix(".items-new")
        blocked.mkdir()
        await daemon._save_items(NOW)
        assert are_saved(daemon) == [False, True]  # one in trouble stops no other
        blocked.rmdir()
    with open_daemon(config, now=lambda: NOW) as daemon:
        for _ in range(2):
            for replica in daemon.replicas:
                items = list(await replica.items(EVERYTHING, NOW))
                assert items == expected(replica, EVERYTHING, NOW)
            await daemon._save_items(NOW)
        assert are_saved(daemon) == [True, True]


def are_saved(daemon: Daemon) -> list[bool]:
    found = []
    for replica in daemon.replicas:
        with replica.file.scanning() as reader:
            found.append(saved.load(replica.file, reader) is not None)
    return found
