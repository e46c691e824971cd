"""Bytes as text: the base32 of es.4 and the base58 of es.3.

Base32 is RFC 4648 in lower case, no padding, a `b` in front. Base58 is that of Bitcoin,
with nothing in front: a number in 58 digits, and a `1` for each zero byte before it.

Decoding is strict, so that a value has exactly one spelling; two spellings of one key
would be two authors. In base32 that takes nothing but the alphabet, fewer than five
left-over bits, and all of those zero; Python's own `b32decode` drops set left-over bits
in silence. In base58 it takes nothing but the alphabet.

Base32 works on one big integer, because every document of es.4 pays for four of them:
`int(text, 32)` reads all digits in C once the alphabet is translated to Python's, and
writing 32 bytes moves the 52 groups of five bits to the bottom of 52 bytes in six
shifts (halves, quarters, eighths …) and translates those. Three times faster than a
loop over a table, and six times faster than `base64`. Many texts of one size make one
integer together, which is twice as fast again: each stands in a block of its own, and
nothing moves from one block to another. Base58 has no such short cut: it costs the
square of its length, which is therefore bounded.
"""

import base64
from collections.abc import Sequence
from contextlib import suppress

ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"
PYTHON_DIGITS = b"0123456789abcdefghijklmnopqrstuv"
DIGITS_OF_32_BYTES = 52  # 260 bits: four of them pad
BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MAX_BASE58 = 500  # characters, some 0.1 ms; a signature has 88
AT_ONCE = 64  # hashes written as one integer; with more it gets no faster

_TO_PYTHON = bytes(
    PYTHON_DIGITS[ALPHABET.index(byte)] if byte in ALPHABET else ord("!")
    for byte in range(256)
)
_FROM_GROUP = ALPHABET * 8  # bytes.translate wants all 256

_NO_DIGIT = 255
_BASE58_VALUES = bytes(
    BASE58.index(byte) if byte in BASE58 else _NO_DIGIT for byte in range(256)
)


class InvalidEncoding(ValueError):
    """The text is not base32, or base58, in its one valid spelling."""


def _spreading_steps() -> list[tuple[int, int, int]]:
    """(shift, what stays, what moves up) that widen 64 groups of 5 bits to 8 bits.

    In each of AT_ONCE blocks of 64 bytes.
    """
    steps = []
    for half in (32, 16, 8, 4, 2, 1):
        low = (1 << 5 * half) - 1
        starts = range(0, 64 * 8, 2 * half * 8)
        stays = sum(low << start for start in starts)
        moves = sum(low << (start + 5 * half) for start in starts)
        steps.append((3 * half, _in_each_block(stays), _in_each_block(moves)))
    return steps


def _in_each_block(mask: int) -> int:
    return int.from_bytes(mask.to_bytes(64, "big") * AT_ONCE, "big")


_STEPS = _spreading_steps()
_BEFORE = bytes(31) + b"\1"  # one group above the 52 of a hash: the b in front of them


def encode_hashes(digests: Sequence[bytes]) -> list[bytes]:
    """The text of 32 bytes each, as ASCII: what a signature signs."""
    texts: list[bytes] = []
    for start in range(0, len(digests), AT_ONCE):
        some = digests[start : start + AT_ONCE]
        groups = int.from_bytes(_BEFORE + _BEFORE.join(some), "big") << 4
        for shift, stays, moves in _STEPS:
            groups = (groups & stays) | ((groups & moves) << shift)
        blocks = groups.to_bytes(64 * len(some), "big").translate(_FROM_GROUP)
        ends = range(64, len(blocks) + 1, 64)
        texts += [blocks[end - 1 - DIGITS_OF_32_BYTES : end] for end in ends]
    return texts


def encode_hash(digest: bytes) -> bytes:
    return encode_hashes((digest,))[0]


def encode_base32(data: bytes) -> str:
    if len(data) == 32:
        return encode_hash(data).decode()
    return "b" + base64.b32encode(data).decode().rstrip("=").lower()


def decode_base32(text: str) -> bytes:
    """The bytes *text* stands for; raises InvalidEncoding."""
    if not text.startswith("b"):
        raise InvalidEncoding("base32 must start with the letter b")
    value = _number(text[1:]) if len(text) > 1 else 0
    size, left_over = divmod(5 * (len(text) - 1), 8)
    if left_over >= 5 or value & ((1 << left_over) - 1):
        raise InvalidEncoding("base32 must not end in unused digits or bits")
    return (value >> left_over).to_bytes(size, "big")


def decode_each(texts: Sequence[str], size: int) -> list[bytes | None]:
    """The *size* bytes that each text stands for; None where it does not."""
    length = 1 + -(-8 * size // 5)
    if set(map(len, texts)) == {length}:
        with suppress(InvalidEncoding):
            return [*_decode_joined(texts, length, size)]
    return [_decode_sized(text, length) for text in texts]


def _decode_joined(texts: Sequence[str], length: int, size: int) -> list[bytes]:
    """Raises InvalidEncoding where one of them has no valid spelling.

    Each becomes a block of whole bytes, filled up with digits of nothing. Moved down by
    what is unused at its end, a block ends in the bytes; in front of them it has what
    was unused in the block before, which must be nothing, and the letter b.
    """
    filling = "a" * (-length % 8)
    block = 5 * (length + len(filling)) // 8
    unused = 8 * (block - size) - 5
    value = _number(filling.join([*texts, ""]))
    blocks = (value >> unused).to_bytes(block * len(texts), "big")
    front = bytes(block - size - 1) + b"\1"
    fronts = [blocks[place::block] for place in range(len(front))]
    if value & ((1 << unused) - 1) or fronts != [
        bytes([byte]) * len(texts) for byte in front
    ]:
        raise InvalidEncoding("base32 must start with b and end in no unused bits")
    return [blocks[end - size : end] for end in range(block, len(blocks) + 1, block)]


def _decode_sized(text: str, length: int) -> bytes | None:
    try:
        return decode_base32(text) if len(text) == length else None
    except InvalidEncoding:
        return None


def _number(digits: str) -> int:
    try:
        return int(digits.encode("utf-8", "replace").translate(_TO_PYTHON), 32)
    except ValueError:
        raise InvalidEncoding("base32 may hold only a-z and 2-7") from None


def encode_base58(data: bytes) -> str:
    value = int.from_bytes(data, "big")
    digits = bytearray()
    while value:
        value, digit = divmod(value, 58)
        digits.append(BASE58[digit])
    digits += BASE58[:1] * (len(data) - len(data.lstrip(b"\0")))
    return digits[::-1].decode()


def decode_base58(text: str) -> bytes:
    """The bytes *text* stands for; raises InvalidEncoding."""
    if len(text) > MAX_BASE58:
        raise InvalidEncoding(f"base58 has at most {MAX_BASE58} characters")
    digits = text.encode("ascii", "replace").translate(_BASE58_VALUES)
    if _NO_DIGIT in digits:
        raise InvalidEncoding("base58 has only 58 letters and digits")
    value = 0
    for digit in digits:
        value = value * 58 + digit
    zeros = len(digits) - len(digits.lstrip(b"\0"))
    return bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")
