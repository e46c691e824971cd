"""A pub's live stream for tests, and readers of it that parse as a browser does."""

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import h11
import trio

from esd.formats import Batch
from esd.pub import Lasting, PubSettings
from esd.pub.serving import Serving
from esd.pub.stream import Streams
from esd.replica import Replicas, inline
from esd.store import NodeFile
from esd.web import Headers, Limits, Request, Router
from tests.pub.serving import GARDEN_TEXT, ROOMY
from tests.replicas import GARDEN, NOW
from tests.web.wire import connected

STREAM = f"/earthstar-api/v1/{GARDEN_TEXT}/stream"
KEEPALIVE = "KEEPALIVE"
ENOUGH = 60_000  # bytes a read


@dataclass
class Live:
    """One garden, streamed; `now` can be moved."""

    replicas: Replicas
    lasting: Lasting
    now: int = NOW

    def __post_init__(self):
        self.reload()

    def reload(self):
        """Make a new handler, with the same seats."""
        serving = Serving(
            self.replicas,
            PubSettings(),
            Limits(),
            ROOMY,
            self.lasting,
            lambda: self.now,
        )
        self.streams = Streams(serving)
        self.handler = Router(self.streams.routes())

    @property
    def replica(self):
        return self.replicas.get(GARDEN)

    @property
    def seats(self):
        return self.lasting.seats

    @property
    def drain(self):
        return self.lasting.drain

    @property
    def taken(self):
        """Seats."""
        return self.seats.statistics().borrowed_tokens

    async def ingest(self, *documents):
        tally = await self.replica.ingest(
            Batch(list(documents)), origin="x", now=self.now
        )
        assert tally.accepted == len(documents)

    def event_id(self, index):
        return f"{self.replica.epoch.hex()}.{index}"

    async def ask(self, method="GET", target=STREAM, **headers):
        """The response to one request, whose body is still to be taken."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(method=method, target=target, headers=Headers(fields.items()))
        return await self.handler(request)

    @asynccontextmanager
    async def pieces(self, **headers):
        """What the server makes, piece by piece, after the first KEEPALIVE."""
        body = (await self.ask(**headers)).body
        pieces = aiter(body)
        assert KEEPALIVE.encode() in await anext(pieces)
        try:
            yield pieces
        finally:
            await body.aclose()

    def connected(self, **more):
        return connected(self.handler, **{"drain": self.drain, **more})


@contextmanager
def streaming(folder, *, seats=500, run=inline):
    node = NodeFile(folder / "node.db")
    (folder / "replicas").mkdir()
    replicas = Replicas(folder / "replicas", node, ROOMY, run)
    try:
        replicas.add(GARDEN)
        yield Live(replicas, Lasting(seats=trio.CapacityLimiter(seats)))
    finally:
        replicas.close()
        node.close()


@dataclass
class Event:
    data: str
    event_id: str
    name: str = "message"


class Events:
    """The events that come over a connection, by the rules for EventSource."""

    def __init__(self, stream):
        self.stream = stream
        self.raw = bytearray()  # the body, without its chunks
        self.headers = {}
        self.status = 0
        self.ended = False  # in good order
        self._http = h11.Connection(h11.CLIENT)
        self._parsed = 0
        self._last_id = ""

    async def ask(self, target=STREAM, method="GET", **headers):
        """Send the request and read the head of the answer."""
        fields = [("Host", "x")]
        fields += [(name.replace("_", "-"), text) for name, text in headers.items()]
        head = h11.Request(method=method, target=target, headers=fields)
        await self.stream.send_all(self._http.send(head))
        self._http.send(h11.EndOfMessage())
        answer = await self._part()
        self.status = answer.status_code
        self.headers = {name.decode(): text.decode() for name, text in answer.headers}
        return self

    async def next(self, most=ENOUGH):
        """The next event; None at the end."""
        while not self.ended:
            end = self.raw.find(b"\n\n", self._parsed)
            if end < 0:
                await self.more(most)
                continue
            block = bytes(self.raw[self._parsed : end])
            self._parsed = end + 2
            event = self._dispatched(block.decode())
            if event is not None:
                return event
        return None

    async def documents(self, count):
        """The data of that many events, besides KEEPALIVE."""
        found = []
        while len(found) < count:
            event = await self.next()
            assert event is not None
            if event.data != KEEPALIVE:
                found.append(event.data.encode())
        return found

    async def greeted(self):
        """Read up to the first KEEPALIVE."""
        assert (await self.next()).data == KEEPALIVE
        return self

    async def more(self, most=ENOUGH):
        part = await self._part(most)
        if isinstance(part, h11.Data):
            self.raw += part.data
        else:
            self.ended = True

    async def rest(self):
        """All events until the end."""
        found = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found

    async def _part(self, most=ENOUGH):
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self.stream.receive_some(most))
        return event

    def _dispatched(self, block):
        data, name = [], "message"
        for line in block.split("\n"):
            field_name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field_name == "data":
                data.append(value)
            elif field_name == "event":
                name = value
            elif field_name == "id":
                self._last_id = value
        return Event("\n".join(data), self._last_id, name) if data else None
