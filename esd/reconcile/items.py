"""The ordered set of items that is reconciled.

A position counts the items before it. Positions hold until the set changes, bounds for
ever: what is kept from one message to the next is bounds.

A set that differs from another in a few items, or is a slice of it, shares its blocks
(blocks) and costs no second copy of the keys: a time bound is `between`, what we show a
peer is `shown`, and both stay as they are when the first set moves on.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Self

from esd.reconcile.blocks import Blocks
from esd.reconcile.fingerprints import sum_of_ids
from esd.reconcile.keys import INFINITY, KEY, TIMESTAMP

__all__ = ["Items"]

CHUNK = 1 << 15  # keys that are objects at a time while many are added: 5 MB


class Items:
    """A set of keys in order. Not to be changed by one thread while another reads."""

    def __init__(
        self, keys: Iterable[bytes] = (), *, blocks: Blocks | None = None
    ) -> None:
        self._blocks = Blocks([], [], []) if blocks is None else blocks
        self.update(keys)

    def __repr__(self) -> str:
        return f"<Items: {len(self)}>"

    # Changing it...

    def update(self, keys: Iterable[bytes]) -> None:
        """Add *keys*; those that come in order and after all others are cheapest."""
        rest = iter(keys)
        while chunk := sorted(dict.fromkeys(islice(rest, CHUNK))):
            if not self._blocks or chunk[0] > self._blocks.packed[-1][-KEY:]:
                assert all(len(key) == KEY for key in chunk)
                assert chunk[-1] < INFINITY, "no item has the timestamp of infinity"
                self._blocks.append(b"".join(chunk))
            else:
                for key in chunk:
                    self.insert(key)

    def insert(self, key: bytes) -> bool:
        """Add *key*; return whether it was new."""
        assert len(key) == KEY
        assert key < INFINITY, "no item has the timestamp of infinity"
        if not self._blocks:
            self._blocks.append(key)
            return True
        at, begin = self._blocks.find(key)
        if self._is_at(at, begin, key):
            return False
        self._blocks.put(at, begin, key)
        return True

    def remove(self, key: bytes) -> bool:
        """Take *key* out; return whether it was there."""
        if not self._blocks:
            return False
        at, begin = self._blocks.find(key)
        if not self._is_at(at, begin, key):
            return False
        self._blocks.take(at, begin)
        return True

    # Sets that share its blocks...

    def copy(self) -> Self:
        """Return a set of the same items; from then on each changes alone."""
        return type(self)(blocks=self._blocks.copy())

    def between(self, lower: bytes, upper: bytes = INFINITY) -> Self:
        """Return the items from *lower* until before *upper*, as `copy` does."""
        first, last = self.position(lower) * KEY, self.position(upper) * KEY
        if first >= last:
            return type(self)()
        (begin, dropped), (end, kept) = map(self._blocks.place, (first, last - 1))
        part = self._blocks.part(begin, end + 1)
        if begin == end:
            part.replace(0, 1, part.packed[0][dropped : kept + 1])
        else:
            part.replace(end - begin, len(part), part.packed[-1][: kept + 1])
            part.replace(0, 1, part.packed[0][dropped:])
        return type(self)(blocks=part)

    def shown(self, *, useless: Iterable[bytes], refused: Iterable[bytes]) -> Self:
        """Return the set with the *useless* items and without the *refused* ones."""
        shown = self.copy()
        for key in useless:
            shown.insert(key)
        for key in refused:
            shown.remove(key)
        return shown

    # Reading it...

    def __len__(self) -> int:
        return self._blocks.start(len(self._blocks)) // KEY

    def __contains__(self, key: bytes) -> bool:
        return bool(self._blocks) and self._is_at(*self._blocks.find(key), key)

    def __iter__(self) -> Iterator[bytes]:
        return self.keys(0, len(self))

    def __getitem__(self, position: int) -> bytes:
        at, begin = self._blocks.place(position * KEY)
        return self._blocks.packed[at][begin : begin + KEY]

    def position(self, bound: bytes) -> int:
        """Return how many items lie before *bound*."""
        if bound >= INFINITY or not self._blocks:
            return len(self)
        at, begin = self._blocks.find(bound)
        return (self._blocks.start(at) + begin) // KEY

    def keys(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the keys at the positions from *first* until before *last*."""
        for packed in self._pieces(first * KEY, last * KEY):
            for begin in range(0, len(packed), KEY):
                yield packed[begin : begin + KEY]

    def ids(self, first: int, last: int) -> list[bytes]:
        """Return the ids at the positions from *first* until before *last*."""
        return [key[TIMESTAMP:] for key in self.keys(first, last)]

    def packed(self) -> Iterator[bytes]:
        """Yield all keys in order, many at a time."""
        return iter(self._blocks.packed)

    def sum_before(self, position: int) -> int:
        """Return the sum of the ids before *position*, not reduced modulo 2**256."""
        return self._blocks.sum_before(position * KEY) if self._blocks else 0

    def sum_between(self, first: int, last: int) -> int:
        """Return the sum of the ids between two positions, where these are few."""
        return sum(map(sum_of_ids, self._pieces(first * KEY, last * KEY)))

    def _is_at(self, at: int, begin: int, key: bytes) -> bool:
        return self._blocks.packed[at][begin : begin + KEY] == key

    def _pieces(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the packed keys from the byte *first* until before *last*."""
        while first < last:
            at, begin = self._blocks.place(first)
            piece = self._blocks.packed[at][begin : begin + last - first]
            yield piece
            first += len(piece)
