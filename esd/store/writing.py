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

import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import chain
from typing import NamedTuple

from esd.store.items_log import Item, note_gone
from esd.store.lookup import Key, rows_at
from esd.store.schema import transaction, translated
from esd.store.totals import Counted, load_totals, save_totals

__all__ = ["EXPIRE_ROWS", "Entry", "Put", "Stored", "Writer"]

# Inserted by one statement. Each gives up the interpreter's lock and has to win it
# back from the threads that check signatures; one a row costs a sixth more CPU.
ROWS = 20
EXPIRE_ROWS = 1_000  # a transaction: expiry never makes an ingest wait long


class Put(Enum):
    """What becomes of an entry."""

    ACCEPTED = auto()
    OBSOLETE = auto()
    NO_ROOM = auto()


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

    @property
    def size(self) -> int:
        return len(self.json)


class Stored(NamedTuple):
    """What became of each entry, and of the set of documents.

    `hidden` says when what hides an obsolete entry expires, by the entry's place.
    """

    answers: list[Put]
    hidden: dict[int, int]
    came: Collection[Entry]
    gone: list[Item]  # replaced by what came


class _Old(NamedTuple):
    """What is at a key before the transaction."""

    local_index: int
    timestamp: int
    signature: str
    delete_after: int | None
    hash: bytes
    size: int


_ROW = f"({', '.join('?' * len(Entry._fields))})"
# Whatever fails in it ends the transaction. If it were only undone itself, SQLite would
# first have to set aside each page that it changes: 3 us a document, and 8 among a
# million documents.
_INSERT = (
    "INSERT OR ROLLBACK INTO documents (path, author, timestamp, signature,"
    " delete_after, content_length, format, origin, hash, json) VALUES "
)
_INSERT_ONE = _INSERT + _ROW
_INSERT_SOME = _INSERT + ", ".join([_ROW] * ROWS)


class Writer:
    """All writes over one connection; one call at a time, in any thread.

    Raises StorageFull where the disk is full; then nothing of that call is stored.
    """

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        self._db = db
        self._name = name

    def put(self, entries: Sequence[Entry], now: int, room: float = math.inf) -> Stored:
        """Store those that replace what is held, durably; what became of each.

        *room* is how many bytes of JSON may be added in all.
        """
        answers: list[Put] = []
        hidden: dict[int, int] = {}
        winners: dict[Key, Entry] = {}
        gone: list[Item] = []
        with translated(self._name), transaction(self._db):
            keys = [(entry.path, entry.author) for entry in entries]
            olds = self._olds(keys)
            held: dict[Key, Entry | _Old] = {**olds}
            for key, entry in zip(keys, entries, strict=True):
                old = held.get(key)
                answer, room = _judge(entry, old, now, room)
                if answer is Put.ACCEPTED:
                    winners.pop(key, None)  # so that the order of arrival is kept
                    winners[key] = held[key] = entry
                elif until := _hidden_until(entry, old):
                    hidden[len(answers)] = until
                answers.append(answer)
            if winners:
                gone = self._replace(olds, winners)
        return Stored(answers, hidden, winners.values(), gone)

    def _olds(self, keys: Sequence[Key]) -> dict[Key, _Old]:
        columns = "local_index, timestamp, signature, delete_after, hash, length(json)"
        return {
            (path, author): _Old(*row)
            for path, author, *row in rows_at(self._db, columns, keys)
        }

    def _replace(
        self, olds: Mapping[Key, _Old], winners: Mapping[Key, Entry]
    ) -> list[Item]:
        gone = [olds[key] for key in winners.keys() & olds.keys()]
        totals = load_totals(self._db)
        totals = totals.minus((old.hash, old.signature, old.size) for old in gone)
        totals = totals.plus(
            (new.hash, new.signature, len(new.json)) for new in winners.values()
        )
        self._db.executemany(
            "DELETE FROM documents WHERE local_index = ?",
            [(old.local_index,) for old in gone],
        )
        self._insert([*winners.values()])
        save_totals(self._db, totals)
        items = [(old.timestamp, old.hash) for old in gone]
        note_gone(self._db, items)
        return items

    def _insert(self, rows: Sequence[Entry]) -> None:
        rest = len(rows) - len(rows) % ROWS
        for start in range(0, rest, ROWS):
            some = rows[start : start + ROWS]
            self._db.execute(_INSERT_SOME, [*chain.from_iterable(some)])
        self._db.executemany(_INSERT_ONE, rows[rest:])

    def expire(self, now: int) -> list[Item]:
        """Remove what has expired: at most EXPIRE_ROWS, and fewer if that is all."""
        with translated(self._name), transaction(self._db):
            rows = self._db.execute(
                "SELECT local_index FROM documents"
                " WHERE delete_after < :now LIMIT :rows",
                {"now": now, "rows": EXPIRE_ROWS},
            ).fetchall()
            return self._delete([row[0] for row in rows])

    def remove(self, indexes: Sequence[int]) -> list[Item]:
        """Remove documents by local index; those that were there."""
        with translated(self._name), transaction(self._db):
            return self._delete(indexes)

    def _delete(self, indexes: Sequence[int]) -> list[Item]:
        gone: list[Item] = []

        def deleted() -> Iterator[Counted]:
            for index in indexes:
                row = self._db.execute(
                    "DELETE FROM documents WHERE local_index = ?"
                    " RETURNING timestamp, hash, signature, length(json)",
                    (index,),
                ).fetchone()
                if row is not None:
                    timestamp, document_hash, signature, size = row
                    gone.append((timestamp, document_hash))
                    yield document_hash, signature, size

        save_totals(self._db, load_totals(self._db).minus(deleted()))
        note_gone(self._db, gone)
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


def _judge(
    entry: Entry, old: Entry | _Old | None, now: int, room: float
) -> tuple[Put, float]:
    """The answer, and the room left. What grows nothing always has room."""
    if old is None:
        growth = len(entry.json)
    elif _replaces(entry, old, now):
        growth = len(entry.json) - old.size
    else:
        return Put.OBSOLETE, room
    if growth > max(room, 0):
        return Put.NO_ROOM, room
    return Put.ACCEPTED, room - growth


def _hidden_until(entry: Entry, old: Entry | _Old | None) -> int | None:
    """When the ephemeral document expires that alone keeps *entry* out."""
    if old is None or old.delete_after is None or _rank(old) <= _rank(entry):
        return None
    return old.delete_after


def _replaces(entry: Entry, old: Entry | _Old, now: int) -> bool:
    if old.delete_after is not None and now > old.delete_after:
        return True
    return _rank(entry) > _rank(old)


def _rank(version: Entry | _Old) -> str:
    return f"{version.timestamp},{version.signature}"
