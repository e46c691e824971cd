"""One HTTP/1.1 connection: bytes on a line to requests, a handler, and responses back.

The only file that knows h11, and it knows only the half of it that reads: what we write
is simple and ours (web/writing), what strangers write is neither. Rules that hold
throughout:

1. Nothing is read that nobody asked for: while a handler does not read its body, and
   while an earlier request is being answered, bytes stay in the kernel.
2. h11 bounds only an *incomplete* head; one that arrives in one read it would take at
   any size. Reads in the head are therefore small, and what came whole is measured.
3. A connection is kept only when the request was read to its end. The answer to a body
   that nobody read says `Connection: close`, and the line is left slowly.
4. Nothing but a cancellation leaves `serve_connection`: out of a handler of trio's
   serve_listeners it would take every other connection with it. That includes the error
   raised by sending an error to a client that has gone.
5. No log line tells a target, a header or an exception's text: any of them may name a
   workspace.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

import h11
import trio

from esd.errors import PeerMisbehaved
from esd.web.drain import Drain
from esd.web.head import check_head, keeps_alive
from esd.web.inflate import PIECE
from esd.web.limits import Limits
from esd.web.line import Gone, Line
from esd.web.listeners import local_of
from esd.web.message import Body, Handler, Headers, Request, Response, text
from esd.web.quiet import AtMost
from esd.web.trace import trace_of
from esd.web.writing import GO_ON, Answer, send_answer

__all__ = ["OnError", "serve_connection"]

REFUSALS_TOLD = 60  # a minute

log = logging.getLogger(__name__)
log.addFilter(AtMost(REFUSALS_TOLD))

OnError = Callable[[Request | None, int, str], Response]
"""Words a refusal; there is no request when its head could not be read."""

HEAD_READ = 16 * 1024  # bytes: rule 2

# Events of one body taken in one step. One-byte chunks cost 9 µs each: this is two
# milliseconds before everybody else gets a turn.
BURST = 256

# Chunks of one body, besides one for every 16 bytes of it. A body of 64 MiB in chunks
# of one byte would keep a core busy for all of request_time.
MOST_CHUNKS = 100_000


def plain_error(_request: Request | None, status: int, reason: str) -> Response:
    return text(status, reason)


async def serve_connection(
    stream: trio.abc.Stream,
    handler: Handler,
    *,
    limits: Limits,
    drain: Drain,
    remote: str,
    on_error: OnError = plain_error,
) -> None:
    """Serve until either side closes; the stream is closed afterwards."""
    line = Line(stream, write_time=limits.write_time)
    ends = _Ends(remote, local_of(stream))
    connection = _Connection(line, handler, limits, drain, ends, on_error)
    try:
        with line.patience:
            await connection.serve()
    except Gone as exc:
        log.debug("hung up on %s: %s", remote, exc.reason)
    except PeerMisbehaved as exc:  # with the answer already under way
        log.info("hung up on %s: %s", remote, exc.reason)
    except Exception as exc:  # noqa: BLE001 - rule 4
        log.error("a connection failed: %s", trace_of(exc))  # noqa: TRY400 - rule 5
    finally:
        await trio.aclose_forcefully(stream)


class _Ends(NamedTuple):
    remote: str
    local: str


class _Connection:
    def __init__(
        self,
        line: Line,
        handler: Handler,
        limits: Limits,
        drain: Drain,
        ends: _Ends,
        on_error: OnError,
    ) -> None:
        self._line = line
        self._handler = handler
        self._limits = limits
        self._drain = drain
        self._ends = ends
        self._on_error = on_error

    async def serve(self) -> None:
        ahead: bytes | None = b""
        while ahead is not None:
            incoming = _Incoming(self._line, self._limits, ahead)
            ahead = await self._serve_one(incoming)

    async def _serve_one(self, incoming: "_Incoming") -> bytes | None:
        """Serve a request; the bytes ahead of the next one, None if there is none."""
        try:
            head = await incoming.head(self._drain)
            if head is None:
                return None
            request = incoming.request(head, self._ends)
        except PeerMisbehaved as exc:
            answer = incoming.answer(self._refusal(None, exc), close=True)
            await send_answer(self._line, answer)
            await self._line.leave()
            return None
        answer = await self._answer(incoming, request)
        ahead = await send_answer(self._line, answer)
        if not answer.close:
            return incoming.rest() + ahead
        if not incoming.ended or incoming.rest():
            await self._line.leave()
        return None

    async def _answer(self, incoming: "_Incoming", request: Request) -> Answer:
        close = False
        try:
            response = await self._handler(request)
            return self._closing(incoming, response, close=False)
        except PeerMisbehaved as exc:
            response = self._refusal(request, exc)
        except Gone:
            raise
        except Exception as exc:  # noqa: BLE001 - a bug is a 500
            log.error("a handler failed: %s", trace_of(exc))  # noqa: TRY400 - rule 5
            response, close = self._on_error(request, 500, "internal error"), True
        return self._closing(incoming, response, close=close)

    def _closing(
        self, incoming: "_Incoming", response: Response, *, close: bool
    ) -> Answer:
        """Rule 3. A stream may yet read the body; nobody else will."""
        if isinstance(response.body, bytes):
            incoming.skip_what_is_here()
        close = close or self._drain.started or not incoming.ended
        return incoming.answer(response, close=close)

    def _refusal(self, request: Request | None, exc: PeerMisbehaved) -> Response:
        remote = self._ends.remote
        log.info("answered %s with %d: %s", remote, exc.status_hint, exc.reason)
        return self._on_error(request, exc.status_hint, exc.reason)


class _Incoming:
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

    def request(self, head: h11.Request, ends: _Ends) -> Request:
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
