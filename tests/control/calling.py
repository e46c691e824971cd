"""Calling the control API as a tool does, over a connection; every answer is checked.

Whatever a test asks for, its answer must be what openapi.json says of that route, and
the canary address must not be in it unless the test expects it.
"""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

import h11
import trio
from trio.testing import memory_stream_pair

from esd.control import Control
from esd.web import Drain, Limits, serve_connection
from tests.control.written import check_answer
from tests.replicas import GARDEN

CALLER = "uid 1000 pid 4242"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]


async def ask(
    node, method, target, body=None, *, reveals=False, control=None, **headers
):
    """One request on a connection of its own; *body*: bytes, or a value for JSON."""
    async with connected(node, control=control) as client:
        await client.send(method, target, body, **headers)
        answer = await client.answer()
    if method != "HEAD":
        check_answer(node, method, target, answer)
    if not reveals:
        assert GARDEN.text.encode() not in answer.body
        assert GARDEN.text not in str(answer.headers)
    return answer


class Client:
    def __init__(self, stream):
        self.stream = stream
        self.http = h11.Connection(h11.CLIENT)

    async def send(self, method, target, body=None, **headers):
        data = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            headers = {"Content_Type": "application/json", **headers}
        headers = {"Host": "esd", **headers}
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if data:
            fields.append(("Content-Length", str(len(data))))
        request = h11.Request(method=method, target=target, headers=fields)
        raw = self.http.send(request)
        if data:
            raw += self.http.send(h11.Data(data=data))
        await self.stream.send_all(raw + self.http.send(h11.EndOfMessage()))

    async def answer(self):
        head = await self.head()
        pieces = []
        while piece := await self.piece():
            pieces.append(piece)
        return Answer(*head, b"".join(pieces))

    async def head(self):
        event = await self._next()
        headers = {name.decode(): value.decode() for name, value in event.headers}
        return event.status_code, headers

    async def piece(self):
        """The next bytes of the body; nothing at its end."""
        event = await self._next()
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def _next(self):
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.stream.receive_some(65536))
        return event


@asynccontextmanager
async def connected(node, *, pair=memory_stream_pair, control=None, **limits):
    """A client of the node's control API."""
    ours, theirs = pair()
    control = control or Control(node)

    async def serve():
        await serve_connection(
            theirs,
            control.handle,
            limits=Limits(**limits),
            drain=Drain(),
            remote=CALLER,
            on_error=control.refuse,
        )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        yield Client(ours)
        await ours.aclose()
