"""One HTTP/1.1 request on its way in: bytes on a line to a head and a body.

The only file that knows h11, and it knows only the half of it that reads: what we write
is simple and ours (web/writing), what strangers write is neither. Two rules:

1. Nothing is read that nobody asked for: while a handler does not read its body, and
   while an earlier request is being answered, bytes stay in the kernel.
2. h11 bounds only an *incomplete* head; one that arrives in one read it would take at
   any size. Reads in the head are therefore small, and what came whole is measured.
"""

from typing import NamedTuple

import h11
import trio

from esd.errors import PeerMisbehaved
from esd.web.drain import Drain
from esd.web.head import check_head, keeps_alive
from esd.web.inflate import PIECE
from esd.web.limits import Limits
from esd.web.line import Line
from esd.web.message import Body, Headers, Request, Response
from esd.web.writing import GO_ON, Answer

__all__ = ["Ends", "Incoming"]

HEAD_READ = 16 * 1024  # bytes: rule 2

# Events of one body taken in one step. One-byte chunks cost 9 µs each: this is two
# milliseconds before everybody else gets a turn.
BURST = 256

# Chunks of one body, besides one for every 16 bytes of it. A body of 64 MiB in chunks
# of one byte would keep a core busy for all of request_time.
MOST_CHUNKS = 100_000


class Ends(NamedTuple):
    remote: str
    local: str


class Incoming:
    """One request on its way in.

    Each has a parser of its own: the bytes that h11 holds beyond one request are handed
    to the next, which costs less than keeping h11's other half in step.
    """

    def __init__(self, line: Line, limits: Limits, ahead: bytes) -> None:
        self._line = line
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)
        self._ahead = ahead
        self._read_by = 0.0  # trio's clock: when the whole request must be here
        self._told_to_go_on = False
        self._keeps_alive = False
        self._knows_chunks = False
        self._head_only = False
        self._chunks_left: float = MOST_CHUNKS
        self.ended = False

    async def head(self, drain: Drain) -> h11.Request | None:
        """The next head; None when the client or a drain ends the connection first."""
        # RFC 9112, 2.2: ignore empty lines before the request line.
        began = self._ahead.lstrip(b"\r\n")
        while not began:
            data = await self._line.receive_idle(HEAD_READ, drain, self._limits.idle)
            if not data:
                return None
            began = data.lstrip(b"\r\n")
        self._h11.receive_data(began)
        event = self._next_event()
        if event is h11.NEED_DATA:
            event = await self._rest_of_head()
        assert event is None or isinstance(event, h11.Request)
        return event

    def request(self, head: h11.Request, ends: Ends) -> Request:
        """The request of that head, its body still to be read; checks the head."""
        method, target = head.method.decode(), head.target.decode()
        fields = head.headers.raw_items()
        headers = Headers(
            [(name.decode("latin-1"), v.decode("latin-1")) for name, v in fields]
        )
        self._head_only = method == "HEAD"
        self._knows_chunks = head.http_version >= b"1.1"
        self._keeps_alive = self._knows_chunks and keeps_alive(headers)
        check_head(method, target, headers, self._limits.head)
        length = int(headers.get("content-length", "0"))
        self.ended = not length and "transfer-encoding" not in headers
        self._read_by = trio.current_time() + self._limits.request_time
        body = Body(
            self.receive_body,
            limit=self._limits.body,
            encoding=headers.get("content-encoding", ""),
            declared=length,
        )
        return Request(
            method=method, target=target, headers=headers, body=body, **ends._asdict()
        )

    async def receive_body(self) -> bytes:
        """The next bytes of the body, as they came; nothing at its end."""
        data = self._buffered_body()
        while not data and not self.ended:
            if self._h11.they_are_waiting_for_100_continue and not self._told_to_go_on:
                self._told_to_go_on = True
                await self._line.send(GO_ON)
            more = await self._line.receive(PIECE, self._read_by)
            if more is None:
                raise PeerMisbehaved("the request took too long", status_hint=408)
            if not more:
                raise PeerMisbehaved("the body is cut short")
            self._h11.receive_data(more)
            data = self._buffered_body()
        return data

    def skip_what_is_here(self) -> None:
        """Throw away a body nobody read, as far as that needs no waiting."""
        try:
            self._buffered_body()
        except PeerMisbehaved:
            self._keeps_alive = False

    def rest(self) -> bytes:
        """What came after this request."""
        return self._h11.trailing_data[0]

    def answer(self, response: Response, *, close: bool) -> Answer:
        return Answer.to(
            response,
            close=close or not self._keeps_alive,
            head_only=self._head_only,
            all_read=self.ended,
            knows_chunks=self._knows_chunks,
        )

    async def _rest_of_head(self) -> object:
        by = trio.current_time() + self._limits.head_time
        event: object = h11.NEED_DATA
        while event is h11.NEED_DATA:
            more = await self._line.receive(HEAD_READ, by)
            if more is None:
                raise PeerMisbehaved("the head took too long", status_hint=408)
            if not more:
                return None
            self._h11.receive_data(more)
            event = self._next_event()
        return event

    def _buffered_body(self) -> bytes:
        """What h11 holds of the body, at most one burst of it; notes its end."""
        pieces: list[bytes] = []
        for _ in range(BURST):
            if self.ended:
                break
            event = self._next_event()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
                self._chunks_left += len(event.data) / 16 - 1
            elif isinstance(event, h11.EndOfMessage):
                self.ended = True
            else:
                break
        if self._chunks_left < 0:
            raise PeerMisbehaved("the body comes in crumbs")
        return b"".join(pieces)

    def _next_event(self) -> object:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as exc:
            hint = exc.error_status_hint
            raise PeerMisbehaved("malformed HTTP", status_hint=hint) from exc
