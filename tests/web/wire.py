"""The other end of a connection: a client on a memory stream, read by h11."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11
import trio
from trio.testing import memory_stream_pair

from esd.web import Drain, Limits, Response, json_response, serve_connection, text


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


async def echo(request):
    """Answer with what was understood of the request."""
    return json_response(
        200,
        {
            "method": request.method,
            "path": request.path,
            "remote": request.remote,
            "body": (await request.body.read()).decode("latin-1"),
        },
    )


async def hello(_request):
    return text(200, "hello")


async def ignore(_request):
    """Answer without looking at the body."""
    return text(403, "Forbidden")


def failing(exc):
    async def handler(_request):
        raise exc

    return handler


def streaming(*pieces):
    async def pour():
        for piece in pieces:
            yield piece

    async def handler(_request):
        return Response(status=200, body=pour())

    return handler


@dataclass
class Client:
    stream: trio.abc.HalfCloseableStream
    drain: Drain
    finished: trio.Event
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def hear(self) -> bytes:
        """Everything until the server closes."""
        heard = bytearray()
        while data := await self.stream.receive_some(65536):
            heard += data
        return bytes(heard)

    async def reply_raw(self) -> bytes:
        """What came once the server waits for us again."""
        await trio.testing.wait_all_tasks_blocked()
        return bytes(await self.stream.receive_some(65536))

    async def ask(self, method, target, body=b"", **headers) -> Reply:
        fields = [
            ("Host", "x"),
            *((k.replace("_", "-"), v) for k, v in headers.items()),
        ]
        if body:
            fields.append(("Content-Length", str(len(body))))
        request = h11.Request(method=method, target=target, headers=fields)
        head = self.http.send(request)
        data = self.http.send(h11.Data(data=body)) if body else b""
        await self.say(head + data + self.http.send(h11.EndOfMessage()))
        return await self.reply()

    async def reply(self) -> Reply:
        """The next whole response; after it, the next request may be sent."""
        head, body = None, bytearray()
        while True:
            event = self.http.next_event()
            if event is h11.NEED_DATA:
                self.http.receive_data(await self.stream.receive_some(65536))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        if self.http.our_state is h11.DONE and self.http.their_state is h11.DONE:
            self.http.start_next_cycle()
        headers = {n.decode(): v.decode() for n, v in head.headers}
        return Reply(head.status_code, headers, bytes(body))


@asynccontextmanager
async def connected(handler=hello, *, pair=memory_stream_pair, **more):
    """A client whose server is in the block's nursery; it is over when the block is."""
    ours, theirs = pair()
    drain, finished = Drain(), trio.Event()
    settings = {"limits": Limits(), "drain": drain, "remote": "192.0.2.7", **more}

    async def serve():
        await serve_connection(theirs, handler, **settings)
        finished.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        yield Client(ours, settings["drain"], finished)
        await ours.aclose()
        nursery.cancel_scope.cancel()
