"""Server-sent events, read while they come: the data of those that are messages.

Lines end with LF, CR or CRLF; a blank one sends an event off. An event that has another
name than `message` is none of ours: peers say by it that the half they sent counts for
nothing. What is held back is the line and the event that have not ended.
"""

import re

from esd.errors import PeerMisbehaved
from esd.formats.batches import MAX_ELEMENT

__all__ = ["EventReader"]

_END = re.compile(rb"\r\n|\n|\r")
_MESSAGE = (b"", b"message")
MOST_LINES = 1_000  # of one event: a document is one line


class EventReader:
    """Feed it a stream's bytes in any pieces."""

    def __init__(self, most: int = MAX_ELEMENT) -> None:
        self._most = most
        self._line = bytearray()
        self._searched = 0
        self._data: list[bytes] = []
        self._name = b""
        self._after_cr = False

    @property
    def held(self) -> int:
        """Bytes of an event whose end has not come."""
        return len(self._line) + sum(map(len, self._data))

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that *piece* completes; raises PeerMisbehaved."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        if piece:
            self._after_cr = piece.endswith(b"\r")
        self._line += piece
        *lines, rest = _END.split(self._line) if self._has_end() else [self._line]
        self._line = bytearray(rest)
        self._searched = len(rest)
        found = [data for data in map(self._take, lines) if data is not None]
        if self.held > self._most:
            raise PeerMisbehaved("an event of its stream is too long")
        return found

    def _has_end(self) -> bool:
        """Without looking twice at a long line that comes in many pieces."""
        return _END.search(self._line, self._searched) is not None

    def _take(self, line: bytes | bytearray) -> bytes | None:
        if not line:
            return self._send_off()
        name, _, value = bytes(line).partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            if len(self._data) > MOST_LINES:
                raise PeerMisbehaved("an event of its stream has too many lines")
        elif name == b"event":
            self._name = value
        return None

    def _send_off(self) -> bytes | None:
        data, name = self._data, self._name
        self._data, self._name = [], b""
        return b"\n".join(data) if data and name in _MESSAGE else None
