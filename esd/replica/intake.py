"""Documents that stream in: bytes on one side, a replica on the other.

The bytes are collected into pieces worth a thread's while, decoded in order, and taken
in as batches of which at most IN_FLIGHT are under way for one stream and
IN_FLIGHT_IN_ALL in the daemon: while one is written the next is checked, and whoever
sends faster than we can check and write is simply read more slowly. Memory is bounded
by that, whatever the length of the stream; for its large documents see `large`.

Whatever ends a stream early, the batches under way are finished and stay stored.
"""

import math
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

import trio

from esd.errors import EsdError, PeerMisbehaved
from esd.formats import Batch, BatchDecoder, MalformedBody, TooManyRejected
from esd.formats.replication import Predicate
from esd.replica.large import LARGE, Turn
from esd.replica.marks import Marks
from esd.replica.replica import Replica
from esd.replica.tally import Tally

__all__ = ["IN_FLIGHT", "IN_FLIGHT_IN_ALL", "Intake", "TooManyInvalid", "take_in"]

PIECE = 256 << 10  # bytes decoded at once: some hundred documents, half a millisecond
IN_FLIGHT = 2  # one is checked while the other is written
IN_FLIGHT_IN_ALL = 16  # each may hold PIECE bytes
MOST_INVALID = 1_000  # of one stream; past that its sender is broken or hostile
EXPECTED = (EsdError, MalformedBody)


class TooManyInvalid(PeerMisbehaved):
    """More documents of one stream were rejected than its `most_invalid`."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} of its documents are invalid")


def _unaltered(batch: Batch) -> Batch:
    return batch


@dataclass(slots=True)
class Intake:
    """One stream's settings and what came of it."""

    replica: Replica
    origin: str
    now: int
    slots: trio.CapacityLimiter  # IN_FLIGHT_IN_ALL, shared by the daemon
    listed: Marks | None = None
    wanted: Predicate | None = None  # of new ones only those that it matches
    keep: bool = True  # else only compared
    most: float = math.inf  # documents
    most_invalid: int = MOST_INVALID
    alter: Callable[[Batch], Batch] = _unaltered
    tally: Tally = field(default_factory=Tally)


async def take_in(intake: Intake, pieces: AsyncIterable[bytes]) -> Tally:
    """Ingest a JSON array of documents as it arrives.

    Raises MalformedBody where it is not such an array, TooManyInvalid, StorageFull, and
    what *pieces* raises of our families; `intake.tally` tells what was taken in before.
    """
    stream = _Stream(intake)
    turn = Turn(intake.replica.turns)
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        try:
            async with aclosing(_batches(intake, pieces, turn)) as batches:
                async for batch in batches:
                    await stream.room.acquire()
                    stream.check_going_on()
                    if turn.taken:  # and kept until it is stored
                        await stream.ingest(batch)
                    else:
                        nursery.start_soon(stream.ingest, batch)
        except EXPECTED as exc:
            failure = exc  # raised once the nursery has closed, so that it stays itself
        finally:
            turn.give_back()
    if failure is not None:
        raise failure
    stream.check_going_on()
    return intake.tally


class _Stream:
    """The batches of one stream that are under way, and the first failure of one."""

    def __init__(self, intake: Intake) -> None:
        self.room = trio.Semaphore(IN_FLIGHT)
        self._intake = intake
        self._failure: Exception | None = None

    def check_going_on(self) -> None:
        if self._failure is not None:
            raise self._failure
        tally = self._intake.tally
        if tally.faults > self._intake.most_invalid:
            raise TooManyInvalid(self._intake.most_invalid)
        if tally.total > self._intake.most:
            raise PeerMisbehaved("too many documents in one body", status_hint=413)

    async def ingest(self, batch: Batch) -> None:
        intake = self._intake
        try:
            async with intake.slots:
                intake.tally.add(await self._take(batch))
        except EXPECTED as exc:
            self._failure = self._failure or exc
        finally:
            self.room.release()

    async def _take(self, batch: Batch) -> Tally:
        intake = self._intake
        if not intake.keep:
            return intake.replica.compare(
                batch, now=intake.now, listed=intake.listed, wanted=intake.wanted
            )
        return await intake.replica.ingest(
            batch,
            origin=intake.origin,
            now=intake.now,
            listed=intake.listed,
            wanted=intake.wanted,
        )


async def _batches(
    intake: Intake, pieces: AsyncIterable[bytes], turn: Turn
) -> AsyncGenerator[Batch, None]:
    """Decode in order, off the loop; what stands before a fault comes before it."""
    run = intake.replica.run
    decoder = BatchDecoder(max_rejected=intake.most_invalid)
    try:
        async with aclosing(_gathered(pieces)) as gathered:
            async for data, is_last in gathered:
                decode = partial(_decode, decoder, data, is_last=is_last)
                batch = await run(decode)
                if decoder.held > LARGE:
                    await turn.take()
                yield intake.alter(batch)
                if decoder.held <= LARGE:
                    turn.give_back()
    except MalformedBody as exc:
        yield intake.alter(exc.batch)
        if isinstance(exc, TooManyRejected):
            raise TooManyInvalid(intake.most_invalid) from exc
        raise


def _decode(decoder: BatchDecoder, data: bytes, *, is_last: bool) -> Batch:
    """The end is not a batch of its own: it would be a transaction of its own."""
    batch = decoder.feed(data)
    if is_last:
        try:
            _append(batch, decoder.close())
        except MalformedBody as exc:
            _append(batch, exc.batch)
            exc.batch = batch
            raise
    return batch


def _append(batch: Batch, more: Batch) -> None:
    batch.documents += more.documents
    batch.rejected.update(more.rejected)


async def _gathered(
    pieces: AsyncIterable[bytes],
) -> AsyncGenerator[tuple[bytes, bool], None]:
    """The same bytes in pieces of about PIECE, and whether there are no more.

    Where the source fails, what came before it failed comes before the failure.
    """
    waiting = bytearray()
    try:
        async for piece in pieces:
            waiting += piece
            if len(waiting) >= PIECE:
                yield bytes(waiting), False
                waiting.clear()
    except EsdError:
        yield bytes(waiting), False
        raise
    yield bytes(waiting), True
