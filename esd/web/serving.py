"""One HTTP/1.1 connection, served from its first byte to its last.

Requests come in (web/connection), a handler answers them, and the answers go out
(web/writing), one after the other. Rules that hold throughout:

1. A connection is kept only when the request was read to its end. The answer to a body
   that nobody read says `Connection: close`, and the line is left slowly.
2. Nothing but a cancellation leaves `serve_connection`: out of a handler of trio's
   serve_listeners it would take every other connection with it. That includes the error
   raised by sending an error to a client that has gone.
3. No log line tells a target, a header or an exception's text: any of them may name a
   workspace.
"""

import logging
from collections.abc import Callable

import trio

from esd.errors import PeerMisbehaved
from esd.web.connection import Ends, Incoming
from esd.web.drain import Drain
from esd.web.limits import Limits
from esd.web.line import Gone, Line
from esd.web.listeners import local_of
from esd.web.message import Handler, Request, Response, text
from esd.web.quiet import AtMost
from esd.web.trace import trace_of
from esd.web.writing import Answer, send_answer

__all__ = ["OnError", "serve_connection"]

REFUSALS_TOLD = 60  # a minute

log = logging.getLogger(__name__)
log.addFilter(AtMost(REFUSALS_TOLD))

OnError = Callable[[Request, int, str], Response]
"""Words a refusal; the request has no method where its head could not be read."""


def plain_error(_request: Request, status: int, reason: str) -> Response:
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
    ends = Ends(remote, local_of(stream))
    connection = _Connection(line, handler, limits, drain, ends, on_error)
    try:
        with line.patience:
            await connection.serve()
    except Gone as exc:
        log.debug("hung up on %s: %s", remote, exc.reason)
    except PeerMisbehaved as exc:  # with the answer already under way
        log.info("hung up on %s: %s", remote, exc.reason)
    except Exception as exc:  # noqa: BLE001 - rule 2
        log.error("a connection failed: %s", trace_of(exc))  # noqa: TRY400 - rule 3
    finally:
        await trio.aclose_forcefully(stream)


class _Connection:
    def __init__(
        self,
        line: Line,
        handler: Handler,
        limits: Limits,
        drain: Drain,
        ends: Ends,
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
            incoming = Incoming(self._line, self._limits, ahead)
            ahead = await self._serve_one(incoming)

    async def _serve_one(self, incoming: Incoming) -> bytes | None:
        """Serve a request; the bytes ahead of the next one, None if there is none."""
        try:
            head = await incoming.head(self._drain)
            if head is None:
                return None
            request = incoming.request(head, self._ends)
        except PeerMisbehaved as exc:
            unread = Request(method="", target="", **self._ends._asdict())
            answer = incoming.answer(self._refusal(unread, exc), close=True)
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

    async def _answer(self, incoming: Incoming, request: Request) -> Answer:
        close = False
        try:
            response = await self._handler(request)
            return self._closing(incoming, response, close=False)
        except PeerMisbehaved as exc:
            response = self._refusal(request, exc)
        except Gone:
            raise
        except Exception as exc:  # noqa: BLE001 - a bug is a 500
            log.error("a handler failed: %s", trace_of(exc))  # noqa: TRY400 - rule 3
            response, close = self._on_error(request, 500, "internal error"), True
        return self._closing(incoming, response, close=close)

    def _closing(
        self, incoming: Incoming, response: Response, *, close: bool
    ) -> Answer:
        """Rule 1. A stream may yet read the body; nobody else will."""
        if isinstance(response.body, bytes):
            incoming.skip_what_is_here()
        close = close or self._drain.started or not incoming.ended
        return incoming.answer(response, close=close)

    def _refusal(self, request: Request, exc: PeerMisbehaved) -> Response:
        remote = self._ends.remote
        log.info("answered %s with %d: %s", remote, exc.status_hint, exc.reason)
        return self._on_error(request, exc.status_hint, exc.reason)
