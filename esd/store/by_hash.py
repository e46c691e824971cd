"""Documents as reconciling sees them: items in their order, and documents by hash.

An item is a timestamp and a hash. Lists of hashes come from peers, so every call looks
at a bounded number of bytes, as pages of a list do (reading).

What a set of items is made from is read in one go, in a thread, over a connection of
its own: expired documents too, each with its delete_after, since a set outlives the
moment it was made at.

A workspace can be removed while somebody reads of it in steps. The step after that
meets a closed connection, which here becomes an error of ours.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from esd.errors import OperatorMustAct
from esd.store.items_log import Item, Mark, Since, read_since
from esd.store.lookup import AT_ONCE, rows_of
from esd.store.pages import PAGE_BYTES, Given

__all__ = ["Fact", "HashReader", "Item", "Wire", "Wires"]

Paths = tuple[str, str | None]
"""From the first, up to but without the second; None: to the end."""

_ALL: Paths = ("", None)
_FACTS = "path, author, timestamp, format, delete_after, hash"


class Fact(NamedTuple):
    """What decides whether a document is in a set, and as which item."""

    path: str
    author: str
    timestamp: int
    format: str
    delete_after: int | None
    hash: bytes


class Wire(NamedTuple):
    """A document as it goes on the wire, and what queries ask about it."""

    path: str
    author: str
    timestamp: int
    format: str
    json: bytes


class Wires(NamedTuple):
    """Some documents by their hashes.

    They are what is given of the first *settled* hashes that were asked for. Or there
    is only one, which is too large for a page: its local index is *large*, for
    `slices`, and its json is empty.
    """

    found: dict[bytes, Wire]
    settled: int
    large: int | None = None


class HashReader:
    """Reads over one connection; not to be used by two threads at once.

    Each raises OperatorMustAct once the connection is closed.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._connection = db

    @property
    def _db(self) -> sqlite3.Connection:
        try:
            _ = self._connection.in_transaction  # the cheapest that an open one answers
        except sqlite3.ProgrammingError as exc:
            raise OperatorMustAct(
                "the workspace was removed", hint="add it again"
            ) from exc
        return self._connection

    @contextmanager
    def one_view(self) -> Iterator[None]:
        """Around reads that must be of one moment; for short ones, as all here are."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def items(
        self, formats: Collection[str] | None = None
    ) -> Iterator[tuple[int, bytes, int | None]]:
        """(timestamp, hash, delete_after) of all, or those formats', as items go."""
        wanted = sorted(formats) if formats is not None else []
        among = "" if formats is None else f" WHERE format IN ({_places(len(wanted))})"
        return self._db.execute(
            f"SELECT timestamp, hash, delete_after FROM documents{among}"
            " ORDER BY timestamp, hash",
            wanted,
        )

    def ephemeral_items(self) -> Iterator[tuple[int, bytes, int | None]]:
        """As `items`, in no order; only those that expire, or have."""
        return self._db.execute(
            "SELECT timestamp, hash, delete_after FROM documents"
            " WHERE delete_after IS NOT NULL"
        )

    def items_since(self, name: bytes, mark: Mark) -> Since | None:
        """What came and went since a set was saved; None: make it anew (items_log)."""
        with self.one_view():
            return read_since(self._db, name, mark)

    def facts(self, paths: Paths = _ALL) -> Iterator[Fact]:
        """Of all documents at *paths*, ordered by path and author."""
        low, high = paths
        bound = "" if high is None else " AND path < :high"
        rows = self._db.execute(
            f"SELECT {_FACTS} FROM documents WHERE path >= :low{bound}"
            " ORDER BY path, author",
            {"low": low, "high": high},
        )
        return map(Fact._make, rows)

    def known(self, hashes: Iterable[bytes], now: int) -> set[bytes]:
        """Those of the hashes whose documents we hold, living."""
        return set(self.keys_at(hashes, now))

    def keys_at(self, hashes: Iterable[bytes], now: int) -> dict[bytes, int]:
        """The timestamps of the living documents with these hashes."""
        return {
            one: timestamp
            for one, timestamp, delete_after in rows_of(
                self._db, "timestamp, delete_after", hashes
            )
            if delete_after is None or delete_after >= now
        }

    def wires(
        self,
        hashes: Sequence[bytes],
        now: int,
        *,
        given: Given | None = None,
        size: int = PAGE_BYTES,
    ) -> Wires:
        """The first living documents with these hashes; ask again for the rest.

        Only what *given* says yes to: of others not even the JSON is read. No further
        one is read once they exceed *size* bytes, nor one that does alone.
        """
        asked = hashes[:AT_ONCE]
        held = self._measured(asked, now, given)
        found: dict[bytes, Wire] = {}
        total = 0
        for place, one in enumerate(asked):
            if one in found or one not in held:
                continue
            wire, local_index, length = held[one]
            if length > size and found:
                return Wires(found, place)
            if length > size:
                return Wires({one: wire}, place + 1, local_index)
            json = self._json(local_index)
            if json is None:  # replaced just now
                continue
            found[one] = wire._replace(json=json)
            total += length
            if total > size:
                return Wires(found, place + 1)
        return Wires(found, len(asked))

    def _measured(
        self, hashes: Sequence[bytes], now: int, given: Given | None
    ) -> dict[bytes, tuple[Wire, int, int]]:
        """Without JSON: the living ones that are given, with local index and size."""
        columns = "path, author, timestamp, format, local_index, length(json)"
        return {
            one: (Wire(path, author, timestamp, format_, b""), local_index, length)
            for one, path, author, timestamp, format_, local_index, length, gone in (
                rows_of(self._db, f"{columns}, delete_after", hashes)
            )
            if (gone is None or gone >= now)
            and (given is None or given(path, author, timestamp, format_))
        }

    def _json(self, local_index: int) -> bytes | None:
        row = self._db.execute(
            "SELECT json FROM documents WHERE local_index = ?", (local_index,)
        ).fetchone()
        return None if row is None else bytes(row[0])


def _places(count: int) -> str:
    return ", ".join("?" * count)
