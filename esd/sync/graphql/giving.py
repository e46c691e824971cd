"""Giving our heads to an earthstar-graphql, in requests that it takes.

A document of ours goes as it is: its JSON is what the schema calls an input. The answer
tells of each whether it was taken; what was not is offered again another day.

Some refusals are states and not failures: it forbids pushes, or has lost the workspace
meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import msgspec

from esd.errors import PeerMisbehaved
from esd.sync.exchange import Answer
from esd.sync.graphql.answers import JSON, UnknownSchema, data_of
from esd.sync.graphql.comparing import Lacked
from esd.sync.graphql.memory import Memory
from esd.sync.graphql.words import Dialect, ingest
from esd.sync.refusals import ReadOnlyThere
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk
from esd.sync.turned_away import TurnedAway
from esd.web.inflate import deflate_gzip

__all__ = ["Giving"]

AT_ONCE = 200  # documents; a server of the time verifies some hundred a second
AROUND = 64 << 10  # bytes of a request besides its documents
LEAST_LIMIT = 16 << 10  # below that a server is broken, not modest
MOST_ANSWER = 1 << 20  # bytes: a signature or two words for each document
WORTH_GZIP = 1_400  # bytes: what fits in one packet anyway gains nothing

ACCEPTED = "AcceptedDocumentIngestion"
NOT_FOUND = "WorkspaceNotFoundError"


class _Judged(msgspec.Struct):
    typename: str = msgspec.field(name="__typename")


class _Head(msgspec.Struct):
    signature: str = ""


class _Ingested(msgspec.Struct):
    typename: str = msgspec.field(name="__typename")
    documents: list[_Judged] | None = None
    workspace: dict[str, _Head | None] | None = None


class _Told(msgspec.Struct):
    ingested: _Ingested = msgspec.field(name="ingestDocuments")


@dataclass(slots=True)
class _Load:
    """Documents for one request. The first fits whatever its size."""

    size: int = 0
    walked: int = 0  # indexes, those of documents that are gone included
    hashes: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)

    def fits(self, document: bytes, most: int) -> bool:
        if not self.hashes:
            return True
        return len(self.hashes) < AT_ONCE and self.size + len(document) < most

    def add(self, document_hash: bytes, document: bytes) -> None:
        named = msgspec.json.decode(document, type=_Named)
        self.size += len(document) + 1
        self.hashes.append(document_hash)
        self.paths.append(named.path)
        self.signatures.append(named.signature)
        self.documents.append(document)


class _Named(msgspec.Struct):
    path: str
    signature: str


class Giving:
    """One push; *report* tells what came of it."""

    def __init__(
        self, talk: Talk, dialect: Dialect, memory: Memory, report: Report
    ) -> None:
        self._talk = talk
        self._dialect = dialect
        self._memory = memory
        self._report = report
        self._most = talk.limits.push_body - AROUND
        self._gzip = not talk.client.on_loopback
        self._done = 0
        self._unwanted = False

    async def give(self, lacked: Lacked) -> None:
        """Send what is *lacked* there, as far as the peer takes it."""
        while self._done < len(lacked.indexes) and not self._unwanted:
            left = lacked.indexes[self._done :]
            load = await self._talk.replica.run(partial(self._fill, left))
            if load.size > self._talk.limits.push_body - AROUND:
                await self._leave_out(load)
            elif load.hashes:
                await self._send(load)
            else:
                self._done += load.walked  # replaced or expired since they were found

    def _fill(self, indexes: Iterable[int]) -> _Load:
        load = _Load()
        with self._talk.replica.file.scanning() as reader:
            for index in indexes:
                wire = reader.wire_at(index, self._talk.now)
                if wire is not None:
                    if not load.fits(wire[1], self._most):
                        break
                    load.add(*wire)
                load.walked += 1
        return load

    async def _send(self, load: _Load) -> None:
        answer = await self._post(load)
        if answer.status == 413:
            await self._shrink(load)
        elif answer.status == 415 and self._gzip:
            self._gzip = False
        else:
            await self._read(load, answer)

    async def _read(self, load: _Load, answer: Answer) -> None:
        try:
            told = await self._talk.replica.run(lambda: data_of(answer, _Told))
        except ReadOnlyThere:
            self._unwanted = True
            await TurnedAway(self._talk).note(self._report, read_only=True)
            return
        if told.ingested.typename == NOT_FOUND:
            self._unwanted = True
            self._report.standing = Standing.ABSENT
            return
        await self._sent(load, self._taken(load, told.ingested))

    async def _post(self, load: _Load) -> Answer:
        address = self._talk.replica.address.text
        question = ingest(self._dialect, address, load.paths, load.documents)
        headers, body = dict(JSON), await self._talk.replica.run(lambda: question.body)
        if self._gzip and len(body) > WORTH_GZIP:
            headers["Content-Encoding"] = "gzip"
            body = await self._talk.replica.run(lambda: deflate_gzip(body))
        return await self._talk.client.fetch(
            "POST", "", headers, body, most=MOST_ANSWER
        )

    def _taken(self, load: _Load, ingested: _Ingested) -> list[bool]:
        """Whether it took each, in order."""
        if ingested.documents is not None:
            taken = [one.typename == ACCEPTED for one in ingested.documents]
        elif ingested.workspace is not None:
            heads = [
                ingested.workspace.get(f"d{at}") for at in range(len(load.signatures))
            ]
            pairs = zip(heads, load.signatures, strict=True)
            taken = [one is not None and one.signature == ours for one, ours in pairs]
        else:
            raise UnknownSchema
        if len(taken) != len(load.hashes):
            raise PeerMisbehaved("it tells of other documents than were pushed")
        return taken

    async def _sent(self, load: _Load, taken: list[bool]) -> None:
        await TurnedAway(self._talk).forget()
        self._report.sent += len(taken)
        self._report.taken += sum(taken)
        pairs = zip(load.hashes, taken, strict=True)
        await self._memory.note_refused([one for one, good in pairs if not good])
        self._done += load.walked

    async def _shrink(self, load: _Load) -> None:
        """Halve the limit; a document that is too big by itself is left out instead."""
        if len(load.hashes) == 1:
            await self._leave_out(load)
        elif load.size // 2 < LEAST_LIMIT:
            raise PeerMisbehaved("it takes no push of any size")
        else:
            self._most = load.size // 2

    async def _leave_out(self, load: _Load) -> None:
        """It counts as refused, or it would be in the way of every later run."""
        self._report.too_big += 1
        await self._memory.note_refused(load.hashes)
        self._done += load.walked
