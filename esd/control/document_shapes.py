"""Documents as the API tells of them: the specification's own names, without address.

A document's JSON on the wire names its workspace by address, so it is never handed out
as it is. What is missing here is known to whoever asked: the workspace, by its name.
"""

from collections.abc import Sequence

import msgspec

from esd.control.times import as_time
from esd.formats import Document, decode_one
from esd.formats.query import Query
from esd.replica import Replica, queries
from esd.store import Reader, Row

__all__ = ["DocumentShape", "PageShape", "RowShape", "document_shape", "read_page"]

PAGE_BYTES = 4 * 1024 * 1024  # of documents; one may pass it, there are larger ones


class RowShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A document in a list."""

    path: str
    author: str
    timestamp: int
    time: str
    content_length: int


class DocumentShape(RowShape, frozen=True, kw_only=True, rename="camel"):
    """A whole document; `content` is left out where it was sent by the caller."""

    format: str
    content_hash: str
    delete_after: int | None
    signature: str
    content: str | msgspec.UnsetType = msgspec.UNSET


class PlaceShape(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    author: str


class PageShape(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, or whole documents. `next` is the place to go on after; null: the end."""

    documents: Sequence[RowShape]
    next: PlaceShape | None


def document_shape(document: Document, *, content: bool = True) -> DocumentShape:
    return DocumentShape(
        path=document.path,
        author=document.author,
        timestamp=document.timestamp,
        time=as_time(document.timestamp),
        content_length=len(document.content.encode()),
        format=document.format,
        content_hash=document.content_hash,
        delete_after=document.delete_after,
        signature=document.signature,
        content=document.content if content else msgspec.UNSET,
    )


def read_page(
    replica: Replica, query: Query, now: int, *, most: int, contents: bool
) -> PageShape:
    """A page of what *query* finds, read in one go by a reader of its own.

    *query* asks for one more than *most*, so that the end can be told from a cut.
    """
    with replica.file.scanning() as reader:
        return _page(reader, query, now, most=most, contents=contents)


def _page(
    reader: Reader, query: Query, now: int, *, most: int, contents: bool
) -> PageShape:
    shapes: list[RowShape] = []
    shape: RowShape | None
    size = 0
    for row in queries.documents(reader, query, now):
        if len(shapes) == most or size > PAGE_BYTES:
            last = shapes[-1]
            following = PlaceShape(path=last.path, author=last.author)
            return PageShape(documents=shapes, next=following)
        shape = _whole(reader, row, now) if contents else _row_shape(row)
        if shape is not None:
            shapes.append(shape)
            size += row.content_length if contents else 0
    return PageShape(documents=shapes, next=None)


def _whole(reader: Reader, row: Row, now: int) -> DocumentShape | None:
    """The document of that row, or what replaced it meanwhile; None: it is gone."""
    wire = reader.wire_at(row.local_index, now)
    if wire is None:
        key = (row.path, row.author)
        held = reader.held([key], now).get(key)
        wire = held and reader.wire_at(held.local_index, now)
    return None if wire is None else document_shape(decode_one(wire[1]))


def _row_shape(row: Row) -> RowShape:
    return RowShape(
        path=row.path,
        author=row.author,
        timestamp=row.timestamp,
        time=as_time(row.timestamp),
        content_length=row.content_length,
    )
