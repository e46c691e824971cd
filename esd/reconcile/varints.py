"""Varints: base 128, most significant digit first, as short as possible.

Each byte carries seven bits; all but the last have the high bit set. Ten bytes hold any
u64, so an eleventh is refused before it is looked at: without that bound, a peer's run
of 0x80 bytes would be read for ever.
"""

from esd.errors import PeerMisbehaved

__all__ = ["MOST", "decode_varint", "encode_varint"]

MOST = 2**64 - 1
LONGEST = 10  # bytes; 10 * 7 bits hold a u64

_SHORT = [bytes([number]) for number in range(0x80)]


def encode_varint(number: int) -> bytes:
    if number < 0x80:
        return _SHORT[number]
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    digits.reverse()
    return bytes(digits)


def decode_varint(data: bytes, offset: int) -> tuple[int, int]:
    """Return the number at *offset*, and the offset after it."""
    number, end = 0, offset
    if offset < len(data) and (byte := data[offset]) < 0x80:  # most are of one byte
        return byte, offset + 1
    for byte in data[offset : offset + LONGEST]:
        end += 1
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            if number > MOST:
                raise PeerMisbehaved("a varint is over 64 bits")
            return number, end
    if end - offset < LONGEST:
        raise PeerMisbehaved("the message ends inside a varint")
    raise PeerMisbehaved(f"a varint is longer than {LONGEST} bytes")
