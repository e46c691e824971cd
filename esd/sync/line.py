"""One workspace at one peer that speaks ours: how a question is put, and its answer.

The workspace is named by its id there, in a header; never in a URL, which proxies log.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from esd.errors import PeerMisbehaved
from esd.sync.exchange import Answer, Reply
from esd.sync.hello import PREFIX, Hello
from esd.sync.refusals import StaleQueries, check_ours
from esd.sync.talk import Talk
from esd.sync.terms import Terms

__all__ = ["Line", "decoded"]

MOST_REFUSAL = 256 << 10  # bytes: 409 tells queries, and they have their own bounds
JSON = "application/json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """`wire` is the workspace's id at the peer."""

    talk: Talk
    hello: Hello
    wire: str
    terms: Terms

    async def check_halves(self) -> None:
        """Raises StaleQueries where the peer has others than we know."""
        known, replica = self.talk.acquaintance, self.talk.replica
        known.queries.pop(replica.local_id, None)
        halves = await known.learn_halves(self.talk.client, replica)
        if halves != self.terms.theirs:
            raise StaleQueries(halves)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        kind: str = JSON,
        encoding: str = "",
        most: int,
    ) -> Answer:
        """The answer to one question, of at most *most* bytes; raises if refused."""
        headers = self._headers(kind)
        if encoding:
            headers["Content-Encoding"] = encoding
        answer = await self.talk.client.fetch(
            "POST", PREFIX + path, headers, body, most=max(most, MOST_REFUSAL) + 1
        )
        check_ours(answer)
        if len(answer.body) > most:
            raise PeerMisbehaved(f"its answer to {path} is too long")
        return answer

    @asynccontextmanager
    async def stream(
        self, path: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> AsyncIterator[Reply]:
        """An answer that is read while it comes: 200, or one that *more* asked for."""
        headers = {**self._headers(JSON), **(more or {})}
        async with self.talk.client.ask("POST", PREFIX + path, headers, body) as reply:
            if reply.status not in (200, 304):
                check_ours(Answer(reply.status, reply.headers, await _some(reply)))
            yield reply

    def _headers(self, kind: str) -> dict[str, str]:
        return {"Content-Type": kind, "Earthstar-Workspace": self.wire}


async def _some(reply: Reply) -> bytes:
    collected = bytearray()
    async for piece in reply:
        collected += piece
        if len(collected) > MOST_REFUSAL:
            break
    return bytes(collected[:MOST_REFUSAL])


def decoded(answer: Answer, kind: type[T], what: str) -> T:
    """The JSON of an answer. Raises PeerMisbehaved where it is not of that kind."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PeerMisbehaved(f"its answer to {what} cannot be read") from exc
