"""Following a peer's stream: what arrives there arrives here, a moment later.

A stream is opened, and only when its first byte has come everything is compared once
more: so nothing falls between. What comes is taken in like any other documents, under
the peer's name, and is no news for it. Nothing waits for more to come, so one document
is here as soon as it can be; a flood comes in batches (gathering), and is read as fast
as we can store it.

Streams bring what is new, and only that. Runs go on besides, if rarely: they push, and
they find what a stream may have lost.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from math import inf

import trio

from esd.errors import EsdError, PeerMisbehaved, PeerUnavailable
from esd.formats import (
    Batch,
    InvalidDocument,
    Predicate,
    decode_one,
    shorten_signature,
)
from esd.replica import Replica, Tally, TooManyInvalid
from esd.replica.large import LARGE, Turn
from esd.sync.answers import NO_PUB, check_answer
from esd.sync.client import Client
from esd.sync.event_reader import EventReader
from esd.sync.exchange import Answer, Reply
from esd.sync.gathering import Gathering
from esd.sync.hello import PREFIX
from esd.sync.refusals import check_ours

__all__ = ["NoStream", "Stream"]

KEEPALIVE = b"KEEPALIVE"
MOST_INVALID = 1_000  # of one stream; past that its sender is broken or hostile
MOST_OF_REFUSAL = 64 << 10  # bytes; what says why it will not is a few words
SMALL = 16 << 10  # bytes; read in a fraction of a millisecond
TURN_TIME = 60.0  # seconds; the longest document in it is 3 Mbit/s
JSON = {"Content-Type": "application/json"}


class NoStream(PeerUnavailable):
    """The peer has no stream of that workspace."""


@dataclass(slots=True, kw_only=True)
class Stream:
    """One workspace at one peer. `wanted` is asked anew for each batch.

    `wire` is the workspace's name at a peer that speaks ours; None where it is a plain
    pub, which is told the address. `tally` is added to, and may be older than this.
    """

    peer: str
    client: Client
    replica: Replica
    wire: str | None
    wanted: Callable[[int], Predicate | None]
    now: Callable[[], int]
    tally: Tally

    async def follow(self, opened: Callable[[], None]) -> None:
        """Take in what comes until the stream ends, which it does by an exception.

        *opened* is called when its first byte has come.
        """
        async with self._open() as reply:
            failure = await self._follow(reply, opened)
        raise failure or PeerUnavailable("its stream has ended")

    async def _follow(
        self, reply: Reply, opened: Callable[[], None]
    ) -> EsdError | None:
        """Read, and beside it store; why that ended, if not with the stream."""
        gathered, failures = Gathering(), list[EsdError]()
        async with trio.open_nursery() as nursery:

            async def store() -> None:
                try:
                    await self._store(gathered)
                except EsdError as exc:
                    failures.append(exc)
                    nursery.cancel_scope.cancel()

            nursery.start_soon(store)
            try:
                await self._read(reply, gathered, opened)
            except EsdError as exc:
                failures.append(exc)
            await gathered.wait_stored()
            nursery.cancel_scope.cancel()
        return failures[0] if failures else None

    async def _read(
        self, reply: Reply, gathered: Gathering, opened: Callable[[], None]
    ) -> None:
        reader, turn = EventReader(), Turn(self.replica.turns)
        first, taken_at = True, inf
        try:
            async for piece in reply:
                if first:
                    opened()
                    first = False
                await gathered.put(reader.feed(piece))
                if reader.held <= LARGE:
                    if turn.taken:
                        await gathered.wait_stored()
                    turn.give_back()
                    taken_at = inf
                elif not turn.taken:
                    await turn.take()
                    taken_at = trio.current_time()
                if trio.current_time() - taken_at > TURN_TIME:
                    raise PeerMisbehaved("an event of its stream takes too long")
        finally:
            turn.give_back()

    async def _store(self, gathered: Gathering) -> None:
        most = self.tally.faults + MOST_INVALID
        while True:
            await self._take(await gathered.take())
            if self.tally.faults > most:
                raise TooManyInvalid(MOST_INVALID)

    async def make_room(self) -> None:
        """Push nothing, which has a plain pub hold the workspace if it will."""
        place = self._place("documents")
        answer = await self.client.fetch("POST", place, JSON, b"[]")
        if answer.status in (403, 404):
            raise NoStream("it does not hold the workspace, and takes no new ones")
        check_answer(answer.status, answer.headers)

    async def _take(self, events: list[bytes]) -> None:
        if sum(map(len, events)) > SMALL:  # what is odd in it takes long to read
            batch = await self.replica.run(partial(_read, events))
        else:
            batch = _read(events)
        if batch.total:
            now = self.now()
            self.tally.add(
                await self.replica.ingest(
                    batch, origin=self.peer, now=now, wanted=self.wanted(now)
                )
            )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Reply]:
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        path = self._place("stream")
        if self.wire is not None:
            headers["Earthstar-Workspace"] = self.wire
            path = PREFIX + "stream"
        async with self.client.ask("GET", path, headers) as reply:
            await self._check(reply)
            yield reply

    def _place(self, what: str) -> str:
        return f"/earthstar-api/v1/{self.replica.address.text}/{what}"

    async def _check(self, reply: Reply) -> None:
        if self.wire is not None:
            body = b"" if reply.status == 200 else await _start_of(reply)
            check_ours(Answer(reply.status, reply.headers, body))
        elif reply.status == 404:
            raise NoStream(
                "it has no stream of the workspace",
                hint="pubs have streams from version 5.5 on, of workspaces they hold",
            )
        check_answer(reply.status, reply.headers)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if reply.status != 200 or kind != "text/event-stream":
            raise PeerMisbehaved("its stream is no stream of events", hint=NO_PUB)


async def _start_of(reply: Reply) -> bytes:
    said = bytearray()
    async for piece in reply:
        said += piece
        if len(said) > MOST_OF_REFUSAL:
            break
    return bytes(said)


def _read(events: list[bytes]) -> Batch:
    batch = Batch()
    for data in events:
        if data == KEEPALIVE:
            continue
        try:
            batch.documents.append(shorten_signature(decode_one(data)))
        except InvalidDocument as exc:
            batch.rejected[exc.reason] += 1
    return batch
