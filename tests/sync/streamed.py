"""A pub in memory with a stream, as an httpx transport that honours its timeouts.

What a stream says and when is the test's to decide, on the virtual clock.
"""

import math
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx
import trio

from esd.sync.rhythm import Rhythm
from tests.sync.pubs import PubWire, reply
from tests.sync.test_peers import INTERVAL, a_house

EVENTS = {"Content-Type": "text/event-stream"}
HEAD = b"\ndata: KEEPALIVE\n\n:\n\n"
BEAT = b":\n\ndata: KEEPALIVE\n\n"


class StreamWire(PubWire):
    """`lines` are the streams opened so far; `asked` tells when each was asked for.

    `stream_answer`: instead of a stream, a function of the request. `greets`: whether
    a stream begins at once.
    """

    def __init__(self, *documents, exists=True):
        super().__init__(*documents, exists=exists)
        self.lines = []
        self.asked = []
        self.stream_answer = None
        self.greets = True
        self.beat = math.inf

    async def handle_async_request(self, request):
        if not request.url.path.endswith("/stream"):
            return await super().handle_async_request(request)
        self.asked.append((trio.current_time(), request.url.path))
        if self.stream_answer is not None:
            return self.stream_answer(request)
        if not self.exists:
            return reply(404, b"Not Found")
        line = Line(request.extensions["timeout"]["read"], self.beat)
        self.lines.append(line)
        if self.greets:
            line.say(HEAD)
        return httpx.Response(200, headers=EVENTS, stream=line)

    @property
    def line(self):
        """The stream that was opened last."""
        return self.lines[-1]

    @property
    def gaps(self):
        """Seconds between one request for a stream and the next."""
        times = [at for at, _ in self.asked]
        return [later - earlier for earlier, later in pairwise(times)]


class Line(httpx.AsyncByteStream):
    """One stream: what is said comes as it was said, piece by piece."""

    def __init__(self, patience, beat):
        self._patience, self._beat = patience, beat
        self._send, self._receive = trio.open_memory_channel(math.inf)
        self.closed_at = None

    def say(self, piece):
        self._send.send_nowait(piece)

    def end(self):
        self._send.close()

    @property
    def waiting(self):
        """Pieces that nobody has read yet."""
        return self._send.statistics().current_buffer_used

    async def __aiter__(self):
        while True:
            with trio.move_on_after(min(self._patience, self._beat)) as waiting:
                try:
                    piece = await self._receive.receive()
                except trio.EndOfChannel:
                    return
            if not waiting.cancelled_caught:
                yield piece
            elif self._beat > self._patience:
                raise httpx.ReadTimeout("")
            else:
                yield BEAT

    async def aclose(self):
        self.closed_at = trio.current_time()


def beating(wire):
    """*wire*, whose streams say every 28 seconds that they are there."""
    wire.beat = 28.0
    return wire


@asynccontextmanager
async def following(folder, wire, **settings):
    """A house that follows the pub at *wire*; its first run is over."""
    settings = {"rhythm": Rhythm(interval=INTERVAL), **settings}
    async with a_house(folder, {"pub": wire}, live=True, **settings) as house:
        await house.peers.sync("pub")
        yield house


async def is_live(house, *, live=True, every=0.01):
    """Wait until the stream is there, or is gone, and runs have followed it up."""
    peer = house.peers["pub"]
    with trio.fail_after(100_000):
        while peer.streams.all_live is not live:  # noqa: ASYNC110 virtual clock
            await trio.sleep(every)
        await house.peers.wait_idle()
