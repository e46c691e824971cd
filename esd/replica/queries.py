"""Answering local queries from a replica, in the 6.x dialect.

What a query means is in formats/query, over rows in order. Here only as much of the
store is read as can matter: a range of paths. Narrowing by path is safe because the
latest document is picked among those of one path; nothing else may be narrowed before
that.
"""

from collections.abc import Iterator

from esd.formats.query import Query, select, select_paths
from esd.store import Reader, Row

__all__ = ["documents", "paths"]

Range = tuple[str, str | None]


def documents(reader: Reader, query: Query, now: int) -> Iterator[Row]:
    """The rows that *query* finds, lazily, ordered by path and author."""
    return select(query, reader.rows(now, _range(query)))


def paths(reader: Reader, query: Query, now: int) -> Iterator[str]:
    """The distinct paths of what *query* finds."""
    return select_paths(query, reader.rows(now, _range(query)))


def _range(query: Query) -> Range:
    """The paths that can matter: from the first, up to but without the second."""
    low, high = "", None
    if query.path is not None:
        low, high = query.path, query.path + "\0"
    elif query.path_starts_with:
        low, high = query.path_starts_with, _after_prefix(query.path_starts_with)
    if query.continue_after is not None:
        low = max(low, query.continue_after.path)
    return low, high


def _after_prefix(prefix: str) -> str | None:
    """The first text after all that start with *prefix*; None: there is no such."""
    last = ord(prefix[-1])
    # Paths are ASCII: whatever starts with something else is found by no range.
    return prefix[:-1] + chr(last + 1) if last < 0x7F else None
