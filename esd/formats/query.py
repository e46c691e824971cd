"""Local queries: the query objects of Earthstar 6.x, over documents in order.

In latest mode the latest document at each path is picked first and filtered then: an
author's query finds only paths where that author is the latest. Everything works on
rows that are alive and sorted by path, then author, and holds one row at a time, so a
query costs no memory however large its answer. Prefixes and suffixes are exact; the
reference's memory store is, its sqlite store ignores case there.

Types are strict where the reference follows JavaScript's coercions and its stores
disagree with each other; unknown fields are ignored as it does.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Annotated, Protocol, TypeVar

import msgspec

from esd.formats.document import replace_lone_surrogates

LATEST = "latest"
ALL = "all"
LARGEST = 2**53 - 1  # what a double counts exactly


class InvalidQuery(ValueError):
    """Not a query; the message names the field, never its value."""


class Row(Protocol):
    """What a query looks at."""

    @property
    def path(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def timestamp(self) -> float: ...
    @property
    def signature(self) -> str: ...
    @property
    def content_length(self) -> int: ...


R = TypeVar("R", bound=Row)
Whole = Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
Number = Whole | Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]


class ContinueAfter(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the order; nothing needs to be there."""

    path: str
    author: str


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Fields combine by AND; a field that is None does not count."""

    history: str = LATEST
    path: str | None = None
    path_starts_with: str | None = None
    path_ends_with: str | None = None
    author: str | None = None
    timestamp: Number | None = None
    timestamp_gt: Number | None = None
    timestamp_lt: Number | None = None
    content_length: Number | None = None
    content_length_gt: Number | None = None
    content_length_lt: Number | None = None
    continue_after: ContinueAfter | None = None
    limit: Whole | None = None
    limit_bytes: Whole | None = None

    @classmethod
    def parse(cls, query: object) -> "Query":
        """Raises InvalidQuery for a wrong type, and for null: it is not absence."""
        if not isinstance(query, dict):
            raise InvalidQuery("a query is an object")
        known = {name: _storable(query[name]) for name in _NAMES if name in query}
        for name, value in known.items():
            if value is None:
                raise InvalidQuery(f"{name} must not be null")
        try:
            return msgspec.convert(known, cls)
        except msgspec.ValidationError as exc:
            raise InvalidQuery(str(exc).replace(" | null", "")) from None

    @property
    def matches_nothing(self) -> bool:
        """Whether the reference calls it invalid, which to it is no error."""
        counts = (self.limit, self.limit_bytes, self.content_length)
        negative = any(count is not None and count < 0 for count in counts)
        return negative or self.history not in (LATEST, ALL)

    def matches(self, row: Row) -> bool:
        """Whether the row, already picked, passes all filters."""
        return (
            self._matches_path(row.path)
            and self._matches_place(row)
            and self.author in (None, row.author)
            and _within(
                row.timestamp, self.timestamp, self.timestamp_gt, self.timestamp_lt
            )
            and _within(
                row.content_length,
                self.content_length,
                self.content_length_gt,
                self.content_length_lt,
            )
        )

    def _matches_path(self, path: str) -> bool:
        return (
            self.path in (None, path)
            and path.startswith(self.path_starts_with or "")
            and path.endswith(self.path_ends_with or "")
        )

    def _matches_place(self, row: Row) -> bool:
        after = self.continue_after
        return after is None or (row.path, row.author) > (after.path, after.author)


_NAMES = tuple(field.encode_name for field in msgspec.structs.fields(Query))


def _storable(value: object) -> object:
    """A lone surrogate matches nothing either way; U+FFFD can be given to a store."""
    if isinstance(value, str):
        return replace_lone_surrogates(value)
    if isinstance(value, dict):
        return {name: _storable(part) for name, part in value.items()}
    return value


def _within(
    value: float, equal: float | None, above: float | None, below: float | None
) -> bool:
    return (
        equal in (None, value)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def select(query: Query, rows: Iterable[R]) -> Iterator[R]:
    """The answer, in order; *rows* are alive and sorted by path, then author."""
    if query.matches_nothing:
        return iter(())
    limited = islice(_filtered(query, rows), query.limit)
    if query.limit_bytes is None:
        return limited
    return _within_bytes(query.limit_bytes, limited)


def select_paths(query: Query, rows: Iterable[Row]) -> Iterator[str]:
    """The paths at which anything passes the filters; only `limit` limits them."""
    if query.matches_nothing:
        return iter(())
    groups = groupby(_filtered(query, rows), key=_path_of)
    return islice((path for path, _ in groups), query.limit)


def _filtered(query: Query, rows: Iterable[R]) -> Iterator[R]:
    picked = rows if query.history == ALL else _latest(rows)
    return filter(query.matches, picked)


def _latest(rows: Iterable[R]) -> Iterator[R]:
    for _, versions in groupby(rows, key=_path_of):
        yield min(versions, key=_newest_first)


def _path_of(row: Row) -> str:
    return row.path


def _newest_first(row: Row) -> tuple[float, str]:
    return -row.timestamp, row.signature  # on a tie the smallest signature, as in 6.x


def _within_bytes(limit: int, rows: Iterable[R]) -> Iterator[R]:
    """Those that fit together; an empty one does not fit where no byte is left."""
    used = 0
    for row in rows:
        used += row.content_length
        if used > limit or (used == limit and row.content_length == 0):
            return
        yield row
