"""Pushing documents to a peer that speaks ours: it answers for each of them.

What it does not take is withheld from then on (showing), so that it is not offered
again with every run. What is obsolete there is most often about to be replaced here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from esd.errors import PeerMisbehaved
from esd.formats import Reason
from esd.store import Reader
from esd.sync.exchange import Answer
from esd.sync.line import Line, decoded
from esd.sync.refusals import ReadOnlyThere
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


async def give(
    line: Line, hashes: Sequence[bytes], showing: Showing, report: Report
) -> list[bytes]:
    """Send those of *hashes* that are still held; those of them that it took."""
    giving = _Giving(line, showing, report)
    start = 0
    while start < len(hashes) and not giving.unwanted:
        left = hashes[start : start + line.hello.hashes]
        body = await line.talk.replica.run(partial(_filled, line, left))
        start += body.walked
        await giving.leave_out(body)
        if body.hashes:
            await giving.send(body)
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


def _filled(line: Line, hashes: Sequence[bytes]) -> _Body:
    body = _Body(line.hello.body)
    limit = line.hello.limits.body
    with line.talk.replica.file.scanning() as reader:
        while body.walked < len(hashes):
            page = reader.wires(hashes[body.walked :], line.talk.now)
            for one, wire in page.found.items():
                json = wire.json or _whole(reader, page.large)
                if not body.add(one, wire.timestamp, json, limit):
                    body.walked = hashes.index(one)
                    return body
            body.walked += page.settled
    return body


def _whole(reader: Reader, local_index: int | None) -> bytes:
    """A document too large for a page."""
    assert local_index is not None
    return b"".join(reader.slices(local_index))


@dataclass(slots=True)
class _Giving:
    line: Line
    showing: Showing
    report: Report
    taken: list[bytes] = field(default_factory=list)
    unwanted: bool = False

    async def leave_out(self, body: _Body) -> None:
        self.report.too_big += len(body.too_big)
        await self.showing.withhold(body.too_big)

    async def send(self, body: _Body) -> None:
        try:
            answer = await self._post(b"\n".join(body.lines) + b"\n")
        except ReadOnlyThere:
            self.report.standing, self.unwanted = Standing.READ_ONLY, True
            return
        told = decoded(answer, _Results, "documents")
        if len(told.results) != len(body.hashes) or set(told.results) - set("aor"):
            raise PeerMisbehaved("its answer does not fit what was pushed")
        self.report.sent += len(body.hashes)
        pairs = zip(body.hashes, told.results, strict=True)
        taken = [one for one, letter in pairs if letter == ACCEPTED]
        self.report.taken += len(taken)
        self.taken += taken
        await self.showing.withhold(_not_taken(body, told))

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


def _not_taken(body: _Body, told: _Results) -> list[tuple[int, bytes, int | None]]:
    found = []
    for at, letter in enumerate(told.results):
        if letter != ACCEPTED:
            timestamp, retry = body.timestamps[at], None
            if told.reasons.get(str(at)) == Reason.FUTURE:
                retry = timestamp - FUTURE
            found.append((timestamp, body.hashes[at], retry))
    return found
