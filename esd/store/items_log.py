"""What came and went since the set of all items was saved.

To make the set of a million items from their rows takes seconds; to read it from a file
(saved_items) a quarter of one. So it is saved now and then, with a mark: how far the
documents had come, and the log of what left. What came since is told by the local
index, which is never reused. What left is told by nothing, so it is written down here,
in the transaction that removes it.

    the set now = (the saved set - what left after the mark) + the rows after the mark

The mark is taken first and the set looked at later, so some of this may be in the set
already; that does no harm. What left and came back has a new local index.

A saved set has a random name. It stands in the replica's file from the transaction in
which the log begins to follow that set, so a set that a crash left behind, or one that
lies beside a restored copy, is not taken for this one. The empty name is no set's: the
log is kept, and the set is still being saved.

A log that nobody reads must not grow for ever: past MOST_SINCE it is given up, and the
saved set with it. The log has hashes of documents that are gone, and no more of them.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from esd.store.schema import transaction, translated

__all__ = ["MOST_SINCE", "Item", "ItemsLog", "Mark", "Since", "note_gone", "read_since"]

Item = tuple[int, bytes]
"""(timestamp, hash) of a document."""

MOST_SINCE = 100_000  # that came, or left; to apply them takes half as long as a scan

_SAVING = b""
_NAME = "SELECT value FROM meta WHERE name = 'saved_items'"


class Mark(NamedTuple):
    """The last local index, and the last number in the log."""

    last_index: int
    last_gone: int


class Since(NamedTuple):
    """What happened after a mark; first these went, then those came."""

    gone: list[Item]
    came: list[Item]


class ItemsLog:
    """Writes over the connection of the replica's writer, and at the same turns."""

    def __init__(self, db: sqlite3.Connection, file: str) -> None:
        self._db = db
        self._file = file

    def begin(self) -> Mark:
        """Where a set stands that is looked at from now on; what leaves is logged."""
        with translated(self._file), transaction(self._db):
            if _name(self._db) is None:
                self._db.execute(
                    "INSERT INTO meta VALUES ('saved_items', ?)", (_SAVING,)
                )
            return _here(self._db)

    def follow(self, name: bytes, mark: Mark) -> bool:
        """The set of that name and mark is saved; False: the log was given up since."""
        with translated(self._file), transaction(self._db):
            if _name(self._db) is None:
                return False
            self._db.execute(
                "UPDATE meta SET value = ? WHERE name = 'saved_items'", (name,)
            )
            self._db.execute(
                "DELETE FROM gone_items WHERE number <= ?", (mark.last_gone,)
            )
        return True


def note_gone(db: sqlite3.Connection, gone: Sequence[Item]) -> None:
    """Log what leaves, if a log is kept; inside the transaction that removes it."""
    if not gone or _name(db) is None:
        return
    db.executemany("INSERT INTO gone_items (timestamp, hash) VALUES (?, ?)", gone)
    (length,) = db.execute(
        "SELECT (SELECT max(number) FROM gone_items)"
        " - (SELECT min(number) FROM gone_items)"
    ).fetchone()
    if length >= MOST_SINCE:
        db.execute("DELETE FROM gone_items")
        db.execute("DELETE FROM meta WHERE name = 'saved_items'")


def read_since(db: sqlite3.Connection, name: bytes, mark: Mark) -> Since | None:
    """What happened since; None: too much, or the log follows no set of that name.

    To be called in one view of the file.
    """
    last_index, _ = _here(db)
    if _name(db) != name or last_index - mark.last_index > MOST_SINCE:
        return None
    gone = db.execute(
        "SELECT timestamp, hash FROM gone_items WHERE number > ?", (mark.last_gone,)
    ).fetchall()
    came = db.execute(
        "SELECT timestamp, hash FROM documents WHERE local_index > ?",
        (mark.last_index,),
    ).fetchall()
    return Since(gone, came)


def _name(db: sqlite3.Connection) -> bytes | None:
    row = db.execute(_NAME).fetchone()
    return None if row is None else row[0]


def _here(db: sqlite3.Connection) -> Mark:
    last = dict(
        db.execute(
            "SELECT name, seq FROM sqlite_sequence"
            " WHERE name IN ('documents', 'gone_items')"
        ).fetchall()
    )
    return Mark(last.get("documents", 0), last.get("gone_items", 0))
