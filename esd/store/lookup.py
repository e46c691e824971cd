"""The documents at many keys, or with many hashes, found with few statements.

A batch holds hundreds of documents, and each is looked up twice: before it is checked,
and again inside the transaction that stores it. One statement for each key costs more
than the search it does. One for a hundred costs a tenth of that where nothing is found,
which is the case of the first sync. Its text never changes, so that SQLite parses it
once: the last one's empty places are NULL, which no key equals.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

__all__ = ["AT_ONCE", "Key", "rows_at", "rows_of"]

Key = tuple[str, str]  # (path, author): at most one document each

AT_ONCE = 100  # keys a statement; with more it gets no cheaper

_KEYS = ", ".join(["(?, ?)"] * AT_ONCE)
_HASHES = ", ".join(["(?)"] * AT_ONCE)


def rows_at(
    db: sqlite3.Connection, columns: str, keys: Sequence[Key]
) -> Iterator[tuple[Any, ...]]:
    """(path, author, *columns) of what is at *keys*, living or not, in any order."""
    # CROSS JOIN: else SQLite may go through all documents instead of the keys.
    statement = (
        f"WITH wanted (at_path, at_author) AS (VALUES {_KEYS})"
        f" SELECT path, author, {columns} FROM wanted CROSS JOIN documents"
        " WHERE path = at_path AND author = at_author"
    )
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        wanted: list[str | None] = [*chain.from_iterable(some)]
        wanted += [None] * (2 * AT_ONCE - len(wanted))
        yield from db.execute(statement, wanted).fetchall()


def rows_of(
    db: sqlite3.Connection, columns: str, hashes: Iterable[bytes]
) -> Iterator[tuple[Any, ...]]:
    """(hash, *columns) of the documents with these hashes, living or not."""
    statement = (
        f"WITH wanted (at_hash) AS (VALUES {_HASHES})"
        f" SELECT hash, {columns} FROM wanted CROSS JOIN documents"
        " WHERE hash = at_hash"
    )
    rest = iter(hashes)
    while some := list(islice(rest, AT_ONCE)):
        wanted: list[bytes | None] = [*some]
        wanted += [None] * (AT_ONCE - len(wanted))
        yield from db.execute(statement, wanted).fetchall()
