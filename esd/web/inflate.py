"""Content-Encoding, bounded: no peer decides how much memory its bytes become.

gzip and deflate expand up to a thousandfold, so the inflated side is what is counted,
and it comes in pieces: 100 KB of zeros' gzip never is one 64 MB object. Servers and
clients disagree about `deflate` (RFC 9110 says zlib, some send it raw), so the first
two bytes decide. Only one gzip member is taken: an endless row of empty ones costs its
sender twenty bytes each and us a new inflater.
"""

import gzip
import zlib
from collections.abc import Iterator

from esd.errors import PeerMisbehaved

__all__ = ["PIECE", "CorruptBody", "Inflater", "TooLarge", "deflate_gzip"]

PIECE = 64 * 1024  # bytes; what one step of any body may put into memory

ALIASES = {"": "identity", "x-gzip": "gzip"}
KNOWN = ("identity", "gzip", "deflate")

# wbits of zlib: 31 is a gzip wrapper, 15 a zlib wrapper, -15 none at all.
GZIP, ZLIB, RAW = 31, 15, -15

# What we push is base32 and JSON: level 5 is within 2 % of 9 and three times as fast.
LEVEL = 5


class TooLarge(PeerMisbehaved):
    """A body passed its bound."""

    def __init__(self) -> None:
        super().__init__("the body is too large", status_hint=413)


class CorruptBody(PeerMisbehaved):
    """A compressed body is damaged, cut short, or followed by something else."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, status_hint=400)


class Inflater:
    """Undoes one Content-Encoding, streaming; `limit` counts bytes on both sides."""

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        self._encoding = ALIASES.get(encoding, encoding)
        if self._encoding not in KNOWN:
            raise PeerMisbehaved("unknown Content-Encoding", status_hint=415)
        self._limit = limit
        self._came = 0
        self._gave = 0
        self._opening = b""  # of deflate: until there are the two bytes that decide
        self._zlib = zlib.decompressobj(GZIP) if self._encoding == "gzip" else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* becomes, in pieces; exhaust it before the next feed."""
        self._came += len(data)
        if self._came > self._limit:
            raise TooLarge
        if self._encoding == "identity":
            return _pieces(data)
        return self._inflate(data)

    def finish(self) -> None:
        """Check, after the last feed, that the encoding came to its own end."""
        if self._encoding == "identity" or not self._came:
            return
        if self._zlib is None or not self._zlib.eof:
            raise CorruptBody("the compressed body is cut short")

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        if self._zlib is None:
            data = self._opening + data
            if len(data) < 2:
                self._opening = data
                return
            self._zlib = zlib.decompressobj(ZLIB if _is_zlib(data) else RAW)
        piece = b""
        while data or len(piece) == PIECE:
            try:
                piece = self._zlib.decompress(data, PIECE)
            except zlib.error as exc:
                raise CorruptBody("the compressed body is damaged") from exc
            if self._zlib.unused_data:
                raise CorruptBody("something follows the compressed body")
            data = self._zlib.unconsumed_tail
            self._gave += len(piece)
            if self._gave > self._limit:
                raise TooLarge
            if piece:
                yield piece


def _is_zlib(data: bytes) -> bool:
    """RFC 1950: the method is 8, and the first two bytes are a multiple of 31."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def _pieces(data: bytes) -> Iterator[bytes]:
    if len(data) <= PIECE:
        return iter((data,) if data else ())
    return (data[at : at + PIECE] for at in range(0, len(data), PIECE))


def deflate_gzip(data: bytes) -> bytes:
    """The same bytes for the same data: no time stamp in the header."""
    return gzip.compress(data, compresslevel=LEVEL, mtime=0)
