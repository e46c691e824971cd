"""A byte stream to one client, and our patience with it.

This is the seam to trio's streams: what they raise becomes `Gone` here. A client that
stays idle, or that takes nothing of what we send, ends the `patience` that the whole
connection runs under; a deadline that passes inside a request is a None for the caller,
who can still answer.

Closing is the difficult part. A server that answers while the body still comes, and
then closes, makes the kernel answer the rest of that body with RST, and the RST
destroys our answer in the client's receive buffer: 13 of 16 clients never saw their
413. So the line is left slowly: we say that we are done (FIN), read and throw away what
still comes, bounded, and only then close.
"""

import math

import trio

from esd.errors import PeerUnavailable
from esd.web.drain import Drain
from esd.web.inflate import PIECE

__all__ = ["Gone", "Line"]

# What a client may still pour at us after the answer: a whole legal body, or the time
# in which somebody who reads answers at all would have read this one.
LINGER_BYTES = 64 * 1024 * 1024
LINGER_TIME = 5.0


class Gone(PeerUnavailable):
    """The client has left: nobody is there to be told."""


class Line:
    """For one connection; whoever accepted the stream closes it."""

    def __init__(self, stream: trio.abc.Stream, *, write_time: float) -> None:
        self._stream = stream
        self._write_time = write_time
        # One scope for the whole connection, its deadline moved as we go: a scope for
        # each wait costs 10 µs, twice a request. When it ends, so does the connection.
        self.patience = trio.CancelScope()

    async def receive(self, at_most: int, deadline: float = math.inf) -> bytes | None:
        """The next bytes, nothing at the end of the stream, None past *deadline*."""
        with trio.CancelScope(deadline=deadline):
            return await self.receive_waiting(at_most)
        return None

    async def receive_idle(self, at_most: int, drain: Drain, idle: float) -> bytes:
        """The first bytes after a pause; a drain or *idle* seconds end the patience."""
        self.patience.deadline = trio.current_time() + idle
        with drain.idle(self.patience):
            data = await self.receive_waiting(at_most)
        if self.patience.cancel_called:
            # Both came at once. The end wins, as if these bytes had come a moment
            # later: a request begun now would be cancelled in the middle.
            return b""
        self.patience.deadline = math.inf
        return data

    async def receive_waiting(self, at_most: int) -> bytes:
        try:
            return bytes(await self._stream.receive_some(at_most))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise Gone("the client has left") from exc

    async def send(self, data: bytes) -> None:
        """Send all of it; each piece has to be taken within the write time."""
        if len(data) <= PIECE:
            await self._send_piece(data)
            return
        view = memoryview(data)
        for at in range(0, len(data), PIECE):
            await self._send_piece(view[at : at + PIECE])

    async def leave(self) -> None:
        """Half-close, then discard, so that the client can read what we said last."""
        with trio.move_on_after(LINGER_TIME):
            try:
                if isinstance(self._stream, trio.abc.HalfCloseableStream):
                    await self._stream.send_eof()
                await self._discard()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

    async def _send_piece(self, data: bytes | memoryview) -> None:
        self.patience.deadline = trio.current_time() + self._write_time
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise Gone("the client has left") from exc
        self.patience.deadline = math.inf

    async def _discard(self) -> None:
        left = LINGER_BYTES
        while left > 0 and (data := await self._stream.receive_some(PIECE)):
            left -= len(data)
