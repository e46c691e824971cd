"""The bodies of a push to a pub: JSON arrays of documents, as large as it takes them.

A pub verifies and stores what it was sent before it answers, and meanwhile the body
that comes next is filled. So it need not wait for us; and where it does answer with a
refusal, the body made beforehand is dropped. Bodies are no larger than is worth it: a
line that breaks loses one, and a pub on a slow disk answers before we take it for dead.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from esd.errors import EsdError
from esd.sync.exchange import Answer
from esd.sync.missing import Missing
from esd.sync.talk import Talk

__all__ = ["MOST_BODY", "Bodies", "Body"]

MOST_BODY = 1 << 20  # bytes: some thousand documents, which a pub takes 0.2 s for


class Body:
    """In the making. Its first document fits whatever its size."""

    def __init__(self, start: int, most: int) -> None:
        self.start = start  # which index it begins with
        self.most = most
        self.size = 1  # "[", and for each document itself and a comma or "]"
        self.walked = 0  # indexes, those of documents that are gone included
        self.hashes: list[bytes] = []
        self._documents: list[bytes] = []

    def add(self, document_hash: bytes, document: bytes) -> bool:
        """Whether it fitted."""
        size = self.size + len(document) + 1
        if size > self.most and self.hashes:
            return False
        self.size = size
        self.hashes.append(document_hash)
        self._documents.append(document)
        return True

    def bytes(self) -> bytes:
        return b"[" + b",".join(self._documents) + b"]"


class Bodies:
    """Of what is *missing* of one format, as far as it is still there.

    Indexes are counted from the first of that format.
    """

    def __init__(self, talk: Talk, missing: Missing, name: str) -> None:
        self._talk = talk
        self._missing = missing
        self._format = name
        self._ahead: Body | None = None

    async def at(self, start: int, most: int) -> Body:
        """The one that begins there, of about *most* bytes; empty after the last."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and (ahead.start, ahead.most) == (start, most):
            return ahead
        return await self._talk.replica.run(partial(self._filled, start, most))

    async def beside(
        self, start: int, most: int, post: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer to *post*; meanwhile the body is filled that begins there."""
        answer, failure = None, None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._fill, start, most)
            try:
                answer = await post()
            except EsdError as exc:
                failure = exc  # raised once the nursery has closed
        if failure is not None:
            raise failure
        assert answer is not None
        return answer

    async def _fill(self, start: int, most: int) -> None:
        """What fails here fails again where it is asked for."""
        try:
            self._ahead = await self.at(start, most)
        except EsdError:
            self._ahead = None

    def _filled(self, start: int, most: int) -> Body:
        body = Body(start, most)
        with self._talk.replica.file.scanning() as reader:
            for index in self._missing.of(self._format, start):
                wire = reader.wire_at(index, self._talk.now)
                if wire is not None and not body.add(*wire):
                    break
                body.walked += 1
        return body
