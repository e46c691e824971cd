"""Replication queries in a person's words.

A field that we do not know is told as it came: the daemon may be newer.
"""

from collections.abc import Iterator, Sequence

from esd.ctl.facts import Facts
from esd.ctl.times import stamp_of

__all__ = ["is_everything", "query_lines"]

UNITS = {"h": "hours", "d": "days", "w": "weeks"}
WORDS = {
    "path": "at",
    "pathPrefix": "paths beginning with",
    "versionsByAuthor": "by",
    "format": "in format",
}


def is_everything(queries: Sequence[Facts]) -> bool:
    return any(not list(query) for query in queries)


def query_lines(name: str, queries: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    """One line a query, the first of them under *name*."""
    if not queries:
        yield name, "nothing"
    for place, query in enumerate(queries):
        yield ("", f"or {_told(query)}") if place else (name, _told(query))


def _told(query: Facts) -> str:
    return ", ".join(_field(query, name) for name in query) or "everything"


def _field(query: Facts, name: str) -> str:
    if name == "timestampAfter":
        return _since(query)
    return f"{WORDS.get(name, name)} {query.text(name)}"


def _since(query: Facts) -> str:
    """Microseconds, or an age such as -30d."""
    text = query.text("timestampAfter")
    count, unit = text[1:-1], text[-1:]
    if text.startswith("-") and unit in UNITS and count.isdecimal():
        return f"of the last {count} {UNITS[unit]}"
    return f"after {stamp_of(query.count('timestampAfter')) or text}"
