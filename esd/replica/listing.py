"""Our list of documents, as earthstar-pub writes it.

One JSON array of all living documents, ordered by path and author, each as it goes on
the wire. It is read in short pages, so a slow reader holds nothing, and a list of any
length costs the memory of one page, or of a slice of a long document. A document that
changes while the list is being read is seen once, old or new; if it changes between two
of its own slices, the list breaks off. Where not all are *given* to whoever asks, the
list is of those that are.

The list also has the ETag that a pub (Express) would give it, made of its length and
SHA-1. A pub whose ETag is that one holds exactly what we hold: this tells, without any
memory of the pub, that we are level in both directions. It costs a pass over
everything, so it is kept until the replica changes or a document expires, and left out
for lists that are too long to be worth it.
"""

import base64
import hashlib
import math
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import trio

from esd.formats.ranges import Range
from esd.formats.replication import Predicate
from esd.store import Given, Key, Reader, Replaced
from esd.web import Gone

if TYPE_CHECKING:
    from esd.replica.replica import Replica

__all__ = ["Listing"]

LONGEST = 64 << 20  # bytes; hashing it takes about 0.2 s of one core, off the loop


class Listing:
    """The list of one replica."""

    def __init__(self, replica: "Replica", *, longest: int = LONGEST) -> None:
        self._replica = replica
        self._longest = longest
        self._etag: str | None = None
        self._etag_version = -1
        self._etag_until: float = -math.inf

    async def pieces(
        self, now: int, given: Predicate | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of the list, a page at a time."""
        try:
            for piece in _pieces(self._replica.reader, now, given):
                yield piece
                await trio.lowlevel.checkpoint()
        except Replaced as exc:
            raise Gone("a document was replaced while it was sent") from exc

    def whole(self, now: int, given: Predicate | None = None) -> bytes | None:
        """The list in one piece, where one page holds it."""
        documents: list[bytes] = []
        ranges = _ranges(given)
        if len(ranges) > 1:
            return None
        for low, high in ranges:
            page = self._replica.reader.page(
                now, (low, ""), high=high, given=_rule(given)
            )
            if page.after is not None:
                return None
            documents = page.documents
        return b"[" + b",".join(documents) + b"]"

    async def paths(
        self, now: int, given: Predicate | None = None
    ) -> AsyncIterator[bytes]:
        """The JSON array of all paths, a page at a time."""
        opening = b"["
        for paths in _path_pages(self._replica.reader, now, given):
            if paths:
                # No rule for paths lets quotes, backslashes or more than ASCII by.
                yield opening + ",".join(f'"{path}"' for path in paths).encode("ascii")
                opening = b","
            await trio.lowlevel.checkpoint()
        yield b"[]" if opening == b"[" else b"]"

    async def pub_etag(self, now: int) -> str | None:
        """The ETag a pub would give the list now, or None where it is too long."""
        replica = self._replica
        if replica.bell.count != self._etag_version or now > self._etag_until:
            version = replica.bell.count
            until = replica.reader.next_expiry(now)
            self._etag = await replica.run(lambda: self._scan(now))
            self._etag_version = version
            self._etag_until = math.inf if until is None else until
        return self._etag

    def _scan(self, now: int) -> str | None:
        digest, length = hashlib.sha1(usedforsecurity=False), 0
        with self._replica.file.scanning() as reader:
            try:
                for piece in _pieces(reader, now):
                    digest.update(piece)
                    length += len(piece)
                    if length > self._longest:
                        return None
            except Replaced:  # and there is another list by now
                return None
        text = base64.b64encode(digest.digest()).decode("ascii")
        return f'W/"{length:x}-{text[:27]}"'


def _ranges(given: Predicate | None) -> tuple[Range, ...]:
    paths = None if given is None else given.paths
    return (("", None),) if paths is None else paths


def _rule(given: Predicate | None) -> Given | None:
    return None if given is None else given.matches


def _pieces(
    reader: Reader, now: int, given: Predicate | None = None
) -> Iterator[bytes]:
    """Nothing is kept here that was given away: its taker may be slow.

    A piece is empty where a page holds nothing of what is given: others get their turn.
    """
    opening = b"["
    for low, high in _ranges(given):
        after: Key | None = (low, "")
        while after is not None:
            page = reader.page(now, after, high=high, given=_rule(given))
            after, large = page.after, page.large
            whole = b",".join(page.documents)
            del page
            if whole:
                yield opening + whole
                opening = b","
            elif large is not None:
                yield opening
                yield from reader.slices(large)
                opening = b","
            else:
                yield b""
    yield b"[]" if opening == b"[" else b"]"


def _path_pages(
    reader: Reader, now: int, given: Predicate | None
) -> Iterator[list[str]]:
    """Some may be empty."""
    for low_high in _ranges(given):
        yield from reader.path_steps(now, low_high, _rule(given))
