"""Pushing documents to a peer that speaks ours: it answers for each of them.

What it does not take is withheld from then on (showing), so that it is not offered
again with every run. What is obsolete there is most often about to be replaced here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

import msgspec

from esd.errors import PeerMisbehaved
from esd.formats import Reason
from esd.reconcile import Items, key_of
from esd.replica import QUOTA
from esd.store import Reader, Replaced
from esd.sync.body_limit import BodyLimit
from esd.sync.exchange import Answer
from esd.sync.line import Line, decoded
from esd.sync.refusals import ReadOnlyThere, TooLargeThere
from esd.sync.showing import Showing
from esd.sync.status import Standing
from esd.sync.talk import Report
from esd.web.inflate import deflate_gzip

__all__ = ["give"]

NDJSON = "application/x-ndjson"
WORTH_GZIP = 1_400  # bytes: what fits in one packet anyway gains nothing
FUTURE = 600_000_000  # µs: how far ahead of its clock a peer takes a document
MOST_ANSWER = 256 << 10  # bytes: a letter each, and a reason for each
ACCEPTED = "a"
HOUR = 3_600_000_000  # µs
_LIMIT = "sync_limit"  # a fact: what one body may hold

Moment = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


async def give(line: Line, have: Items, showing: Showing, report: Report) -> Items:
    """Send the documents that *have* names and we still hold; those that it took."""
    giving = _Giving(line, showing, report)
    start = 0
    while start < len(have) and not giving.unwanted:
        left = have.ids(start, min(start + line.hello.hashes, len(have)))
        fill = partial(_filled, line, left, giving.limit.most)
        body = await line.talk.replica.run(fill)
        await giving.leave_out(body)
        if not body.hashes or await giving.send(body):
            start += body.walked
    return giving.taken


@dataclass(slots=True)
class _Body:
    """Lines in the making. `too_big`: what fits in no body of the peer's limit."""

    most: int
    size: int = 0
    walked: int = 0
    hashes: list[bytes] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    too_big: list[tuple[int, bytes, int | None]] = field(default_factory=list)

    def add(self, one: bytes, timestamp: int, document: bytes, limit: int) -> bool:
        """Whether it has been dealt with; the first fits up to the peer's limit."""
        size = len(document) + 1
        if size > limit:
            self.too_big.append((timestamp, one, None))
            return True
        if self.lines and self.size + size > self.most:
            return False
        self.size += size
        self.hashes.append(one)
        self.timestamps.append(timestamp)
        self.lines.append(document)
        return True


def _filled(line: Line, hashes: Sequence[bytes], most: int) -> _Body:
    body = _Body(most)
    limit = line.hello.limits.body
    with line.talk.replica.file.scanning() as reader:
        while body.walked < len(hashes):
            page = reader.wires(hashes[body.walked :], line.talk.now)
            for one, wire in page.found.items():
                json = wire.json or _whole(reader, page.large)
                if json and not body.add(one, wire.timestamp, json, limit):
                    body.walked = hashes.index(one)
                    return body
            body.walked += page.settled
    return body


def _whole(reader: Reader, local_index: int | None) -> bytes:
    """A document too large for a page; nothing if it is replaced just now."""
    assert local_index is not None
    try:
        return b"".join(reader.slices(local_index))
    except Replaced:
        return b""


@dataclass(slots=True)
class _Giving:
    line: Line
    showing: Showing
    report: Report
    taken: Items = field(default_factory=Items)
    unwanted: bool = False
    limit: BodyLimit = field(init=False)

    def __post_init__(self) -> None:
        self.limit = BodyLimit(self.line.talk, _LIMIT, self.line.hello.body)

    async def leave_out(self, body: _Body) -> None:
        self.report.too_big += len(body.too_big)
        await self.showing.withhold(body.too_big)

    async def send(self, body: _Body) -> bool:
        """Whether it has been dealt with; else the next one must be smaller."""
        try:
            answer = await self._post(b"\n".join(body.lines) + b"\n")
        except ReadOnlyThere:
            self.report.standing, self.unwanted = Standing.READ_ONLY, True
            self.line.talk.acquaintance.doubt_hello()
            return True
        except TooLargeThere:
            return await self._shrink(body)
        await self.limit.took(body.size)
        told = decoded(answer, _Results, "documents")
        if len(told.results) != len(body.hashes) or set(told.results) - set("aor"):
            raise PeerMisbehaved("its answer does not fit what was pushed")
        self.report.sent += len(body.hashes)
        pairs = zip(body.hashes, told.results, strict=True)
        taken = [one for one, letter in pairs if letter == ACCEPTED]
        self.report.taken += len(taken)
        self.taken.update(key_of(0, one) for one in taken)
        await self.showing.withhold(_not_taken(body, told, self.line.talk.now))
        return True

    async def _shrink(self, body: _Body) -> bool:
        """Something before it takes less than it says; it may have changed its mind."""
        talk = self.line.talk
        talk.acquaintance.doubt_hello()
        if len(body.hashes) == 1:
            body.too_big.append((body.timestamps[0], body.hashes[0], None))
            await self.leave_out(body)
            return True
        await self.limit.refused(body.size)
        return False

    async def _post(self, lines: bytes) -> Answer:
        most = MOST_ANSWER
        if self.line.talk.client.on_loopback or len(lines) < WORTH_GZIP:
            return await self.line.post("documents", lines, kind=NDJSON, most=most)
        packed = await self.line.talk.replica.run(partial(deflate_gzip, lines))
        return await self.line.post(
            "documents", packed, kind=NDJSON, encoding="gzip", most=most
        )


class _Results(msgspec.Struct):
    """A letter for each line; why, for the rejected ones, by the line's number."""

    results: str
    reasons: dict[str, str] = {}
    retry: dict[str, Moment] = {}  # when it may be taken, µs


def _not_taken(
    body: _Body, told: _Results, now: int
) -> list[tuple[int, bytes, int | None]]:
    found = []
    for at, letter in enumerate(told.results):
        if letter != ACCEPTED:
            reason, retry = told.reasons.get(str(at)), told.retry.get(str(at))
            if reason == Reason.FUTURE:
                retry = body.timestamps[at] - FUTURE
            elif reason == QUOTA:  # room can be made at any time
                retry = now + HOUR
            found.append((body.timestamps[at], body.hashes[at], retry))
    return found
