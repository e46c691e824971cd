"""Lines that stream in, a document or some other JSON on each.

Whole lines come out in groups worth a thread's while. A line ends with LF or CRLF, the
last one also with the stream; empty ones are dropped. As in a list (intake), one line
may be as long as the longest document; it is only waited for while its reader has one
of the turns for large documents (large), which is kept until the reader asks for more.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from itertools import takewhile

from esd.errors import EsdError, PeerMisbehaved
from esd.formats import Document, InvalidDocument, Reason, decode_one
from esd.formats.batches import MAX_ELEMENT
from esd.replica.large import LARGE, Turn, Turns

__all__ = ["lines_of", "read_lines"]

GROUP = 256 << 10  # bytes: some hundred documents, half a millisecond to decode


class _Held:
    """The bytes that came and are not yet given on."""

    def __init__(self, most_line: int) -> None:
        self.whole = 0  # bytes of whole lines; they come first
        self._data = bytearray()
        self._most_line = most_line
        self._too_long = False

    @property
    def begun(self) -> int:
        """Bytes of a line whose end has not come."""
        return len(self._data) - self.whole

    def add(self, piece: bytes) -> None:
        end = piece.rfind(b"\n") + 1
        if end:
            self.whole = len(self._data) + end
        self._data += piece

    def take(self) -> list[bytes]:
        """The whole lines, up to one that is too long."""
        taken = bytes(self._data[: self.whole])
        del self._data[: self.whole]
        self.whole = 0
        lines = [line.removesuffix(b"\r") for line in taken.split(b"\n")]
        good = list(takewhile(self._fits, lines))
        self._too_long = len(good) < len(lines)
        return [line for line in good if line]

    def _fits(self, line: bytes) -> bool:
        return len(line) <= self._most_line

    def check(self) -> None:
        if self._too_long or self.begun > self._most_line:
            raise PeerMisbehaved("a line is too long", status_hint=413)


async def lines_of(
    pieces: AsyncIterable[bytes],
    turns: Turns,
    *,
    most_line: int = MAX_ELEMENT,
) -> AsyncGenerator[list[bytes], None]:
    """The lines in groups; none is empty. Where *pieces* fails, what came before first.

    Raises PeerMisbehaved where a line is longer than *most_line*, and NoTurn.
    """
    held, turn = _Held(most_line), Turn(turns)
    try:
        async with aclosing(_fed(held, pieces)) as feeding:
            async for _ in feeding:
                if lines := held.take():
                    yield lines
                held.check()
                if held.begun > LARGE:
                    await turn.take()
                else:  # whoever asks for more is done with what it got
                    turn.give_back()
    finally:
        turn.give_back()


async def _fed(held: _Held, pieces: AsyncIterable[bytes]) -> AsyncGenerator[None, None]:
    """Put the pieces into *held*; yields whenever there is a group, or a long line."""
    try:
        async for piece in pieces:
            held.add(piece)
            if held.whole >= GROUP or held.begun > LARGE:
                yield
    except EsdError:
        yield
        raise
    held.add(b"\n")
    yield


def read_lines(lines: Sequence[bytes]) -> list[Document | Reason]:
    """The document on each line, or why there is none; pure, and good for a thread."""
    return [_read(line) for line in lines]


def _read(line: bytes) -> Document | Reason:
    try:
        return decode_one(line)
    except InvalidDocument as exc:
        return exc.reason
