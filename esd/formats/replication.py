"""What one side of a sync wants and gives: its halves of what moves.

Each side has `incoming` (what it wants to hold) and `outgoing` (what it gives); a
document moves when the giver's outgoing and the taker's incoming both match it, and it
is on neither side's list of what it refuses. Queries choose what moves; they never
delete.

Halves are named by a digest, so that a caller can keep them and be told when they are
stale. It covers what is written, not what it means: it must not depend on who computes
it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from esd.formats.encoding import encode_base32
from esd.formats.keys import sha256
from esd.formats.matching import Predicate, predicate
from esd.formats.replication_query import (
    EVERYTHING,
    MOST_QUERIES,
    InvalidReplicationQuery,
    Queries,
    ReplicationQuery,
    hour_of,
    in_formats,
    parse_queries,
)

__all__ = [
    "EVERYTHING",
    "MOST_QUERIES",
    "Halves",
    "InvalidReplicationQuery",
    "Predicate",
    "Queries",
    "ReplicationQuery",
    "hour_of",
    "in_formats",
    "parse_halves",
    "parse_queries",
    "predicate",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """By default everything moves, both ways."""

    incoming: Queries = EVERYTHING
    outgoing: Queries = EVERYTHING
    refuse: Queries = ()

    @property
    def digest(self) -> str:
        text = json.dumps(self.as_object(), sort_keys=True, separators=(",", ":"))
        return encode_base32(sha256(text.encode()))

    def as_object(self) -> dict[str, list[dict[str, object]]]:
        """For JSON, by the names of the wire; fields that are not set are left out."""
        return {
            "incoming": msgspec.to_builtins(list(self.incoming)),
            "outgoing": msgspec.to_builtins(list(self.outgoing)),
            "refuse": msgspec.to_builtins(list(self.refuse)),
        }


def parse_halves(value: object) -> Halves:
    """The halves in a decoded object; raises InvalidReplicationQuery.

    Other members are ignored, the digest too: whoever needs it computes it.
    """
    if not isinstance(value, Mapping):
        raise InvalidReplicationQuery("", "must be an object")
    return Halves(
        incoming=_half(value, "incoming"),
        outgoing=_half(value, "outgoing"),
        refuse=_half(value, "refuse"),
    )


def _half(value: Mapping[str, object], name: str) -> Queries:
    if name not in value:
        raise InvalidReplicationQuery(name, "is missing")
    try:
        return parse_queries(value[name])
    except InvalidReplicationQuery as exc:
        raise InvalidReplicationQuery(name + exc.where, exc.rule) from None
