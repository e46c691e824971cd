"""What the daemon does once a minute, and what must not stop it."""

import sqlite3
from pathlib import Path

from esd.daemon import open_daemon
from esd.formats import Batch
from tests.daemons import a_config
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
