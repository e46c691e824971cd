"""Replication queries in TOML: an array of tables, with the fields they have in JSON.

The rules are those for what a peer sends. A few are added that only a person needs,
who would rather be told than have a query that matches nothing.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from esd.config.table import Table
from esd.config.values import BadValue
from esd.formats.replication import (
    MOST_QUERIES,
    InvalidReplicationQuery,
    Queries,
    ReplicationQuery,
    parse_queries,
    predicate,
)

__all__ = ["take_queries"]

D = TypeVar("D")

# What we send a peer names our formats: it may be twice as long, and must be taken.
MOST_WRITTEN = MOST_QUERIES // 2

FIELDS = [field.encode_name for field in msgspec.structs.fields(ReplicationQuery)]
BEGINNINGS = {"path": "/", "pathPrefix": "/", "versionsByAuthor": "@"}


def take_queries(table: Table, name: str, default: D) -> Queries | D:
    """The good queries of an array that may be left out."""
    tables = table.tables(name)
    if name not in table:
        return default
    queries = tuple(map(_query, tables))
    if len(queries) > MOST_WRITTEN:
        table.note((*table.where, name), f"has more than {MOST_WRITTEN} queries")
    return queries


def _query(table: Table) -> ReplicationQuery:
    with table:
        taken = {name: table.take(name, _field(name), None) for name in FIELDS}
    given = {name: value for name, value in taken.items() if value is not None}
    queries = parse_queries([given])
    if predicate(queries, at=0).is_nothing:
        table.note(table.where, "matches nothing: its path is not under its pathPrefix")
    return queries[0]


def _field(name: str) -> Callable[[object], object]:
    beginning = BEGINNINGS.get(name, "")

    def read(value: object) -> object:
        try:
            parse_queries([{name: value}])
        except InvalidReplicationQuery as exc:
            raise BadValue(exc.rule) from None
        if beginning and not str(value).startswith(beginning):
            raise BadValue(f"must begin with {beginning}")
        return value

    return read
