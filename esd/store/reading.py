"""Reading the documents of one replica.

Every call is one short read: it leaves no cursor open, so no reader ever pins the
write-ahead log, however slow the peer is that the result is for. Long lists are read in
pages that start after a key; a document that is replaced between two pages keeps its
place in the order of (path, author), so it is seen once, old or new. A long document is
read in slices, because thousands of slow readers may each hold what was read last.

Expired means absent: every read takes `now` (wall clock, µs) and shows no document with
now > delete_after. The rows may still be there until the next `expire`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from esd.errors import EsdError
from esd.store.lookup import Key, rows_at
from esd.store.pages import PAGE_BYTES, PAGE_ROWS, Given, Page, page_of
from esd.store.peer_state import PeerReader
from esd.store.steps import LIVING, StepReader, stopping, up_to
from esd.store.totals import Counted, Totals, load_totals

__all__ = ["Arrival", "Held", "Key", "Reader", "Replaced", "Row"]

SHORT = 4 << 10  # bytes; a batch looks up some hundred documents at once

_HELD = (
    "local_index, timestamp, signature, delete_after,"
    f" iif(length(json) <= {SHORT}, json, NULL)"
)


class Held(NamedTuple):
    """What decides whether a newcomer replaces the document we hold at its key."""

    local_index: int
    timestamp: int
    signature: str
    delete_after: int | None
    json: bytes | None  # only where it is short: a batch may name many long ones

    @property
    def rank(self) -> str:
        return f"{self.timestamp},{self.signature}"


class Row(NamedTuple):
    """A document as queries see it, without its content."""

    path: str
    author: str
    timestamp: int
    signature: str
    content_length: int
    local_index: int
    format: str


class Arrival(NamedTuple):
    """A document as those see it who follow the order of arrival."""

    local_index: int
    origin: str
    hash: bytes
    path: str
    author: str
    timestamp: int
    format: str


class Replaced(EsdError):
    """A document is no longer there, of which some slices were read."""


class Reader(StepReader):
    """All reads over one connection; not to be used by two threads at once.

    `peers` are the reads of what we know of each peer, over the same connection.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__(db)
        self.peers = PeerReader(db)

    def held(self, keys: Sequence[Key], now: int) -> dict[Key, Held]:
        """The living ones of the documents at *keys*."""
        found = {
            (path, author): Held(*row)
            for path, author, *row in rows_at(self._db, _HELD, keys)
        }
        return {
            key: held
            for key, held in found.items()
            if held.delete_after is None or held.delete_after >= now
        }

    def totals(self) -> Totals:
        return load_totals(self._db)

    def expired(self, now: int, most: int) -> list[Counted]:
        """What has expired and is not yet removed, as totals count it."""
        return self._db.execute(
            "SELECT hash, signature, length(json) FROM documents"
            " WHERE delete_after < :now LIMIT :most",
            {"now": now, "most": most},
        ).fetchall()

    def last_expiry(self, now: int) -> int | None:
        """The greatest delete_after of what has expired."""
        (last,) = self._db.execute(
            "SELECT max(delete_after) FROM documents WHERE delete_after < :now",
            {"now": now},
        ).fetchone()
        return last if last is None else int(last)

    def next_expiry(self, now: int) -> int | None:
        """The smallest delete_after of a living document."""
        (soonest,) = self._db.execute(
            "SELECT min(delete_after) FROM documents WHERE delete_after >= :now",
            {"now": now},
        ).fetchone()
        return soonest if soonest is None else int(soonest)

    def last_index(self) -> int:
        """The local_index given last, whether or not that document is still there."""
        row = self._db.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'documents'"
        ).fetchone()
        return 0 if row is None else int(row[0])

    def newest_timestamp(self, path: str, now: int) -> int | None:
        """The timestamp of the latest living document at *path*, by anyone."""
        (newest,) = self._db.execute(
            f"SELECT max(timestamp) FROM documents WHERE path = :path AND {LIVING}",
            {"path": path, "now": now},
        ).fetchone()
        return newest if newest is None else int(newest)

    def wire_at(self, local_index: int, now: int) -> tuple[bytes, bytes] | None:
        """(hash, JSON) of the living document that has this local index."""
        row = self._db.execute(
            "SELECT hash, json FROM documents"
            f" WHERE local_index = :local_index AND {LIVING}",
            {"local_index": local_index, "now": now},
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def has_news(self, after: int, origin: str) -> bool:
        """Whether something later than *after* came from elsewhere than *origin*."""
        (found,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM documents"
            " WHERE local_index > :after AND origin <> :origin)",
            {"after": after, "origin": origin},
        ).fetchone()
        return bool(found)

    def page(
        self,
        now: int,
        after: Key = ("", ""),
        *,
        high: str | None = None,
        given: Given | None = None,
        rows: int = PAGE_ROWS,
        size: int = PAGE_BYTES,
    ) -> Page:
        """The living documents after a key, ordered by path and author.

        Only paths below *high*, and what *given* says yes to. At most *rows* are read,
        and no further one once they exceed *size* bytes.
        """
        # Many that have expired could lie between two that live.
        stop = None if self.last_expiry(now) is None else self.step(after, high, rows)
        bound = up_to(high, stop)
        cursor = self._db.execute(
            "SELECT path, author, timestamp, format, local_index,"
            " iif(length(json) <= :size, json, NULL) FROM documents"
            f" WHERE (path, author) > (:path, :author){bound} AND {LIVING}"
            " ORDER BY path, author LIMIT :rows",
            {"path": after[0], "author": after[1], "high": high, "now": now}
            | {"rows": rows, "size": size, **stopping(stop)},
        )
        with closing(cursor):
            page = page_of(cursor, given, after, rows, size)
        return page._replace(after=stop) if page.after is None else page

    def slices(self, local_index: int, size: int = PAGE_BYTES) -> Iterator[bytes]:
        """The JSON of one document. Raises Replaced if it goes meanwhile."""
        start, length = 0, 1
        while start < length:
            try:
                blob = self._db.blobopen(
                    "documents", "json", local_index, readonly=True
                )
            except sqlite3.OperationalError as exc:
                raise Replaced("the document has been replaced") from exc
            with blob:
                length = len(blob)
                blob.seek(start)
                data = blob.read(size)
            yield data
            start += len(data)

    def arrivals(self, after: int, now: int, *, rows: int = PAGE_ROWS) -> list[Arrival]:
        """Living documents with a local_index above *after*, in that order."""
        return [
            Arrival(*row)
            for row in self._db.execute(
                "SELECT local_index, origin, hash, path, author, timestamp, format"
                " FROM documents"
                f" WHERE local_index > :after AND {LIVING}"
                " ORDER BY local_index LIMIT :rows",
                {"after": after, "now": now, "rows": rows},
            )
        ]

    def rows(
        self, now: int, paths: tuple[str, str | None], *, count: int = PAGE_ROWS
    ) -> Iterator[Row]:
        """Living rows with paths[0] <= path (< paths[1]), in order, read in pages."""
        low, high = paths
        key = (low, "")
        while True:
            page = self._rows_page(now, key, high, count)
            yield from page
            if len(page) < count:
                return
            key = (page[-1].path, page[-1].author)

    def _rows_page(self, now: int, key: Key, high: str | None, count: int) -> list[Row]:
        bound = "" if high is None else " AND path < :high"
        return [
            Row(*row)
            for row in self._db.execute(
                "SELECT path, author, timestamp, signature, content_length,"
                " local_index, format FROM documents"
                " WHERE (path, author) > (:path, :author)"
                f" {bound} AND {LIVING} ORDER BY path, author LIMIT :count",
                {"path": key[0], "author": key[1], "high": high, "now": now}
                | {"count": count},
            )
        ]

    def authors(self, now: int) -> list[str]:
        """The distinct authors of living documents, history included, sorted."""
        return [
            author
            for (author,) in self._db.execute(
                f"SELECT DISTINCT author FROM documents WHERE {LIVING} ORDER BY author",
                {"now": now},
            )
        ]
