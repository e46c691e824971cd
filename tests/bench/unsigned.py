"""Very many documents that two esds hold in common, put straight into their files.

They never move, so nobody ever verifies them, and their signatures are none. All else
is as in any document: what is held is what is served, and hashes to what is kept.

A file is made once and copied. Documents are put in order of their hashes, a batch at a
time: in order of arrival a million would take SQLite twice as long.
"""

import hashlib
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path

from esd.daemon import open_daemon
from esd.formats import WorkspaceAddress, document_hash, encode, encode_base32
from esd.formats.es4 import NAME, Es4Document
from esd.replica import LOCAL
from esd.store import Entry, ReplicaFile
from tests.bench.documents import CONTENT, WORKSPACE
from tests.bench.esd_process import STATE
from tests.daemons import a_config

SPAN = 94_608_000_000_000  # three years of µs
AT_ONCE = 100_000

AUTHOR = "@suzy.b" + "a" * 52
TEXT = "abcdefghij" * (CONTENT // 10)
CONTENT_HASH = encode_base32(hashlib.sha256(TEXT.encode()).digest())
NO_SIGNATURE = encode_base32(bytes(64))


def fill_both(count: int, house: Path, away: Path, begin: int) -> None:
    """Leave the same *count* documents in the states of two folders.

    Their timestamps are spread by chance over the three years after *begin*.
    """
    chance = random.Random(count)
    with _replica_file(house) as file:
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count))
            entries = [
                _entry(number, begin + chance.randrange(SPAN)) for number in numbers
            ]
            file.writer.put(sorted(entries, key=attrgetter("hash")), 0)
    with _replica_file(away) as other:
        pass
    shutil.copyfile(file.path, other.path)


@contextmanager
def _replica_file(folder: Path) -> Iterator[ReplicaFile]:
    """Of the only workspace of an esd with its state in *folder*."""
    folder.mkdir()
    with open_daemon(a_config(folder / STATE, [WORKSPACE])) as daemon:
        replica = daemon.replicas.get(WorkspaceAddress.parse(WORKSPACE))
        assert replica is not None
        yield replica.file


def _entry(number: int, timestamp: int) -> Entry:
    document = Es4Document(
        workspace=WORKSPACE,
        path=f"/common/{number:07}",
        content_hash=CONTENT_HASH,
        content=TEXT,
        author=AUTHOR,
        timestamp=timestamp,
        delete_after=None,
        signature=NO_SIGNATURE,
    )
    return Entry(
        path=document.path,
        author=document.author,
        timestamp=timestamp,
        signature=document.signature,
        delete_after=None,
        content_length=CONTENT,
        format=NAME,
        origin=LOCAL,
        hash=document_hash(document),
        json=encode(document),
    )
