"""Queries of the 6.x dialect, from the query of a URL or from a body.

Numbers in a URL are read as JSON would read them and nothing else. What the reference
answers with nothing (an unknown `history`) or passes over (a misspelt field) is refused
here: the operator at the other end meant something. A page has a bound of its own, so
`limit` is a page's size, and the answer says where the next one begins.
"""

import msgspec

from esd.control.asking import Parameters, wrong_shape
from esd.control.refusing import invalid
from esd.formats.query import ALL, LATEST, InvalidQuery, Query

__all__ = ["PARAMETERS", "as_page", "from_body", "from_parameters"]

PAGE_ROWS = 1_000

TEXTS = ("history", "path", "pathStartsWith", "pathEndsWith", "author")
NUMBERS = (
    "timestamp",
    "timestampGt",
    "timestampLt",
    "contentLength",
    "contentLengthGt",
    "contentLengthLt",
    "limit",
    "limitBytes",
)
PLACE = ("continueAfterPath", "continueAfterAuthor")
PARAMETERS = (*TEXTS, *NUMBERS, *PLACE)

_FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(Query))


def from_parameters(asked: Parameters) -> Query:
    query: dict[str, object] = {
        name: asked.text(name) for name in TEXTS if name in asked
    }
    query |= {name: asked.number(name) for name in NUMBERS if name in asked}
    if any(name in asked for name in PLACE):
        path, author = (asked.text(name) for name in PLACE)
        query["continueAfter"] = {"path": path, "author": author}
    return from_body(query)


def from_body(query: object) -> Query:
    """A query object as 6.x has it."""
    if isinstance(query, dict) and not set(query) <= set(_FIELDS):
        known = ", ".join(_FIELDS)
        raise invalid("$", "has an unknown field", hint=f"a query has: {known}")
    try:
        found = Query.parse(query)
    except InvalidQuery as exc:
        raise wrong_shape(str(exc)) from None
    if found.history not in (LATEST, ALL):
        raise invalid("$.history", f"must be {LATEST} or {ALL}")
    return found


def as_page(query: Query) -> tuple[Query, int]:
    """The query that reads a page and looks one further, and the page's size."""
    most = PAGE_ROWS if query.limit is None else min(query.limit, PAGE_ROWS)
    if most <= 0:
        return query, 0
    return msgspec.structs.replace(query, limit=most + 1), most
