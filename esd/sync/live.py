"""Following a peer's stream: what arrives there arrives here, a moment later.

A stream is opened, and only when its first byte has come everything is compared once
more: so nothing falls between. What comes is taken in like any other documents, under
the peer's name, and is no news for it. While we take some in the next ones pile up, so
a flood becomes few batches and a single document waits for nothing.

Streams bring what is new, and only that. Runs go on besides, if rarely: they push, and
they find what a stream may have lost.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.formats import Batch, InvalidDocument, Predicate, decode_one
from esd.replica import Replica, Tally, TooManyInvalid
from esd.replica.large import LARGE, Turn
from esd.sync.acquaintance import Acquaintance
from esd.sync.answers import check_answer
from esd.sync.client import Client
from esd.sync.event_reader import EventReader
from esd.sync.exchange import Answer, Reply
from esd.sync.hello import PREFIX
from esd.sync.refusals import check_ours

__all__ = ["NoStream", "Stream"]

KEEPALIVE = b"KEEPALIVE"
MOST_INVALID = 1_000  # of one stream; past that its sender is broken or hostile


class NoStream(PeerUnavailable):
    """The peer has no stream of that workspace."""


@dataclass(slots=True)
class Stream:
    """One workspace at one peer. `wanted` is asked anew for each batch."""

    peer: str
    client: Client
    acquaintance: Acquaintance
    replica: Replica
    wanted: Callable[[int], Predicate | None]
    now: Callable[[], int]
    tally: Tally = field(default_factory=Tally)

    async def follow(self, opened: Callable[[], None]) -> None:
        """Take in what comes until the stream ends, which it does by an exception.

        *opened* is called when its first byte has come.
        """
        async with self._open() as reply:
            reader, turn = EventReader(), Turn(self.replica.turns)
            first = True
            try:
                async for piece in reply:
                    if first:
                        opened()
                        first = False
                    await self._take(reader.feed(piece))
                    if reader.held > LARGE:
                        await turn.take()
                    else:
                        turn.give_back()
            finally:
                turn.give_back()
        raise PeerUnavailable("its stream has ended")

    async def _take(self, events: list[bytes]) -> None:
        batch = Batch()
        for data in events:
            if data == KEEPALIVE:
                continue
            try:
                batch.documents.append(decode_one(data))
            except InvalidDocument as exc:
                batch.rejected[exc.reason] += 1
        if batch.total:
            now = self.now()
            self.tally.add(
                await self.replica.ingest(
                    batch, origin=self.peer, now=now, wanted=self.wanted(now)
                )
            )
        if self.tally.faults > MOST_INVALID:
            raise TooManyInvalid(MOST_INVALID)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Reply]:
        wire = self.acquaintance.shared.get(self.replica.local_id)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self.acquaintance.hello is not None:
            if wire is None:
                raise NoStream("it does not share the workspace")
            headers["Earthstar-Workspace"] = wire
            path = PREFIX + "stream"
        else:
            path = f"/earthstar-api/v1/{self.replica.address.text}/stream"
        async with self.client.ask("GET", path, headers) as reply:
            self._check(reply)
            yield reply

    def _check(self, reply: Reply) -> None:
        if reply.status == 404:
            raise NoStream("it has no stream of the workspace")
        if self.acquaintance.hello is not None:
            check_ours(Answer(reply.status, reply.headers, b""))
        check_answer(reply.status, reply.headers)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if reply.status != 200 or kind != "text/event-stream":
            raise PeerMisbehaved("its stream is no stream of events")
