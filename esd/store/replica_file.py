"""One workspace's file, and the connections to it.

A file has one writer connection, used by one thread at a time (`writer`,
`peer_writer`), and one reader for the daemon's own loop. Whoever reads long opens a
reader of its own (`scanning`): a shared one would wait for the writer and see what is
not committed yet.

The file knows its address: the name of the file must not. It also has a random epoch,
renewed whenever its contents stop being a continuation of what peers may have seen (a
restored backup), so that no cursor of before can be mistaken for one of now.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from esd.errors import OperatorMustAct
from esd.formats import InvalidAddress, WorkspaceAddress
from esd.store.items_log import ItemsLog
from esd.store.peer_state import PeerWriter
from esd.store.reading import Reader
from esd.store.schema import Kind, connect, create_private, transaction, translated
from esd.store.writing import Writer

__all__ = ["ReplicaFile", "create_replica_file"]

EPOCH_BYTES = 16


class ReplicaFile:
    """The open file; `address` and `local_id` stay. Close it when done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local_id = path.stem
        self._write_db = connect(path, Kind.REPLICA)
        self._read_db: sqlite3.Connection | None = None
        try:
            self._read_db = connect(path, Kind.REPLICA)
            self.address = self._load_address()
            self.epoch: bytes = self._load("epoch")
            self.alias: str | None = self._load("alias")
            self.wire_key: bytes | None = self._load("wire_key")
        except BaseException:
            self.close()
            raise
        self.writer = Writer(self._write_db, path.name)
        self.reader = Reader(self._read_db)
        self.peer_writer = PeerWriter(self._write_db, path.name)
        self.items_log = ItemsLog(self._write_db, path.name)

    @property
    def saved_items(self) -> Path:
        """Where the set of all items is saved; there need not be one."""
        return self.path.with_suffix(".items")

    @property
    def items_draft(self) -> Path:
        """Where it is written until it is whole."""
        return self.path.with_suffix(".items-new")

    def _load_address(self) -> WorkspaceAddress:
        try:
            return WorkspaceAddress.parse(self._load("address"))
        except InvalidAddress as exc:
            raise OperatorMustAct(
                f"{self.path.name} does not say which workspace it holds",
                hint="move it away; its backup, if there is one, can be restored",
            ) from exc

    def _load(self, name: str) -> Any:  # noqa: ANN401 whatever was kept
        with translated(self.path.name):
            row = self._write_db.execute(
                "SELECT value FROM meta WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else row[0]

    def _keep(self, name: str, value: bytes | str) -> None:
        with translated(self.path.name), transaction(self._write_db):
            self._write_db.execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value)
            )

    def set_alias(self, alias: str) -> None:
        """Keep the operator's name for the workspace."""
        self._keep("alias", alias)
        self.alias = alias

    def set_wire_key(self, key: bytes) -> None:
        """Keep what is dear to compute of the address."""
        self._keep("wire_key", key)
        self.wire_key = key

    def renew_epoch(self) -> None:
        """What peers know of the order of arrival here is no longer so."""
        epoch = os.urandom(EPOCH_BYTES)
        self._keep("epoch", epoch)
        self.epoch = epoch

    @contextmanager
    def scanning(self) -> Iterator[Reader]:
        """A reader of one's own, for a long read in a thread of one's own."""
        db = connect(self.path, Kind.REPLICA)
        try:
            with translated(self.path.name):
                yield Reader(db)
        finally:
            db.close()

    def pragmas(self) -> list[dict[str, int | str]]:
        """What each open connection really runs with."""
        names = ("synchronous", "secure_delete", "journal_mode")
        return [
            {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}
            for db in (self._write_db, self._read_db)
            if db is not None
        ]

    def discard(self, folder: Path | None, stem: str) -> None:
        """Close the file, and move it into *folder* under a new name, or delete it."""
        self.close()
        if folder is not None:
            folder.mkdir(mode=0o700, exist_ok=True)
        for end in ("", "-wal", "-shm"):
            part = Path(f"{self.path}{end}")
            if folder is None:
                part.unlink(missing_ok=True)
            elif part.exists():
                part.rename(folder / f"{stem}{self.path.suffix}{end}")
        for copy in (self.saved_items, self.items_draft):
            copy.unlink(missing_ok=True)

    def close_reader(self) -> None:
        if self._read_db is not None:
            self._read_db.close()

    def close(self) -> None:
        """Close both connections; SQLite then folds the -wal into the file."""
        for db in (self._read_db, self._write_db):
            if db is not None:
                db.close()


def create_replica_file(path: Path, address: WorkspaceAddress) -> ReplicaFile:
    """Make and open a new file. A crash in the middle leaves no file of that name."""
    if path.exists():  # the only copy, perhaps; a rename would go over it
        raise OperatorMustAct(
            f"{path.name} is there already", hint="move it away, or restart esd"
        )
    draft = path.with_suffix(".new")
    for leftover in (draft, *(Path(f"{draft}{end}") for end in ("-wal", "-shm"))):
        with suppress(FileNotFoundError):
            leftover.unlink()
    with translated(path.name):
        try:
            create_private(draft)
        except OSError as exc:
            raise OperatorMustAct(
                f"{path.name} cannot be created: {exc.strerror}",
                hint="check the state directory's owner and free space",
            ) from exc
        db = connect(draft, Kind.REPLICA)
        try:
            with transaction(db):
                db.executemany(
                    "INSERT INTO meta VALUES (?, ?)",
                    [("address", address.text), ("epoch", os.urandom(EPOCH_BYTES))],
                )
        finally:
            db.close()
    draft.rename(path)
    _sync_directory(path.parent)
    return ReplicaFile(path)


def _sync_directory(folder: Path) -> None:
    """A new name is durable only once its directory is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
