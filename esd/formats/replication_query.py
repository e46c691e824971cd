"""One replication query: which documents a side wants to hold, or gives.

A document matches a query when it passes all fields, and a list of queries when it
matches any of them; `{}` matches everything, `[]` nothing. There are only fields that a
document alone answers, so that both sides of a sync find the same answer on what they
hold. Strings are printable ASCII, as paths, authors and formats are; a format may be
one we do not know.

What is read here comes from peers and from the configuration alike. It is kept as it
was written (the digest of it must be the same on both sides); what it means is in
matching.py.
"""

import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from esd.formats.paths import MAX_PATH

MOST_QUERIES = 64  # in one list; every document may be tried against each
MAX_AUTHOR = 60  # an author's address has 59
MAX_FORMAT = 32
MAX_AGE = 100 * 366 * 24 * 3_600_000_000  # a hundred years, in µs
LATEST_TIME = 2**53  # beyond this a peer's JSON does not count exactly

HOUR = 3_600_000_000
UNITS = {"h": HOUR, "d": 24 * HOUR, "w": 7 * 24 * HOUR}  # µs

_PRINTABLE = re.compile(r"[ -~]*")
_AGE = re.compile(r"-([1-9][0-9]{0,6})([hdw])")


class InvalidReplicationQuery(ValueError):
    """Not a query; `where` and `rule` name the place and what it breaks, no value."""

    def __init__(self, where: str, rule: str) -> None:
        super().__init__(f"{where} {rule}" if where else rule)
        self.where = where  # such as "[2].pathPrefix"
        self.rule = rule


class ReplicationQuery(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    gc=False,  # strings and numbers only
):
    """Fields combine by AND; a field that is None does not count."""

    path: str | None = None
    path_prefix: str | None = None
    versions_by_author: str | None = None
    timestamp_after: int | str | None = None  # strictly; µs, or an age such as "-30d"
    format: str | None = None

    def after(self, at: int) -> int | None:
        """What a timestamp must be above, where ages count back from *at*."""
        if isinstance(self.timestamp_after, str):
            return at - _age(self.timestamp_after)
        return self.timestamp_after


Queries = tuple[ReplicationQuery, ...]
"""Any of them; none is nothing."""

EVERYTHING: Queries = (ReplicationQuery(),)


def parse_queries(value: object) -> Queries:
    """The queries in a decoded list; raises InvalidReplicationQuery."""
    if not isinstance(value, list):
        raise InvalidReplicationQuery("", "must be a list of queries")
    if len(value) > MOST_QUERIES:
        raise InvalidReplicationQuery("", f"has more than {MOST_QUERIES} queries")
    return tuple(_query(one, f"[{place}]") for place, one in enumerate(value))


def _query(value: object, where: str) -> ReplicationQuery:
    if not isinstance(value, Mapping):
        raise InvalidReplicationQuery(where, "must be an object")
    for name, part in value.items():
        if name not in _RULES:  # it is not told which: a name can hold anything
            known = ", ".join(_RULES)
            raise InvalidReplicationQuery(where, f"has a field that is none of {known}")
        broken = _RULES[name](part)
        if broken is not None:
            raise InvalidReplicationQuery(f"{where}.{name}", broken)
    return msgspec.convert(value, ReplicationQuery)


def _text(least: int, most: int) -> Callable[[object], str | None]:
    rule = f"must be {least} to {most} characters of printable ASCII"

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        good = least <= len(value) <= most and _PRINTABLE.fullmatch(value)
        return None if good else rule

    return check


def _time(value: object) -> str | None:
    if isinstance(value, str):
        good = _AGE.fullmatch(value) is not None and _age(value) <= MAX_AGE
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        good = whole and 0 <= value < LATEST_TIME  # type: ignore[operator]
    if good:
        return None
    return 'must be microseconds since 1970, or an age such as "-12h", "-30d" or "-8w"'


def _age(text: str) -> int:
    return int(text[1:-1]) * UNITS[text[-1]]


_RULES: Mapping[str, Callable[[object], str | None]] = {
    "path": _text(1, MAX_PATH),
    "pathPrefix": _text(0, MAX_PATH),
    "versionsByAuthor": _text(1, MAX_AUTHOR),
    "timestampAfter": _time,
    "format": _text(1, MAX_FORMAT),
}
"""What is wrong with a field's value, if anything."""


def in_formats(queries: Queries, formats: Collection[str]) -> Queries:
    """The queries as someone means them who knows only these formats.

    Each names its format afterwards: one that names none stands for all of them, and
    one that names another is left out.
    """
    named: dict[ReplicationQuery, None] = {}
    for query in queries:
        for name in sorted(formats):
            if query.format in (None, name):
                named[msgspec.structs.replace(query, format=name)] = None
    return tuple(named)


def hour_of(now: int) -> int:
    """When the UTC hour of *now* began: what ages in queries count back from.

    A whole hour, so that both sides, and their indexes, agree for an hour.
    """
    return now - now % HOUR
