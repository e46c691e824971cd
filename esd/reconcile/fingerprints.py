"""Fingerprints: what a side says of a range instead of naming its items.

The first 16 bytes of sha256(sum, count): the ids added up as little-endian numbers
modulo 2**256, then their count as a varint. A sum can be taken apart, so that of a
range is the difference of two others; and it can be added up many ids at a time. Packed
keys are read as one long number in lanes of 320 bits; one mask clears all the
timestamps, and then the upper half of the lanes is added to the lower one until one
lane is left. The 64 bits which the timestamp leaves free take the carries of 2**64 ids.
That is some 80 ns an id, where adding them one by one costs 300.

The sum is no secure hash: who can make some 2**31 documents can make two sets of equal
sum. What that buys is a document withheld between two honest peers, never a forgery.
"""

from hashlib import sha256

from esd.reconcile.keys import ID, KEY, TIMESTAMP
from esd.reconcile.varints import encode_varint

__all__ = ["FINGERPRINT", "LANES", "fingerprint_of", "sum_of_ids"]

FINGERPRINT = 16  # bytes
LANES = 64  # keys that one number may hold; a power of two

_IDS = int.from_bytes((b"\xff" * ID + bytes(TIMESTAMP)) * LANES, "little")
_LANE = KEY * 8  # bits
# By what power of two the lanes are, how often to fold them and where: the mask of the
# lower half, and how far down to shift the upper one.
_FOLDS = [
    [((1 << half) - 1, half) for half in (_LANE << n for n in reversed(range(power)))]
    for power in range(LANES.bit_length())
]
_MODULUS_MASK = (1 << ID * 8) - 1


def sum_of_ids(packed: bytes) -> int:
    """Add up the ids of at most LANES packed keys; not reduced modulo 2**256."""
    total = int.from_bytes(packed[TIMESTAMP:], "little") & _IDS
    for lower, bits in _FOLDS[(len(packed) // KEY - 1).bit_length()]:
        total = (total & lower) + (total >> bits)
    return total


def fingerprint_of(id_sum: int, count: int) -> bytes:
    """Return the fingerprint of *count* items whose ids add up to *id_sum*."""
    summed = (id_sum & _MODULUS_MASK).to_bytes(ID, "little")
    return sha256(summed + encode_varint(count)).digest()[:FINGERPRINT]
