"""A peer's list of heads, read while it comes, and what it wants, told beside it.

A head is the newest document at a path. The list names all of them, without content,
and may be long: it is cut between two heads wherever a portion has come together. Its
beginning and its end are kept, and are an answer of their own, with few or no heads in
it; so whatever else the answer tells is read, and checked, in one place.
"""

from collections.abc import AsyncGenerator, Iterable
from functools import cached_property, partial

import msgspec

from esd.errors import PeerMisbehaved
from esd.formats.document import MAX_TIMESTAMP, MIN_TIMESTAMP
from esd.formats.keys import sha256
from esd.sync.exchange import Answer, Reply
from esd.sync.graphql.answers import NO_GRAPHQL, data_of, decoded
from esd.sync.talk import Talk

__all__ = ["Head", "HeadList", "Wants", "WantsTold"]

PORTION = 256 << 10  # bytes: some thousand heads, three milliseconds to decode
MOST_AROUND = 1 << 20  # bytes before the first head, or of one head

_OPENING = b'"heads":['  # in a JSON text this is the name, as no string can hold it
_SEAM = b'"}},{"'  # where one head ends and the next begins; no valid path holds it


class _Author(msgspec.Struct, frozen=True):
    address: str = msgspec.field(name="a")


_NOBODY = _Author("")


class Head(msgspec.Struct, frozen=True):
    """Empty for a document whose format its own server does not know.

    `number` is its timestamp, as the peer spells it.
    """

    path: str = msgspec.field(name="p", default="")
    number: int | float = msgspec.field(name="t", default=0)
    signature: str = msgspec.field(name="s", default="")
    by: _Author = msgspec.field(name="a", default=_NOBODY)

    @property
    def author(self) -> str:
        return self.by.address

    @property
    def has_time(self) -> bool:
        is_time = MIN_TIMESTAMP <= self.number <= MAX_TIMESTAMP
        return is_time and self.number == self.timestamp

    @property
    def timestamp(self) -> int:
        return int(self.number)

    @property
    def order(self) -> tuple[int, str]:
        """By what the peer picks the newest: on a tie, the largest signature."""
        return self.timestamp, self.signature

    @property
    def rank(self) -> str:
        """By what one author's documents are compared; as text, as in stores."""
        return f"{self.timestamp},{self.signature}"

    @property
    def mark(self) -> bytes:
        """What we remember it by: its hash is not told."""
        return sha256(f"{self.path}\n{self.author}\n{self.rank}".encode())


class Wants(msgspec.Struct, frozen=True, rename="camel", dict=True):
    """Which heads a peer wants: any of both lists; all, if there is neither."""

    path_prefixes: tuple[str, ...] | None
    versions_by_authors: tuple[str, ...] | None

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        return self.path_prefixes or ()

    @cached_property
    def _authors(self) -> frozenset[str]:
        return frozenset(self.versions_by_authors or ())

    @property
    def nothing(self) -> bool:
        told = (self.path_prefixes, self.versions_by_authors)
        return told != (None, None) and not self._prefixes and not self._authors

    def matches(self, path: str, author: str) -> bool:
        if self.path_prefixes is None and self.versions_by_authors is None:
            return True
        return author in self._authors or path.startswith(self._prefixes)


class WantsTold(msgspec.Struct):
    wants: Wants = msgspec.field(name="syncFilters")


class _Workspace(msgspec.Struct):
    heads: list[Head | None]


class _Told(WantsTold):
    workspace: _Workspace | None


class HeadList:
    """One answer. `wants` and `holds_workspace` are known once it was read."""

    def __init__(self, talk: Talk, reply: Reply) -> None:
        self._run = talk.replica.run
        self._reply = reply
        self._opening = b""
        self._held = bytearray()
        self._told: _Told | None = None

    @property
    def wants(self) -> Wants:
        assert self._told is not None
        return self._told.wants

    @property
    def holds_workspace(self) -> bool:
        return self._told is not None and self._told.workspace is not None

    async def portions(self) -> AsyncGenerator[list[Head], None]:
        async for piece in self._reply:
            self._add(piece)
            if self._opening and len(self._held) > PORTION:
                text = self._cut()
                if text:
                    yield await self._run(partial(_heads_in, text))
        yield await self._run(self._rest)

    def _add(self, piece: bytes) -> None:
        seen = max(0, len(self._held) - len(_OPENING))
        self._held += piece
        if not self._opening and (at := self._held.find(_OPENING, seen)) >= 0:
            self._opening = bytes(self._held[: at + len(_OPENING)])
            del self._held[: len(self._opening)]
        if len(self._held) > MOST_AROUND + PORTION + len(piece):
            raise PeerMisbehaved("its answer is not GraphQL", hint=NO_GRAPHQL)

    def _cut(self) -> bytes:
        """Whole heads, if their end has come."""
        at = self._held.rfind(_SEAM)
        if at < 0:
            return b""
        text = bytes(self._held[: at + 3])
        del self._held[: at + 4]
        return text

    def _rest(self) -> list[Head]:
        text = self._opening + bytes(self._held)
        self._told = data_of(Answer(self._reply.status, {}, text), _Told)
        workspace = self._told.workspace
        return [] if workspace is None else _distinct(workspace.heads)


def _heads_in(text: bytes) -> list[Head]:
    return _distinct(decoded(b"[" + text + b"]", list[Head | None]))


def _distinct(told: Iterable[Head | None]) -> list[Head]:
    """At most one of a path: a list may name it for two reasons.

    Without those of timestamps that no document of ours can have: fractions, which
    es.3 allows and we do not, and what is far from any time.
    """
    good = (head for head in told if head is not None and head.path)
    return list({head.path: head for head in good if head.has_time}.values())
