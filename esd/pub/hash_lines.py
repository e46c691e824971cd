"""A list of hashes on its way out: lines of JSON, made from one page as they are taken.

A page is a copy of the hashes and of nothing else: the set that it was read from
changes with every document, and would be held twice by each slow reader.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

import msgspec
import trio

from esd.formats import encode_base32
from esd.formats.encoding import encode_hash
from esd.pub.packed import HASH_BYTES, Hashes
from esd.reconcile import Items
from esd.web import Gone

__all__ = ["HashLines", "Page", "last_line"]

STEP = 1_000 * HASH_BYTES  # bytes of a page at a time: 1.5 ms of the loop, 57 KB


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is the last of the packed *ids*, where more come after them."""

    ids: bytes
    next: bytes | None

    @classmethod
    def of(cls, items: Items, first: int, most: int) -> Self:
        last = min(first + most, len(items))
        ids = b"".join(items.ids(first, last))
        return cls(ids, ids[-HASH_BYTES:] if last < len(items) else None)


class HashLines:
    """The body of an answer; *place* is given back when it ends, or never begins."""

    def __init__(self, page: Page, place: ExitStack, seconds: float) -> None:
        self._page = page
        self._place = place
        self._seconds = seconds
        self._pieces = self._lines()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        self._place.close()
        await self._pieces.aclose()

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        latest = trio.current_time() + self._seconds
        with self._place:
            for start in range(0, len(self._page.ids), STEP):
                if trio.current_time() > latest:
                    raise Gone("a list of hashes was taken too slowly")
                yield _text(self._page.ids[start : start + STEP])
                await trio.lowlevel.checkpoint()
            following = self._page.next
            yield last_line(None if following is None else encode_base32(following))


def last_line(following: str | int | None) -> bytes:
    """What ends a list of lines, and tells where to go on."""
    return msgspec.json.encode({"end": True, "next": following}) + b"\n"


def _text(ids: bytes) -> bytes:
    return b"".join(b'"%b"\n' % encode_hash(one) for one in Hashes(ids))
