"""What an SQLite file of ours looks like, and how one is opened.

There are two kinds: a replica's file (one workspace: its documents and what we know of
each peer about it) and the node's file (everything that belongs to no workspace). The
kind is written as SQLite's application_id and the version of the tables as
user_version, so a file that is not ours, or comes from a later esd, is refused before
it is touched. What the tables are, migrations tells.

Every connection gets the same pragmas. synchronous=FULL makes a commit durable before
it returns: what we acknowledge is on disk. secure_delete makes overwritten content gone
and not only unlinked. Migrations are a list: step n leads from version n to n + 1, each
in one transaction, so a crash in the middle leaves the version it started from.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from esd.errors import OperatorMustAct
from esd.store.migrations import NODE, REPLICA

__all__ = [
    "Kind",
    "StorageFull",
    "connect",
    "create_private",
    "transaction",
    "translated",
]

OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
BUSY_TIMEOUT = 5_000  # ms; only an operator's tool ever competes for the lock
WAL_PAGES = 4_000  # checkpoint at 16 MB: a first sync checkpoints a few times, not 100
CACHE_KIB = 16_384  # per connection: the index pages of a million documents


class Kind(Enum):
    """(application_id, migrations) of each kind of file."""

    REPLICA = (0x45534452, REPLICA)
    NODE = (0x4553444E, NODE)

    @property
    def application_id(self) -> int:
        return self.value[0]

    @property
    def migrations(self) -> tuple[str, ...]:
        return self.value[1]


class StorageFull(OperatorMustAct):
    """Nothing more can be stored; what is stored stays readable."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what SQLite says about the disk and the file into our errors."""
    try:
        yield
    except sqlite3.Error as exc:
        match getattr(exc, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL:
                raise StorageFull(
                    f"{what}: the disk is full", hint="free some space"
                ) from exc
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                raise OperatorMustAct(
                    f"{what}: not a database, or damaged",
                    hint="restore it from a backup, or move it away",
                ) from exc
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                raise OperatorMustAct(
                    f"{what}: {exc}", hint="check the disk and the file's owner"
                ) from exc
            case sqlite3.SQLITE_BUSY:
                raise OperatorMustAct(
                    f"{what}: another program keeps it locked",
                    hint="let it finish, or end it",
                ) from exc
            case sqlite3.SQLITE_READONLY:
                raise OperatorMustAct(
                    f"{what}: read-only", hint="check the disk and the file's owner"
                ) from exc
            case _:
                raise


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT; any exception rolls everything back."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself; a second ROLLBACK would raise.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def create_private(path: Path) -> None:
    """Make an empty file that only its owner may read; -wal and -shm follow it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def connect(path: Path, kind: Kind) -> sqlite3.Connection:
    """Open *path*, checked and migrated. Usable from any one thread at a time.

    It must be there: a file removed meanwhile must not come back as an empty one.
    Raises OperatorMustAct where the file is not of *kind*, from a later esd, damaged or
    not to be opened; then nothing in it was changed.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise OperatorMustAct(
            f"SQLite {sqlite3.sqlite_version} is too old",
            hint="3.37 or later is needed",
        )
    with translated(path.name):
        place = f"file:{quote(os.fspath(path))}?mode=rw"
        db = sqlite3.connect(
            place, uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            _check_kind(db, path, kind)
            _set_pragmas(db)
            _migrate(db, kind)
        except BaseException:
            db.close()
            raise
    return db


def _check_kind(db: sqlite3.Connection, path: Path, kind: Kind) -> None:
    (application_id,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application_id != kind.application_id and (application_id or tables):
        raise OperatorMustAct(
            f"{path.name} is not a {kind.name.lower()} file of esd",
            hint="move it away, or set another state_dir",
        )
    if version > len(kind.migrations):
        raise OperatorMustAct(
            f"{path.name} was written by a later esd (version {version}, "
            f"this one knows {len(kind.migrations)})",
            hint="install that esd again, or restore the backup made before it ran",
        )


def _set_pragmas(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _migrate(db: sqlite3.Connection, kind: Kind) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for step in range(version, len(kind.migrations)):
        with transaction(db):
            for statement in kind.migrations[step].split(";\n"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA application_id = {kind.application_id}")
            db.execute(f"PRAGMA user_version = {step + 1}")
