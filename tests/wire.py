"""Wires between daemons that break in the middle of a byte stream.

A `Wire` is how much still passes. There are two kinds of far end: another daemon's own
handler (`WireTo`, an httpx transport: whole daemons without a socket between them), and
a port (`run_wire`, a proxy for real connections). Both break alike: what passed before
the cut has arrived, the rest has not, and nobody is told which.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from math import inf

import httpx
import trio

from esd.errors import PeerMisbehaved
from esd.pub import Pub
from esd.web import Body, Headers, Request, Response

CHUNK = 64 * 1024  # bytes a read


@dataclass(slots=True)
class Wire:
    """`left` bytes pass, in both directions together; then it is cut."""

    left: float = inf

    @property
    def cut(self) -> bool:
        return self.left <= 0

    def carry(self, data: bytes) -> bytes:
        """What of *data* comes through."""
        passed = data if self.left >= len(data) else data[: int(self.left)]
        self.left -= len(data)
        return passed

    def mend(self) -> None:
        self.left = inf


class WireTo(httpx.AsyncBaseTransport):
    """An httpx transport whose far end is a daemon's own handler.

    *pub* is asked for at each request: a daemon that restarts has another one.
    """

    def __init__(self, wire: Wire, pub: Callable[[], Pub]) -> None:
        self._wire = wire
        self._pub = pub

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        if self._wire.cut:
            raise httpx.ConnectError("the wire is cut", request=request)
        sent = await request.aread()
        arrived = self._wire.carry(sent)
        response = await self._answer(request, arrived, whole=arrived == sent)
        if self._wire.cut:
            raise httpx.ReadError("the wire was cut", request=request)
        return httpx.Response(
            response.status,
            headers=list(response.headers),
            stream=_Answer(response, self._wire),
        )

    async def _answer(
        self, request: httpx.Request, arrived: bytes, *, whole: bool
    ) -> Response:
        far = Request(
            method=request.method,
            target=request.url.raw_path.decode("ascii"),
            headers=Headers(request.headers.items()),
            remote="127.0.0.1",
            body=_body(request, arrived, whole=whole),
        )
        pub = self._pub()
        try:
            return await pub.handle(far)
        except PeerMisbehaved as exc:
            return pub.refuse(far, exc.status_hint, exc.reason)


def _body(request: httpx.Request, arrived: bytes, *, whole: bool) -> Body:
    """A body that ends as a connection's does: at its end, or too early."""
    parts = iter((arrived,))

    async def receive() -> bytes:
        await trio.lowlevel.checkpoint()
        data = next(parts, b"")
        if not data and not whole:
            raise PeerMisbehaved("the body is cut short")
        return data

    encoding = request.headers.get("content-encoding", "")
    return Body(receive, limit=1 << 30, encoding=encoding, declared=len(arrived))


class _Answer(httpx.AsyncByteStream):
    """The body of an answer, as far as the wire carries it."""

    def __init__(self, response: Response, wire: Wire) -> None:
        self._body = response.body
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                await trio.lowlevel.checkpoint()
                yield self._wire.carry(piece)
                if self._wire.cut:
                    raise httpx.ReadError("the wire was cut")

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        if isinstance(self._body, bytes):
            yield self._body
            return
        async with aclosing(aiter(self._body)) as pieces:
            async for piece in pieces:
                yield piece


@dataclass(slots=True)
class SocketWire:
    """A wire between sockets: where to connect to, and the port behind it."""

    wire: Wire
    port: int
    target: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def run_wire(
    target: int, *, task_status: trio.TaskStatus[SocketWire] = trio.TASK_STATUS_IGNORED
) -> None:
    """Pass connections on to port *target* until the wire is cut."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    ends = SocketWire(Wire(), port, target)

    async def serve(caller: trio.SocketStream) -> None:
        async with caller:
            if not ends.wire.cut:
                await _join(ends, caller)

    task_status.started(ends)
    await trio.serve_listeners(serve, listeners)


async def _join(ends: SocketWire, caller: trio.SocketStream) -> None:
    try:
        target = await trio.open_tcp_stream("127.0.0.1", ends.target)
    except OSError:
        return  # the caller sees its connection closed
    async with target, trio.open_nursery() as both:

        async def pump(source: trio.SocketStream, sink: trio.SocketStream) -> None:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while data := await source.receive_some(CHUNK):
                    await sink.send_all(ends.wire.carry(data))
                    if ends.wire.cut:
                        break
            both.cancel_scope.cancel()

        both.start_soon(pump, caller, target)
        both.start_soon(pump, target, caller)
