"""Server-sent events, read while they come: the data of those that are messages.

Lines end with LF, CR or CRLF; a blank one sends an event off. An event that has another
name than `message` is none of ours: peers say by it that the half they sent counts for
nothing. What is held back is the line and the event that have not ended.
"""

from esd.errors import PeerMisbehaved
from esd.formats.batches import MAX_ELEMENT

__all__ = ["EventReader"]

_BOM = b"\xef\xbb\xbf"  # may stand before the first line, and means nothing
_MESSAGE = (b"", b"message")
MOST_LINES = 1_000  # of one event: a document is one line


class EventReader:
    """Feed it a stream's bytes in any pieces."""

    def __init__(self, most: int = MAX_ELEMENT) -> None:
        self._most = most
        self._line = bytearray()
        self._after_cr = False
        self._is_first = True
        self._data: list[bytes] = []
        self._size = 0  # of the data
        self._is_message = True

    @property
    def held(self) -> int:
        """Bytes of an event whose end has not come."""
        return len(self._line) + self._size

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that *piece* completes; raises PeerMisbehaved."""
        if not piece:
            return []
        fresh = piece.removeprefix(b"\n") if self._after_cr else piece
        self._after_cr = piece.endswith(b"\r")
        taken = map(self._take, self._lines(fresh))
        found = [data for data in taken if data is not None]
        if self.held > self._most:
            raise PeerMisbehaved("an event of its stream is too long")
        return found

    def _lines(self, piece: bytes) -> list[bytes]:
        """Those that *piece* ends; nothing that came before is looked at again."""
        first, *more = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._line += first
        if not more:
            return []
        ended, self._line = bytes(self._line), bytearray(more.pop())
        return [ended, *more]

    def _take(self, line: bytes) -> bytes | None:
        if self._is_first:
            self._is_first, line = False, line.removeprefix(_BOM)
        if not line:
            return self._send_off()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value)
            if len(self._data) > MOST_LINES:
                raise PeerMisbehaved("an event of its stream has too many lines")
        elif name == b"event":
            self._is_message = value in _MESSAGE
        return None

    def _send_off(self) -> bytes | None:
        data, is_message = self._data, self._is_message
        self._data, self._size, self._is_message = [], 0, True
        return b"\n".join(data) if data and is_message else None
