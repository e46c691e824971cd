"""Fetching heads from an earthstar-graphql by their paths, and taking them in.

Nobody knows how large they are, so how many are asked for at once follows from what the
last ones took. Where an answer grows too long it is dropped, and half of it asked for;
a head that is too long alone is one that we cannot take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from esd.errors import PeerMisbehaved
from esd.formats import FORMATS, Document, Reason, encode, shorten_signature
from esd.replica import QUOTA, Outcome, TooManyInvalid, Verdict
from esd.sync.graphql.answers import AnswerTooLong, ask_for_much
from esd.sync.graphql.comparing import Comparison
from esd.sync.graphql.heads import Head
from esd.sync.graphql.memory import HOUR, Memory
from esd.sync.graphql.words import Dialect, documents_at
from esd.sync.talk import Report, Talk

__all__ = ["Fetching"]

FIRST = 64  # heads asked for at once...
MOST = 512  # ...and later; a server looks each up by itself
USUAL = 192 << 10  # bytes of an answer, below which nobody needs a turn
MOST_ANSWER = 32 << 20  # bytes; the longest valid es.4 document is 24 MB as JSON

_Fields = Mapping[str, object]


class _Told(msgspec.Struct):
    workspace: dict[str, dict[str, object] | None] | None


@dataclass(slots=True)
class Fetching:
    """From one peer in one run; *report* tells what came of it."""

    talk: Talk
    dialect: Dialect
    comparison: Comparison
    memory: Memory
    report: Report
    at_once: int = FIRST

    async def fetch(self, heads: Sequence[Head]) -> None:
        """Take in the documents at the paths of these heads."""
        left = list(heads)
        while left:
            some = left[: self.at_once]
            if await self._fetch_some(some):
                del left[: len(some)]

    async def _fetch_some(self, heads: list[Head]) -> bool:
        """Whether they are done with; False: fewer at once must be tried."""
        address = self.talk.replica.address.text
        question = documents_at(self.dialect, address, [head.path for head in heads])
        try:
            told = await ask_for_much(self.talk, question, _Told, MOST_ANSWER)
        except AnswerTooLong:
            if len(heads) > 1:
                self.at_once = max(1, len(heads) // 2)
                return False
            await self._settle(heads, [Reason.CONTENT_SIZE])
            return True
        read = partial(self._read, told, heads)
        found = await self.talk.replica.run(read)
        await self._ingest(heads, found)
        return True

    def _read(self, told: _Told, heads: list[Head]) -> list[Document | Reason | None]:
        """In a thread. None: it is gone meanwhile."""
        fields = told.workspace or {}
        found = [self._document(fields.get(f"d{at}")) for at in range(len(heads))]
        for head, one in zip(heads, found, strict=True):
            if isinstance(one, Document) and one.path != head.path:
                raise PeerMisbehaved("it sent a document that was not asked for")
        size = sum(len(encode(one)) for one in found if isinstance(one, Document))
        fit = USUAL * len(heads) // max(1, size)
        self.at_once = max(1, min(fit, 2 * self.at_once, MOST))
        return found

    def _document(self, fields: _Fields | None) -> Document | Reason | None:
        if not fields:
            return Reason.FORMAT if fields is not None else None
        author = fields.get("author")
        whole = {
            **fields,
            "workspace": self.talk.replica.address.text,
            "author": author.get("address") if isinstance(author, dict) else None,
            "timestamp": _whole_number(fields.get("timestamp")),
        }
        if "deleteAfter" in whole:
            whole["deleteAfter"] = _whole_number(whole["deleteAfter"])
        try:
            known = FORMATS[self.dialect.format]
            return shorten_signature(msgspec.convert(whole, known.document))
        except msgspec.ValidationError:
            return Reason.FIELDS

    async def _ingest(
        self, heads: list[Head], found: Sequence[Document | Reason | None]
    ) -> None:
        documents = [one for one in found if isinstance(one, Document)]
        async with self.talk.slots:
            outcomes = iter(
                await self.talk.replica.ingest_each(
                    documents,
                    origin=self.talk.peer,
                    now=self.talk.now,
                    wanted=self.comparison.pull,
                )
            )
        pairs = [
            (head, next(outcomes) if isinstance(one, Document) else one)
            for head, one in zip(heads, found, strict=True)
            if one is not None
        ]
        await self._settle([head for head, _ in pairs], [one for _, one in pairs])

    async def _settle(
        self, heads: Sequence[Head], became: Sequence[Outcome | Reason]
    ) -> None:
        """Count, and remember what need not be asked for again."""
        outcomes = [
            one if isinstance(one, Outcome) else Outcome(Verdict.REJECTED, one)
            for one in became
        ]
        self.report.pulled.count(outcomes)
        await self.memory.note_useless(
            [
                (head.timestamp, head.mark, self._retry(outcome))
                for head, outcome in zip(heads, outcomes, strict=True)
                if outcome.verdict is not Verdict.ACCEPTED
            ]
        )
        most = self.talk.limits.invalid_documents
        if self.report.pulled.faults > most:
            raise TooManyInvalid(most)

    def _retry(self, outcome: Outcome) -> int | None:
        """Room can be made at any time, and nobody tells us when it was."""
        if outcome.reason == QUOTA:
            return self.talk.now + HOUR
        return outcome.retry_at


def _whole_number(value: object) -> object:
    """As an integer where it is one, however it is spelled."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
