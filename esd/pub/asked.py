"""What a caller asks, read strictly and within bounds.

Every question is one JSON object. A member that we do not know is refused, because to
leave it out could answer another question than was asked. Those that depend on queries
say which: the caller's half in full, ours by its digest, and the hour from which ages
count back; so both sides evaluate the same predicate, or find out that they would not.
Whoever tries with curl may leave them out and means what is true now.

What a push is about is what the caller gives and we want, and `outgoing` has no part in
that: a caller with a half of its own could not compare otherwise, and push nothing but
what it does not know to be here. So whoever knows the address and asks about pushing,
with one query after the other, finds out the paths, authors and times of what we hold
and want, also where it is not given; and whether we hold a document whose hash it
knows. `outgoing` hides contents, not that they are there. What such a caller must not
know of has to be out of both halves, or in a workspace that is not there for anonymous
ones.
"""

from typing import Any, Literal, TypeVar

import msgspec

from esd.formats import (
    FORMATS,
    Halves,
    InvalidEncoding,
    InvalidReplicationQuery,
    Predicate,
    Queries,
    decode_base32,
    hour_of,
    parse_queries,
    predicate,
)
from esd.pub.packed import HASH_BYTES, Hashes
from esd.pub.problems import Refused
from esd.web import Request

__all__ = [
    "AskedDocuments",
    "AskedHashes",
    "AskedMissing",
    "AskedNew",
    "AskedQuery",
    "AskedTimestamps",
    "AskedWorkspaces",
    "decoded",
    "halves_told",
    "hashes_of",
    "read",
]

DAY = 24 * 3_600_000_000  # µs: clocks differ, and hours pass while someone asks
MOST_IDS = 64  # workspaces asked for at once

_REFUSES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# What msgspec says without repeating what was offered.
_TELLABLE = ("Expected ", "Object missing ")

T = TypeVar("T", bound="_Asked")


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question."""


class AskedQuery(_Asked, frozen=True, kw_only=True):
    """What depends on queries. `query` and `refuse` are the caller's, undecoded."""

    at: int | None = None
    theirs: str | None = None
    direction: Literal["pull", "push", "both"] = "pull"
    query: Any = msgspec.field(default_factory=lambda: [{}])
    refuse: Any = msgspec.field(default_factory=list)

    def predicate(self, ours: Halves, now: int) -> Predicate:
        """What it is about, where *ours* is what the caller may have and give.

        Raises Refused, with our queries where the caller has others in mind.
        """
        if self.theirs is not None and self.theirs != ours.digest:
            raise Refused("stale-query", more={"query": halves_told(ours)})
        at = hour_of(now) if self.at is None else self.at
        if abs(at - now) > DAY:
            raise Refused("bad-time")
        query = _queries("query", self.query)
        refuse = (*_queries("refuse", self.refuse), *ours.refuse)
        lists = self._lists(ours, query, at)
        return predicate(*lists, refuse=refuse, at=at)

    def is_usual(self, now: int) -> bool:
        """Whether many peers ask the same; for a question that has a predicate.

        It is about everything, or some of the formats that exist, as of this hour.
        """
        formats = [one.get("format") for one in self.query if one.keys() <= {"format"}]
        return (
            len(formats) == len(self.query)
            and not self.refuse
            and self.at in (None, hour_of(now))
            and {*formats} <= {None, *FORMATS}
        )

    def _lists(self, ours: Halves, query: Queries, at: int) -> tuple[Queries, ...]:
        if self.direction == "push":
            return query, ours.incoming
        if self.direction == "both" and not _is_same(ours, at):
            raise Refused("bad-query", "what is given here is not what is wanted")
        return ours.outgoing, query


class AskedHashes(AskedQuery, frozen=True, kw_only=True):
    after: str | None = None


class AskedDocuments(AskedQuery, frozen=True, kw_only=True):
    """Documents are given only as far as they may be, whatever they are wanted for."""

    hashes: list[str]

    def _lists(self, ours: Halves, query: Queries, at: int) -> tuple[Queries, ...]:
        return (*super()._lists(ours, query, at), ours.outgoing)


class AskedTimestamps(AskedQuery, frozen=True, kw_only=True):
    hashes: list[str]


class AskedMissing(_Asked, frozen=True):
    hashes: list[str]


class AskedWorkspaces(_Asked, frozen=True):
    nonce: str
    ids: list[str]


class AskedNew(_Asked, frozen=True):
    workspace: str


async def read(request: Request, question: type[T], limit: int) -> T:
    """The question in the body. Raises Refused, and TooLarge past *limit* bytes."""
    return decoded(await request.body.read(limit) or b"{}", question)


def decoded(text: bytes, question: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=question)
    except msgspec.ValidationError as exc:
        tellable = str(exc).startswith(_TELLABLE)
        told = str(exc) if tellable else "a member or its value is unknown here"
        raise Refused("bad-request", told) from None
    except _REFUSES:
        raise Refused("bad-request", "this is no JSON") from None


def hashes_of(texts: list[str], most: int) -> Hashes:
    """Each once, in order. Raises Refused."""
    if len(texts) > most:
        raise Refused("too-many-hashes", f"at most {most}")
    try:
        hashes = dict.fromkeys(map(decode_base32, texts))
    except InvalidEncoding:
        raise Refused("bad-hashes") from None
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Refused("bad-hashes")
    return Hashes.of(hashes)


def halves_told(ours: Halves) -> dict[str, object]:
    """What we want and give, for those who ask."""
    return {**ours.as_object(), "digest": ours.digest}


def _queries(name: str, value: object) -> Queries:
    try:
        return parse_queries(value)
    except InvalidReplicationQuery as exc:
        raise Refused("bad-query", f"{name}{exc.where} {exc.rule}") from None


def _is_same(ours: Halves, at: int) -> bool:
    return predicate(ours.incoming, at=at) == predicate(ours.outgoing, at=at)
