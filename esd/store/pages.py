"""A page of a list: as many documents as may be read, and kept in memory, at once."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from esd.store.lookup import Key

__all__ = ["PAGE_BYTES", "PAGE_ROWS", "Given", "Page", "page_of"]

PAGE_ROWS = 1_000
PAGE_BYTES = 128 << 10

Given = Callable[[str, str, int, str], bool]
"""Whether a document of this path, author, timestamp and format is to be in a list."""


class Page(NamedTuple):
    """Some documents' JSON in order, and the key to go on after (None: the end).

    Or one that is too large for a page: its local index, for `slices`.
    """

    documents: list[bytes]
    after: Key | None
    large: int | None = None


def page_of(
    found: Iterable[tuple[str, str, int, str, int, bytes | None]],
    given: Given | None,
    after: Key,
    rows: int,
    size: int,
) -> Page:
    """What is not given takes room as well: a page is also a bound of the work."""
    documents: list[bytes] = []
    for read, row in enumerate(found, 1):
        path, author, timestamp, format_, local_index, json = row
        is_given = given is None or given(path, author, timestamp, format_)
        if json is None and is_given:
            if documents:
                return Page(documents, after)
            return Page([], (path, author), local_index)
        if json is not None:
            size -= len(json)
            if is_given:
                documents.append(json)
        after = path, author
        if size < 0 or read == rows:
            return Page(documents, after)
    return Page(documents, None)
