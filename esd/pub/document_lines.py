"""Documents by hash on their way out: one a line, in the order they were asked for.

They are read in short pages and the long ones in slices, so a taker of any slowness
costs the hashes it asked for and one page. What it may not have is passed over as if
it were not there. Past a bound the answer ends early and tells where to go on.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence

import trio

from esd.formats import Predicate
from esd.pub.hash_lines import HASH_BYTES, last_line
from esd.replica import Replica
from esd.store import Replaced
from esd.web import Gone

__all__ = ["document_lines"]

AT_ONCE = 100  # hashes looked up in one step: a millisecond of the loop


async def document_lines(
    replica: Replica, hashes: Sequence[bytes], matching: Predicate, now: int, most: int
) -> AsyncGenerator[bytes, None]:
    """At most *most* bytes, and what the last page has over."""
    wanted = _Wanted(replica, hashes, matching, now)
    size = 0
    try:
        while wanted.place < wanted.count and size < most:
            for piece in wanted.next_pieces():
                size += len(piece)
                yield piece
                await trio.lowlevel.checkpoint()
    except Replaced as exc:
        raise Gone("a document was replaced while it was sent") from exc
    yield last_line(wanted.place if wanted.place < wanted.count else None)


class _Wanted:
    """`place` counts the hashes that have been dealt with."""

    def __init__(
        self, replica: Replica, hashes: Sequence[bytes], matching: Predicate, now: int
    ) -> None:
        self.count = len(hashes)
        self.place = 0
        self._hashes = b"".join(hashes)  # a third of what they take in a list
        self._replica = replica
        self._matching = matching
        self._now = now

    def next_pieces(self) -> Iterator[bytes]:
        """Some documents as one piece, or a long one as many."""
        reader = self._replica.reader
        wires = reader.wires(self._next_hashes(), self._now)
        self.place += wires.settled
        shown = [
            wire.json
            for wire in wires.found.values()
            if self._matching.matches(
                wire.path, wire.author, wire.timestamp, wire.format
            )
        ]
        large = wires.large
        del wires  # nothing is kept that was given away
        if large is None and shown:
            yield b"\n".join(shown) + b"\n"
        elif large is not None and shown:
            yield from reader.slices(large)
            yield b"\n"

    def _next_hashes(self) -> list[bytes]:
        begin = self.place * HASH_BYTES
        some = self._hashes[begin : begin + AT_ONCE * HASH_BYTES]
        return [some[at : at + HASH_BYTES] for at in range(0, len(some), HASH_BYTES)]
