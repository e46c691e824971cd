"""The file of a saved set of items: a head, the keys in order, a checksum.

    8 bytes   the magic number      16  the set's name       8 + 8  its mark (items_log)
    8         how many keys         40  each key             4      CRC-32 of all before

It is a copy of what the replica's file says, so nothing depends on it: it is not synced
to the disk, and one that is not whole is as good as none.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from esd.store.items_log import Mark
from esd.store.schema import create_private

__all__ = ["KEY", "SavedSet", "Unusable", "read_head", "read_keys", "write_saved"]

KEY = 40  # bytes of a key
RUN = 4_096  # keys read at once

_MAGIC = b"esd set1"
_HEAD = struct.Struct(">8s16sqqQ")
_SUM = struct.Struct(">I")


class Unusable(Exception):
    """The file is not whole, or none of ours."""


@dataclass(frozen=True, slots=True)
class SavedSet:
    """What the head says."""

    name: bytes
    mark: Mark
    count: int

    def head(self) -> bytes:
        return _HEAD.pack(_MAGIC, self.name, *self.mark, self.count)


def write_saved(path: Path, saved: SavedSet, pieces: Iterable[bytes]) -> None:
    """Write a new file of these packed keys. Raises OSError."""
    path.unlink(missing_ok=True)
    create_private(path)
    with path.open("r+b") as file:
        checked = 0
        for piece in (saved.head(), *pieces):
            checked = zlib.crc32(piece, checked)
            file.write(piece)
        file.write(_SUM.pack(checked))


def read_head(file: BinaryIO) -> SavedSet:
    """What an open file says of itself. Raises Unusable."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise Unusable
    _, name, last_index, last_gone, count = _HEAD.unpack(head)
    return SavedSet(name, Mark(last_index, last_gone), count)


def read_keys(file: BinaryIO, saved: SavedSet) -> Iterator[bytes]:
    """The keys after the head, packed, some at a time. Raises Unusable, at the end."""
    checked = zlib.crc32(saved.head())
    left = saved.count * KEY
    while left:
        piece = file.read(min(left, RUN * KEY))
        if not piece or len(piece) % KEY:
            raise Unusable
        checked = zlib.crc32(piece, checked)
        left -= len(piece)
        yield piece
    if file.read() != _SUM.pack(checked):
        raise Unusable
