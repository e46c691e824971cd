"""Which of our documents a peer was seen to hold: a set of local indexes.

A peer's list is compared while it streams in, and may name a million documents. As bits
in blocks that is a byte for eight of them; as a set of numbers it would be sixty each.
"""

__all__ = ["Marks"]

_BITS = 1 << 15  # a block of 4 KiB


class Marks:
    """A set of natural numbers that mostly lie close together; `len` counts them."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self._count = 0

    def add(self, index: int) -> None:
        number, bit = divmod(index, _BITS)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = bytearray(_BITS // 8)
        mask = 1 << (bit & 7)
        if not block[bit >> 3] & mask:
            block[bit >> 3] |= mask
            self._count += 1

    def __contains__(self, index: int) -> bool:
        number, bit = divmod(index, _BITS)
        block = self._blocks.get(number)
        return block is not None and bool(block[bit >> 3] & (1 << (bit & 7)))

    def __len__(self) -> int:
        return self._count
