"""Whether a document moves: replication queries of both sides, made one predicate.

A document matches when it matches one query of each list (what one side gives AND the
other wants) and none of those that either refuses. It is put in a normal form: lists
that match everything go, so do queries that can match nothing and whatever stands there
twice, and the rest is sorted. So what means the same in another order is equal, and a
predicate can be the key of an index.

A set that reconciles is ordered by time. So a bound in time that holds for the whole is
kept apart: it is a slice of the index of the `timeless` rest, and the index lives on
when the hour changes.

A query is tried on every document of a replica, and peers bring up to 64 of them; so
each list is turned over first into tables by author and format, where a document looks
in four places, and all prefixes of a place are one call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from esd.formats.ranges import Range, common_ranges, joined_ranges, range_of_prefix
from esd.formats.replication_query import Queries, ReplicationQuery

NOT_SET = -1  # as a time it is below all times
NOTHING: "Terms" = ()


class Term(NamedTuple):
    """A query whose time is resolved; empty and NOT_SET where a field is not set."""

    path: str = ""
    prefix: str = ""
    author: str = ""
    format: str = ""
    after: int = NOT_SET

    @property
    def paths(self) -> Range:
        if self.path:
            return self.path, self.path + "\0"
        return range_of_prefix(self.prefix)


Terms = tuple[Term, ...]
"""Any of them; sorted, none twice."""

ANY = Term()


class _Place(NamedTuple):
    """Terms of the same author, format and time."""

    after: int
    paths: frozenset[str]
    prefixes: tuple[str, ...]


_Table = Mapping[tuple[str, str], tuple[_Place, ...]]


@dataclass(frozen=True, slots=True, repr=False)
class Predicate:
    """In normal form; made by `predicate`."""

    lists: tuple[Terms, ...]  # one of each must match
    refuse: Terms  # none may match
    _wanted: tuple[_Table, ...] = field(compare=False)
    _refused: _Table = field(compare=False)

    def matches(self, path: str, author: str, timestamp: int, format: str) -> bool:  # noqa: A002
        for table in self._wanted:
            if not _finds(table, path, author, timestamp, format):
                return False
        return not (
            self._refused and _finds(self._refused, path, author, timestamp, format)
        )

    @property
    def is_everything(self) -> bool:
        return not self.lists and not self.refuse

    @property
    def is_nothing(self) -> bool:
        """Whether it is plain that no document matches."""
        return NOTHING in self.lists

    @property
    def after(self) -> int | None:
        """What the timestamps of all that match are above, where one list says so."""
        bounds = [_shared_time(terms) for terms in self.lists]
        return max((bound for bound in bounds if bound is not None), default=None)

    @property
    def timeless(self) -> "Predicate":
        """The same without what `after` says."""
        lists = [
            terms if _shared_time(terms) is None else _without_time(terms)
            for terms in self.lists
        ]
        return _normal(lists, self.refuse)

    @property
    def paths(self) -> tuple[Range, ...] | None:
        """Where all that matches is: disjoint, sorted ranges of paths; None: anywhere.

        What is refused does not count: it can be anywhere in between.
        """
        return _paths(self.lists)

    def __repr__(self) -> str:
        return f"<predicate of {sum(map(len, self.lists))} queries>"


def predicate(*lists: Queries, refuse: Queries = (), at: int) -> Predicate:
    """One query of each list, and none of those refused; ages count back from *at*."""
    return _normal([_terms(queries, at) for queries in lists], _terms(refuse, at))


def _terms(queries: Queries, at: int) -> Terms:
    found = (_term(query, at) for query in queries)
    return _sorted(term for term in found if term is not None)


def _term(query: ReplicationQuery, at: int) -> Term | None:
    """None where path and prefix contradict each other."""
    path, prefix = query.path or "", query.path_prefix or ""
    if path and not path.startswith(prefix):
        return None
    after = query.after(at)
    return Term(
        path=path,
        prefix="" if path else prefix,
        author=query.versions_by_author or "",
        format=query.format or "",
        after=NOT_SET if after is None else max(after, NOT_SET),
    )


def _sorted(terms: Iterable[Term]) -> Terms:
    found = set(terms)
    return (ANY,) if ANY in found else tuple(sorted(found))


def _normal(lists: Iterable[Terms], refuse: Terms) -> Predicate:
    wanted = tuple(sorted({terms for terms in lists if terms != (ANY,)}))
    if ANY in refuse or _is_hopeless(wanted):
        wanted, refuse = (NOTHING,), ()
    return Predicate(wanted, refuse, tuple(map(_table, wanted)), _table(refuse))


def _is_hopeless(lists: tuple[Terms, ...]) -> bool:
    """Whether a list is empty, or two of them have no path or no format in common."""
    formats = [{term.format for term in terms} for terms in lists]
    named = [names for names in formats if "" not in names]
    return (
        NOTHING in lists
        or bool(named and not set.intersection(*named))
        or _paths(lists) == ()
    )


def _paths(lists: Iterable[Terms]) -> tuple[Range, ...] | None:
    found: tuple[Range, ...] | None = None
    for terms in lists:
        if any(not term.path and not term.prefix for term in terms):
            continue
        ranges = joined_ranges(term.paths for term in terms)
        found = ranges if found is None else common_ranges(found, ranges)
    return found


def _shared_time(terms: Terms) -> int | None:
    times = {term.after for term in terms}
    return times.pop() if len(times) == 1 and NOT_SET not in times else None


def _without_time(terms: Terms) -> Terms:
    return _sorted(term._replace(after=NOT_SET) for term in terms)


def _table(terms: Terms) -> _Table:
    grouped: dict[tuple[str, str, int], list[Term]] = defaultdict(list)
    for term in terms:
        grouped[term.author, term.format, term.after].append(term)
    places: dict[tuple[str, str], tuple[_Place, ...]] = {}
    for (author, format_, after), same in grouped.items():
        place = _Place(
            after,
            frozenset(term.path for term in same if term.path),
            tuple(term.prefix for term in same if not term.path),
        )
        places[author, format_] = (*places.get((author, format_), ()), place)
    return places


def _finds(table: _Table, path: str, author: str, timestamp: int, format_: str) -> bool:
    for key in (("", format_), ("", ""), (author, format_), (author, "")):
        for after, paths, prefixes in table.get(key, ()):
            if timestamp > after and (path in paths or path.startswith(prefixes)):
                return True
    return False
