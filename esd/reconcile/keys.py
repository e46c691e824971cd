"""Keys and bounds: items and the cuts between them, as bytes in their order.

A key is an item: its timestamp as eight big-endian bytes, then its 32-byte id. Items
are ordered by timestamp and then id, which is how their keys compare.

A bound is the beginning of a key: a timestamp, then as much of an id as it takes. A key
lies before a bound if it is less as bytes; so the id bytes that a bound leaves out
count as zero, as Negentropy has it, without being written down. INFINITY is after every
key, because no item has its timestamp.
"""

from esd.reconcile.varints import MOST

__all__ = ["ID", "INFINITY", "KEY", "TIMESTAMP", "ZERO", "key_of", "separating"]

TIMESTAMP = 8  # bytes of a u64
ID = 32
KEY = TIMESTAMP + ID

INFINITY = MOST.to_bytes(TIMESTAMP)
ZERO = bytes(TIMESTAMP)


def key_of(timestamp: int, item_id: bytes) -> bytes:
    return timestamp.to_bytes(TIMESTAMP) + item_id


def separating(before: bytes, after: bytes) -> bytes:
    """Return the shortest bound that lies over *before* and not over *after*."""
    length = TIMESTAMP
    while before[:length] == after[:length]:
        length += 1
    return after[:length]
