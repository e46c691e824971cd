"""An answer as bytes on the line.

There are three ways to tell where a body ends (RFC 9112, 6): a length where it is
known, chunks where it is not, and the end of the connection for HTTP/1.0, which has no
chunks. A stream that fails half-way, or is not as long as it said, is cut off, so that
nobody takes the half for the whole.
"""

from collections.abc import AsyncIterable
from dataclasses import dataclass

import trio

from esd.web.head import BODILESS, declared_length, head_of
from esd.web.inflate import PIECE
from esd.web.line import Gone, Line
from esd.web.message import Response
from esd.web.staying import released, while_staying

__all__ = ["GO_ON", "Answer", "send_answer"]

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

# What a client may send ahead while it is sent a stream: about one more request.
AHEAD = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response, and what its request and its connection make of it."""

    response: Response
    close: bool  # the connection, afterwards
    head_only: bool  # it was a HEAD
    all_read: bool  # the request came to its end
    chunked: bool
    head: bytes

    @classmethod
    def to(
        cls,
        response: Response,
        *,
        close: bool,
        head_only: bool,
        all_read: bool,
        knows_chunks: bool,
    ) -> "Answer":
        streams = not isinstance(response.body, bytes)
        unknown = streams and response.status not in BODILESS
        chunked = unknown and knows_chunks and declared_length(response) is None
        return cls(
            response=response,
            close=close,
            head_only=head_only or response.status in BODILESS,
            all_read=all_read,
            chunked=chunked,
            head=head_of(response, chunked=chunked, close=close),
        )


async def send_answer(line: Line, answer: Answer) -> bytes:
    """Send it; what the client sent ahead in the meantime is returned."""
    body = answer.response.body
    if not isinstance(body, bytes):
        async with released(body):
            return await _send_stream(line, answer, body)
    if answer.head_only or not body:
        await line.send(answer.head)
    elif len(body) <= PIECE:
        await line.send(answer.head + body)
    else:
        await line.send(answer.head)
        await line.send(body)
    return b""


async def _send_stream(line: Line, answer: Answer, body: AsyncIterable[bytes]) -> bytes:
    """Watch the client meanwhile, unless it is still sending its request."""
    await line.send(answer.head)
    if answer.head_only:
        return b""
    ahead = bytearray()

    async def pour() -> None:
        await _pour(line, answer, body)

    async def wait_left() -> None:
        await _wait_left(line, ahead)

    if answer.all_read:
        await while_staying(pour, wait_left)
    else:
        await pour()
    return bytes(ahead)


async def _pour(line: Line, answer: Answer, body: AsyncIterable[bytes]) -> None:
    declared = declared_length(answer.response)
    sent = 0
    async for piece in body:
        sent += len(piece)
        if declared is not None and sent > declared:
            break
        if piece and answer.chunked:  # an empty chunk would be the last
            await _send_chunk(line, piece)
        elif piece:
            await line.send(piece)
        del piece  # its maker may take long over the next one
    if declared is not None and sent != declared:
        raise ValueError("a stream is not as long as its Content-Length")
    if answer.chunked:
        await line.send(LAST_CHUNK)


async def _send_chunk(line: Line, piece: bytes) -> None:
    if len(piece) <= PIECE:
        await line.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    else:  # a slow reader must not cost a copy
        await line.send(b"%x\r\n" % len(piece))
        await line.send(piece)
        await line.send(b"\r\n")


async def _wait_left(line: Line, ahead: bytearray) -> None:
    """Return when the client has left; keep a bounded part of what it sends."""
    try:
        while len(ahead) < AHEAD:
            data = await line.receive_waiting(AHEAD - len(ahead))
            if not data:
                return
            ahead += data
    except Gone:
        return
    await trio.sleep_forever()
