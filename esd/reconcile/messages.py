"""The grammar of Negentropy version 1: bytes to ranges, and ranges to bytes.

A message is the version byte, then ranges. Each says something of the items from the
bound where the one before it ended (the first: from zero) until before its own `upper`:
nothing (Skip), their Fingerprint, or all their ids (IdList). After the last one nothing
is said up to infinity.

    range      upper, mode (0 skip, 1 fingerprint, 2 id list), payload
    upper      varint: 0 = infinity, else 1 + difference to the timestamp before;
               varint: how many bytes of id follow, at most 32; those bytes
    payload    16 bytes; or a varint, and so many ids of 32 bytes

A message is judged whole before anything in it is acted upon. What it may make us do is
bounded by its length and the number of its ranges, which are the caller's to bound: an
announced count is compared with the bytes that are left before anything is made from
it. Bounds may repeat, and go on after infinity (all such ranges are empty), but never
back.
"""

from collections.abc import Sequence
from typing import NamedTuple

from esd.errors import PeerMisbehaved
from esd.reconcile.fingerprints import FINGERPRINT
from esd.reconcile.keys import ID, INFINITY, TIMESTAMP, ZERO
from esd.reconcile.varints import MOST, decode_varint, encode_varint

__all__ = [
    "VERSION",
    "Fingerprint",
    "IdList",
    "Mark",
    "Range",
    "Skip",
    "Writer",
    "decode",
]

VERSION = 0x61

_SKIP, _FINGERPRINT, _ID_LIST = range(3)


class Skip(NamedTuple):
    upper: bytes


class Fingerprint(NamedTuple):
    upper: bytes
    digest: bytes


class IdList(NamedTuple):
    upper: bytes
    ids: list[bytes]


Range = Skip | Fingerprint | IdList


class Mark(NamedTuple):
    """A place in a message that is being written, to go back to."""

    size: int
    timestamp: int
    skipped: bytes | None


def decode(message: bytes, most_ranges: int) -> list[Range]:
    """Return the ranges of *message*, whose version byte is known to be ours."""
    reader = _Reader(message)
    ranges: list[Range] = []
    while reader.offset < len(message):
        if len(ranges) == most_ranges:
            raise PeerMisbehaved(f"a message has more than {most_ranges} ranges")
        ranges.append(reader.read_range())
    return ranges


class _Reader:
    """Goes through the ranges of one message."""

    def __init__(self, message: bytes) -> None:
        self.offset = 1
        self._message = message
        self._timestamp = 0
        self._bound = ZERO

    def read_range(self) -> Range:
        upper = self._read_bound()
        match self._read_varint():
            case 0:
                return Skip(upper)
            case 1:
                return Fingerprint(upper, self._read(FINGERPRINT))
            case 2:
                return IdList(upper, self._read_ids())
            case _:
                raise PeerMisbehaved("a range has an unknown mode")

    def _read_bound(self) -> bytes:
        timestamp = self._read_timestamp()
        length = self._read_varint()
        if length > ID:
            raise PeerMisbehaved("a bound has more bytes than an id")
        prefix = self._read(length)
        bound = timestamp.to_bytes(TIMESTAMP) + prefix if timestamp < MOST else INFINITY
        # Zeros at the end of a bound are as good as none.
        if bound < self._bound and bound < self._bound.rstrip(b"\0"):
            raise PeerMisbehaved("a bound lies before the one before it")
        self._bound = bound
        return bound

    def _read_timestamp(self) -> int:
        """Nothing lies after infinity, so a difference to it says nothing."""
        number = self._read_varint()
        if number == 0 or self._timestamp == MOST:
            self._timestamp = MOST
        else:
            self._timestamp += number - 1
        if self._timestamp > MOST:
            raise PeerMisbehaved("a timestamp is over 64 bits")
        return self._timestamp

    def _read_ids(self) -> list[bytes]:
        count = self._read_varint()
        if count * ID > len(self._message) - self.offset:
            raise PeerMisbehaved("a list has fewer ids than it says")
        packed = self._read(count * ID)
        return [packed[begin : begin + ID] for begin in range(0, len(packed), ID)]

    def _read_varint(self) -> int:
        number, self.offset = decode_varint(self._message, self.offset)
        return number

    def _read(self, length: int) -> bytes:
        begin, self.offset = self.offset, self.offset + length
        if self.offset > len(self._message):
            raise PeerMisbehaved("the message ends inside a range")
        return self._message[begin : self.offset]


class Writer:
    """Puts one message together. A skip is written once something comes after it."""

    def __init__(self) -> None:
        self._message = bytearray([VERSION])
        self._timestamp = 0
        self._skipped: bytes | None = None

    @property
    def size(self) -> int:
        return len(self._message)

    @property
    def is_empty(self) -> bool:
        return len(self._message) == 1

    def __bytes__(self) -> bytes:
        return bytes(self._message)

    def skip(self, upper: bytes) -> None:
        self._skipped = upper

    def drop_skip(self) -> None:
        self._skipped = None

    def fingerprint(self, upper: bytes, digest: bytes) -> None:
        self._begin(upper, _FINGERPRINT)
        self._message += digest

    def id_list(self, upper: bytes, ids: Sequence[bytes]) -> None:
        self._begin(upper, _ID_LIST)
        self._message += encode_varint(len(ids)) + b"".join(ids)

    def mark(self) -> Mark:
        return Mark(len(self._message), self._timestamp, self._skipped)

    def rewind(self, mark: Mark) -> None:
        """Forget what was written after *mark*."""
        del self._message[mark.size :]
        self._timestamp, self._skipped = mark.timestamp, mark.skipped

    def _begin(self, upper: bytes, mode: int) -> None:
        if self._skipped is not None:
            self._write_bound(self._skipped)
            self._message.append(_SKIP)
            self._skipped = None
        self._write_bound(upper)
        self._message.append(mode)

    def _write_bound(self, bound: bytes) -> None:
        timestamp, prefix = int.from_bytes(bound[:TIMESTAMP]), bound[TIMESTAMP:]
        number = 0 if timestamp == MOST else timestamp - self._timestamp + 1
        self._timestamp = timestamp
        self._message += encode_varint(number)
        self._message.append(len(prefix))
        self._message += prefix
