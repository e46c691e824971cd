"""How a range is cut whose fingerprints differ: each side's own choice, not protocol.

A range with few items is told as a list of ids; any other is cut into buckets, and each
bucket's fingerprint is told. Fewer buckets cost fewer bytes for each difference and
more rounds; longer lists fewer rounds and more bytes.

The first message is where the choice pays. Documents differ most often at the end,
where the newest are, and most often nothing differs. So the first message cuts the set
unevenly: the newest 16 items, the 32 before them, then 64, and so on back, until a
piece would be over a 32nd of everything; pieces of that size cover the rest. The newest
differences then lie in small pieces and are found in two round trips, those anywhere in
three, and that nothing differs costs some 1,000 bytes at a million items.

Where the cuts fall can be guessed by anyone who knows the items. `jitter` moves each
cut by up to a quarter of the smaller piece beside it: sets of equal sum, made to hide a
difference, are then cut apart one time or another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["OURS", "REFERENCE", "Splitting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """The sizes that cut a range; `jitter` returns numbers from 0 to 1, at random.

    `plain_frames`: fill frames as the reference does (telling), byte for byte.
    """

    buckets: int
    list_below: int  # items; at least `buckets`
    newest: int = 0  # items in the last piece of the first message; 0: cut it evenly
    pieces: int = 0  # the other pieces hold at most one such part of all items
    jitter: Callable[[], float] | None = None
    plain_frames: bool = False

    def cuts(self, count: int) -> list[int]:
        """Return where to cut *count* items, ends included; nothing for a list."""
        if count < self.list_below:
            return []
        size, larger = divmod(count, self.buckets)
        sizes = [size + 1] * larger + [size] * (self.buckets - larger)
        return self._moved(sizes)

    def first_cuts(self, count: int) -> list[int]:
        """Return where to cut *count* items for the first message."""
        if not self.newest or not count:
            return self.cuts(count)
        sizes, rest, size = [], count, self.newest
        most = max(self.newest, -(-count // self.pieces))
        while rest:
            sizes.append(min(size, most, rest))
            rest -= sizes[-1]
            size *= 2
        return self._moved(sizes[::-1])

    def _moved(self, sizes: list[int]) -> list[int]:
        cuts = list(accumulate(sizes, initial=0))
        if self.jitter is not None:
            for i in range(1, len(sizes)):
                room = min(sizes[i - 1], sizes[i]) // 4
                cuts[i] += round((2 * self.jitter() - 1) * room)
        return cuts


OURS = Splitting(buckets=8, list_below=16, newest=16, pieces=32)

# What the reference does: with it, messages can be compared byte for byte.
REFERENCE = Splitting(buckets=16, list_below=32, plain_frames=True)
