"""Documents by hash on their way out: one a line, in the order they were asked for.

They are read in short pages and the long ones in slices, so a taker of any slowness
costs the hashes it asked for, packed, and one page. What it may not have is passed over
as if it were not there, and is not even read. Past a bound of bytes or of time the
answer ends early and tells where to go on.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack

import trio

from esd.formats import Predicate
from esd.pub.hash_lines import last_line
from esd.pub.packed import Hashes
from esd.pub.removed import breaking_off
from esd.pub.settings import SyncLimits
from esd.replica import Replica
from esd.store import Reader, Replaced
from esd.web import Gone

__all__ = ["DocumentLines", "Wanted"]

AT_ONCE = 100  # hashes looked up in one step: a millisecond of the loop


class Wanted:
    """The documents of some hashes; `place` counts those that have been dealt with."""

    def __init__(
        self, replica: Replica, hashes: Hashes, matching: Predicate, now: int
    ) -> None:
        self.place = 0
        self._hashes = hashes
        self._replica = replica
        self._matching = matching
        self._now = now

    @property
    def next(self) -> int | None:
        """Where to go on; None: there is nothing left."""
        return self.place if self.place < len(self._hashes) else None

    def next_pieces(self) -> Iterator[bytes]:
        """Some documents as one piece, or a long one as many; or nothing.

        An iterator, because one that is at its end holds nothing of what it gave.
        """
        reader = self._replica.reader
        some = self._hashes.some(self.place, AT_ONCE)
        wires = reader.wires(some, self._now, given=self._matching.matches)
        self.place += wires.settled
        if wires.large is not None:
            return _slices(reader, wires.large)
        lines = [wire.json + b"\n" for wire in wires.found.values()]
        return iter([b"".join(lines)] if lines else [])


class DocumentLines:
    """The body of an answer; *place* is given back when it ends, or never begins."""

    def __init__(self, wanted: Wanted, place: ExitStack, limits: SyncLimits) -> None:
        self._wanted = wanted
        self._place = place
        self._most = limits.documents_body
        self._seconds = limits.answer_time
        self._pieces = self._lines()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        self._place.close()
        await self._pieces.aclose()

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        wanted, size = self._wanted, 0
        latest = trio.current_time() + self._seconds
        with self._place, breaking_off():
            while wanted.next is not None and size < self._most and not _past(latest):
                for piece in wanted.next_pieces():
                    size += len(piece)
                    yield piece
                    del piece
                    await trio.lowlevel.checkpoint()
                    if _past(latest):  # a long one goes on, in nobody's way
                        self._place.close()
                await trio.lowlevel.checkpoint()  # also where nothing was given
            yield last_line(wanted.next)


def _past(latest: float) -> bool:
    return trio.current_time() > latest


def _slices(reader: Reader, local_index: int) -> Iterator[bytes]:
    try:
        yield from reader.slices(local_index)
    except Replaced as exc:
        raise Gone("a document was replaced while it was sent") from exc
    yield b"\n"
