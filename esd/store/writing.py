"""Changing the documents of one replica.

One rule decides (FORMATS: newest document per path and author): a newcomer replaces the
document held at its key if that one has expired, or if the text
"<timestamp>,<signature>" of the newcomer is the greater one. It is compared as text, as
every Earthstar store does: otherwise two peers could disagree for ever. The outcome
does not depend on the order in which documents arrive.

A document that replaces another gets a new local_index, so every reader that goes on
after its own place in that order comes past it. The rule is applied inside the write
transaction, whatever was known before.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from esd.store.schema import transaction, translated
from esd.store.totals import Totals, load_totals, save_totals

__all__ = ["Entry", "Writer"]

EXPIRE_ROWS = 1_000  # a transaction: expiry never makes an ingest wait long


class Entry(NamedTuple):
    """A checked document, as the row it becomes."""

    path: str
    author: str
    timestamp: int
    signature: str
    delete_after: int | None
    content_length: int
    format: str
    origin: str
    hash: bytes
    json: bytes


class _Old(NamedTuple):
    """What is at a key now: `hash` is empty where the transaction itself put it."""

    timestamp: int
    signature: str
    delete_after: int | None
    hash: bytes
    size: int


_INSERT = (
    "INSERT OR REPLACE INTO documents (path, author, timestamp, signature,"
    " delete_after, content_length, format, origin, hash, json)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Writer:
    """All writes over one connection; one call at a time, in any thread.

    Raises StorageFull where the disk is full; then nothing of that call is stored.
    """

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        self._db = db
        self._name = name

    def put(self, entries: Sequence[Entry], now: int) -> list[bool]:
        """Store those that replace what is held, durably; say which did."""
        with translated(self._name), transaction(self._db):
            winners: dict[tuple[str, str], Entry] = {}
            totals = load_totals(self._db)
            accepted = []
            for entry in entries:
                key = (entry.path, entry.author)
                wins, totals = self._judge(entry, winners.get(key), totals, now)
                accepted.append(wins)
                if wins:
                    winners.pop(key, None)  # so that the order of arrival is kept
                    winners[key] = entry
            if winners:
                self._db.executemany(_INSERT, winners.values())
                save_totals(self._db, totals)
        return accepted

    def _judge(
        self, entry: Entry, earlier: Entry | None, totals: Totals, now: int
    ) -> tuple[bool, Totals]:
        old = self._old(entry) if earlier is None else _as_old(earlier)
        if old is not None:
            expired = old.delete_after is not None and now > old.delete_after
            if not expired and _rank(entry) <= _rank(old):
                return False, totals
            totals = totals.minus(old.hash, old.signature, old.size)
        return True, totals.plus(entry.hash, entry.signature, len(entry.json))

    def _old(self, entry: Entry) -> _Old | None:
        row = self._db.execute(
            "SELECT timestamp, signature, delete_after, hash, length(json)"
            " FROM documents WHERE path = ? AND author = ?",
            (entry.path, entry.author),
        ).fetchone()
        return None if row is None else _Old(*row)

    def expire(self, now: int) -> int:
        """Remove what has expired; the number of documents that went."""
        gone = 0
        with translated(self._name):
            while True:
                removed = self._expire_some(now)
                gone += removed
                if removed < EXPIRE_ROWS:
                    return gone

    def _expire_some(self, now: int) -> int:
        with transaction(self._db):
            rows = self._db.execute(
                "SELECT local_index FROM documents"
                " WHERE delete_after < :now LIMIT :rows",
                {"now": now, "rows": EXPIRE_ROWS},
            ).fetchall()
            return self._delete([row[0] for row in rows])

    def remove(self, indexes: Sequence[int]) -> int:
        """Remove documents by local index; the number of those that were there."""
        with translated(self._name), transaction(self._db):
            return self._delete(indexes)

    def _delete(self, indexes: Sequence[int]) -> int:
        totals, gone = load_totals(self._db), 0
        for index in indexes:
            row = self._db.execute(
                "DELETE FROM documents WHERE local_index = ?"
                " RETURNING hash, signature, length(json)",
                (index,),
            ).fetchone()
            if row is not None:
                totals = totals.minus(*row)
                gone += 1
        save_totals(self._db, totals)
        return gone

    def scrub(self) -> bool:
        """Take removed content out of the -wal too; False: a reader was in the way.

        Only a truncating checkpoint does it. It must not wait: while it waits for a
        reader, it would hold up every other writer.
        """
        with translated(self._name):
            (timeout,) = self._db.execute("PRAGMA busy_timeout").fetchone()
            self._db.execute("PRAGMA busy_timeout = 0")
            try:
                row = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {timeout}")
        return bool(row[0] == 0)


def _as_old(entry: Entry) -> _Old:
    return _Old(
        entry.timestamp,
        entry.signature,
        entry.delete_after,
        entry.hash,
        len(entry.json),
    )


def _rank(version: Entry | _Old) -> str:
    return f"{version.timestamp},{version.signature}"
