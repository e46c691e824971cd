"""Packed keys in blocks: where they lie, how many, and what their ids add up to.

At a million items an object each would cost 100 MB or more. Here the keys lie packed in
some thousands of immutable blocks, 40 bytes each and no more, and everything else is
per block: its first key to search by, and the sum of its ids. The number of items and
the sum of the ids before each block are added up when they are first needed after a
change, from there on. So an item is found by two bisections, and the ids of a range are
added up from two pieces of blocks at most, however long the range is.

Blocks are shared and never changed, and so are the lists of a copy until one of the two
changes: a copy costs nothing, and what was added up before serves it too. Every message
looks at one, and most change nothing.
"""

from bisect import bisect_right
from copy import copy
from itertools import accumulate, pairwise
from typing import Self

from esd.reconcile.fingerprints import LANES, sum_of_ids
from esd.reconcile.keys import KEY

__all__ = ["FILLED", "LONGEST", "SHORTEST", "Blocks"]

# Keys in a block. Twice as many save 3 of 46 MB at a million items and make the first
# fingerprint after a change among the oldest cheaper (2 ms and not 5), but finding what
# differs costs a sixth more.
LONGEST = LANES
FILLED = LONGEST * 3 // 4  # what a new block holds, so that some more fit in
SHORTEST = LONGEST // 8  # a block that shrinks to less joins its neighbour


class Blocks:
    """The blocks in order; none is empty. Offsets and sizes are in bytes."""

    def __init__(
        self, packed: list[bytes], firsts: list[bytes], sums: list[int]
    ) -> None:
        self.packed = packed
        self._firsts = firsts
        self._sums = sums
        self._starts = [0]  # the bytes before each block, and all of them
        self._totals = [0]  # the sum of the ids before each block, and of all
        self._changed_at: int | None = 0  # what is told of blocks after that is stale
        self._shared = False  # with a copy

    def __len__(self) -> int:
        return len(self.packed)

    def copy(self) -> Self:
        """Return the same blocks; from then on each changes alone."""
        self._add_up()
        self._shared = True
        return copy(self)  # which shares all lists

    def part(self, begin: int, end: int) -> Self:
        """Return some of the blocks; from then on each changes alone."""
        return type(self)(
            self.packed[begin:end], self._firsts[begin:end], self._sums[begin:end]
        )

    # Where a key lies...

    def find(self, bound: bytes) -> tuple[int, int]:
        """Return the block that *bound* falls into, and how much of it lies before."""
        at = max(bisect_right(self._firsts, bound) - 1, 0)
        block = self.packed[at]
        # Most bounds are the beginning of a key that both sides hold, and the first key
        # that begins so is the first one after the bound.
        begin = block.find(bound)
        if begin % KEY == 0:
            return at, begin
        low, high = 0, len(block) // KEY
        while low < high:
            middle = (low + high) // 2
            if block[middle * KEY : middle * KEY + KEY] < bound:
                low = middle + 1
            else:
                high = middle
        return at, low * KEY

    def start(self, at: int) -> int:
        """Return how many bytes lie before a block."""
        self._add_up()
        return self._starts[at]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the block with the byte at *offset*, and the place in it.

        At the end that is the end of the last block.
        """
        self._add_up()
        at = bisect_right(self._starts, offset) - 1
        if at == len(self.packed):
            at -= 1
        return at, offset - self._starts[at]

    def sum_before(self, offset: int) -> int:
        """Return the sum of the ids before *offset*, not reduced modulo 2**256."""
        at, begin = self.place(offset)
        block = self.packed[at]
        # From whichever end of the block is nearer.
        if begin * 2 <= len(block):
            return self._totals[at] + sum_of_ids(block[:begin])
        return self._totals[at + 1] - sum_of_ids(block[begin:])

    # Changing them...

    def put(self, at: int, begin: int, key: bytes) -> None:
        """Put *key* into a block, at its place."""
        block = self.packed[at]
        grown = block[:begin] + key + block[begin:]
        if len(grown) > LONGEST * KEY:
            self.replace(at, at + 1, grown)
        else:
            self._set(at, grown, self._sums[at] + sum_of_ids(key))

    def take(self, at: int, begin: int) -> None:
        """Take the key at a place out of a block."""
        block = self.packed[at]
        shrunk = block[:begin] + block[begin + KEY :]
        if len(shrunk) < SHORTEST * KEY:
            self._join(at, shrunk)
        else:
            key = block[begin : begin + KEY]
            self._set(at, shrunk, self._sums[at] - sum_of_ids(key))

    def append(self, packed: bytes) -> None:
        """Add *packed* keys at the end."""
        end = len(self.packed)
        if end and len(self.packed[-1]) < FILLED * KEY:
            self.replace(end - 1, end, self.packed[-1] + packed)
        else:
            self.replace(end, end, packed)

    def replace(self, begin: int, end: int, packed: bytes) -> None:
        """Put *packed* keys in the place of some blocks, cut evenly into new ones."""
        count = len(packed) // KEY
        pieces = -(-count // FILLED)
        cuts = [i * count // pieces * KEY for i in range(pieces + 1)] if pieces else []
        blocks = [packed[first:last] for first, last in pairwise(cuts)]
        self._make_own()
        self.packed[begin:end] = blocks
        self._firsts[begin:end] = [block[:KEY] for block in blocks]
        self._sums[begin:end] = map(sum_of_ids, blocks)
        self._note_change(begin)

    def _join(self, at: int, block: bytes) -> None:
        """Put *block* in the place of the one at *at*, together with its neighbour."""
        if at + 1 < len(self.packed):
            self.replace(at, at + 2, block + self.packed[at + 1])
        elif at:
            self.replace(at - 1, at + 1, self.packed[at - 1] + block)
        else:
            self.replace(0, 1, block)

    def _set(self, at: int, block: bytes, id_sum: int) -> None:
        self._make_own()
        self.packed[at] = block
        self._firsts[at] = block[:KEY]
        self._sums[at] = id_sum
        self._note_change(at)

    def _make_own(self) -> None:
        """Before a change: whoever shares the lists keeps them as they are."""
        if self._shared:
            self.packed = self.packed.copy()
            self._firsts, self._sums = self._firsts.copy(), self._sums.copy()
            self._shared = False

    def _note_change(self, at: int) -> None:
        if self._changed_at is None or at < self._changed_at:
            self._changed_at = at

    def _add_up(self) -> None:
        """From the first block that changed: most changes are at the end."""
        at = self._changed_at
        if at is not None:
            lengths = accumulate(map(len, self.packed[at:]), initial=self._starts[at])
            self._starts = [*self._starts[:at], *lengths]
            totals = accumulate(self._sums[at:], initial=self._totals[at])
            self._totals = [*self._totals[:at], *totals]
            self._changed_at = None
