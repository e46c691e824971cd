"""Fetching documents by hash from a peer that speaks ours, and taking them in.

An answer is read line by line while it comes, and every document in it is held against
what was asked for: one that was not asked for breaks the protocol, and what came before
it stays. Two groups of lines are under way at once, so that one is checked while the
other is written.

What the peer skips is gone there; what we do not take is for the caller to remember.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

import msgspec
import trio

from esd import formats
from esd.errors import EsdError, PeerMisbehaved, PeerUnavailable
from esd.formats import Document, Reason, encode_base32
from esd.formats.document import MAX_TIMESTAMP, MIN_TIMESTAMP
from esd.replica import (
    IN_FLIGHT,
    QUOTA,
    Outcome,
    TooManyInvalid,
    Verdict,
    lines_of,
    read_lines,
)
from esd.replica.large import Paced
from esd.sync.exchange import Reply
from esd.sync.line import Line
from esd.sync.settings import Direction
from esd.sync.showing import Showing
from esd.sync.status import Standing
from esd.sync.talk import Report

__all__ = ["FULL_AT", "HOUR", "Ingesting", "fetch"]

HOUR = 3_600_000_000  # µs
FULL_AT = "full_at"  # a fact: when there was no room here for what the peer has


@dataclass(slots=True)
class Portion:
    """Some documents of an answer, with their hashes; and lines that were none."""

    hashes: list[bytes] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)


Take = Callable[[Portion], Awaitable[None]]


async def fetch(
    line: Line, direction: Direction, wanted: Sequence[bytes], take: Take
) -> int:
    """Ask for documents by hash; *take* gets those that came; how many they were."""
    unique, came = list(dict.fromkeys(wanted)), 0
    for start in range(0, len(unique), line.hello.hashes):
        left = unique[start : start + line.hello.hashes]
        while left:
            answer = await _fetch_some(line, direction, left, take)
            came += answer.documents
            left = [] if answer.next is None else left[answer.next :]
    return came


async def _fetch_some(
    line: Line, direction: Direction, wanted: list[bytes], take: Take
) -> "_Answer":
    """One request, answered for all of *wanted* that come before its `next`."""
    asked = dict(line.terms.asked(direction))
    asked["hashes"] = [encode_base32(one) for one in wanted]
    body = msgspec.json.encode(asked)
    async with line.stream("documents/get", body) as reply:
        answer = _Answer(line, frozenset(wanted), take)
        await answer.read(reply)
    if answer.next is not None and not 0 < answer.next < len(wanted):
        raise PeerMisbehaved("its answer goes on where it did not stop")
    return answer


class _Answer:
    """Lines of documents, and one that says where they end."""

    def __init__(self, line: Line, asked: frozenset[bytes], take: Take) -> None:
        self.documents = 0
        self.next: int | None = None
        self._line = line
        self._asked = asked
        self._take = take
        self._ended = False
        self._room = trio.Semaphore(IN_FLIGHT)
        self._failure: EsdError | None = None

    async def read(self, reply: Reply) -> None:
        failure: EsdError | None = None
        async with trio.open_nursery() as nursery:
            try:
                lines = lines_of(Paced(reply), self._line.talk.replica.turns)
                async with aclosing(lines) as groups:
                    async for group in groups:
                        await self._room.acquire()
                        self._look_for_end(group)
                        nursery.start_soon(self._take_group, group)
            except EsdError as exc:
                failure = exc  # raised once the nursery has closed
        for problem in (self._failure, failure):
            if problem is not None:
                raise problem
        if not self._ended:
            raise PeerUnavailable("its answer breaks off")

    def _look_for_end(self, group: list[bytes]) -> None:
        if self._failure is not None:
            raise self._failure
        if self._ended:
            raise PeerMisbehaved("its answer goes on after its end")
        if group[-1].startswith(b'{"end"'):
            try:
                self.next = msgspec.json.decode(group.pop(), type=_End).next
            except (msgspec.DecodeError, UnicodeDecodeError) as exc:
                raise PeerMisbehaved("its answer has no proper end") from exc
            self._ended = True
        if any(line.startswith(b'{"end"') for line in group):
            raise PeerMisbehaved("its answer goes on after its end")

    async def _take_group(self, lines: list[bytes]) -> None:
        try:
            async with self._line.talk.slots:
                portion = await self._line.talk.replica.run(partial(self._read, lines))
                self.documents += len(portion.documents)
                await self._take(portion)
        except EsdError as exc:
            self._failure = self._failure or exc
        finally:
            self._room.release()

    def _read(self, lines: list[bytes]) -> Portion:
        """In a thread: hashing a thousand documents takes some ten milliseconds."""
        portion = Portion()
        for read in read_lines(lines):
            if isinstance(read, Reason):
                portion.unreadable[read] += 1
                continue
            if not MIN_TIMESTAMP <= read.timestamp <= MAX_TIMESTAMP:
                portion.unreadable[Reason.TIMESTAMP] += 1  # no item can have it
                continue
            one = formats.document_hash(read)
            if one not in self._asked:
                raise PeerMisbehaved("it sent a document that was not asked for")
            portion.hashes.append(one)
            portion.documents.append(read)
        return portion


class _End(msgspec.Struct):
    end: bool
    next: int | None


@dataclass(frozen=True, slots=True)
class Ingesting:
    """A `Take` that keeps what comes; what we do not take is remembered as useless."""

    line: Line
    report: Report
    showing: Showing

    async def __call__(self, portion: Portion) -> None:
        talk = self.line.talk
        self.report.pulled.rejected.update(portion.unreadable)
        outcomes = await talk.replica.ingest_each(
            portion.documents,
            origin=talk.peer,
            now=talk.now,
            wanted=self.showing.predicate,
        )
        self.report.pulled.count(outcomes)
        useless = []
        for one, document, outcome in zip(
            portion.hashes, portion.documents, outcomes, strict=True
        ):
            if outcome.verdict is not Verdict.ACCEPTED:
                useless.append((document.timestamp, one, self._retry(outcome)))
        await self.showing.note_useless(useless)
        if any(outcome.reason == QUOTA for outcome in outcomes):
            self.report.standing = Standing.FULL
            writer = talk.replica.file.peer_writer
            note = partial(writer.note_fact, talk.peer, FULL_AT, talk.now)
            await talk.replica.change(note)
        most = talk.limits.invalid_documents
        if self.report.pulled.faults > most:
            raise TooManyInvalid(most)

    def _retry(self, outcome: Outcome) -> int | None:
        """Room can be made at any time, and nobody tells us when it was."""
        if outcome.reason == QUOTA:
            return self.line.talk.now + HOUR
        return outcome.retry_at
