"""Our replication queries as filters of an earthstar-graphql.

It knows two kinds, beginnings of paths and authors, and gives what matches any. Ours
say more, so a filter lets too much through rather than too little, and what came is
looked at again by our own rules.

The list of heads serves both directions: what we want is asked for, and also what shows
us whether the peer holds ours. There an author's filter would mislead: where somebody
else wrote later, the list would not show the path at all, as if the peer lacked it.
"""

from collections.abc import Iterator

from esd.formats import Halves, Queries, ReplicationQuery, in_formats
from esd.sync.graphql.words import Scope
from esd.sync.settings import Direction

__all__ = ["scope_of"]


def scope_of(halves: Halves, direction: Direction, format: str) -> Scope | None:  # noqa: A002
    """What to ask for; None: everything."""
    prefixes: dict[str, None] = {}
    authors: dict[str, None] = {}
    pulled, pushed = _queries(halves, direction, format)
    for query in (*pulled, *pushed):
        prefix = query.path or query.path_prefix
        if prefix:
            prefixes[prefix] = None
        elif query.versions_by_author and query not in pushed:
            authors[query.versions_by_author] = None
        else:
            return None
    return Scope(tuple(prefixes), tuple(authors))


def _queries(
    halves: Halves,
    direction: Direction,
    format: str,  # noqa: A002
) -> Iterator[tuple[ReplicationQuery, ...]]:
    nothing: Queries = ()
    yield in_formats(halves.incoming, [format]) if direction.pulls else nothing
    yield in_formats(halves.outgoing, [format]) if direction.pushes else nothing
