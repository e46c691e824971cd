"""Finding out what differs, at the highest level that both sides speak.

Both ways tell the same: hashes that only we hold (*have*) and hashes that only the peer
holds (*need*), a portion at a time, so that what is needed can be fetched before the
next portion comes and memory stays flat. Reconciling costs what the difference is;
comparing whole lists of hashes costs a list, but a list that curl can show.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated

import msgspec

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.formats import InvalidEncoding, decode_base32, encode_base32
from esd.reconcile import Initiator, Items, key_of
from esd.replica import lines_of
from esd.replica.large import Paced
from esd.sync.line import Line, decoded
from esd.sync.settings import Direction
from esd.sync.showing import Showing
from esd.sync.talk import Report

__all__ = ["LEVELS", "Compare", "compare_hashes", "reconcile", "timestamps_of"]

Take = Callable[[Sequence[bytes], Sequence[bytes]], Awaitable[None]]
"""Is given hashes: have, need."""

HASH = 32  # bytes
MOST_PAGES = 1_000
MOST_LINE = 200  # bytes: a hash in JSON is 55
NEGENTROPY = "application/vnd.negentropy"


async def reconcile(
    line: Line, direction: Direction, showing: Showing, report: Report, take: Take
) -> None:
    """Level 3. One message, if nothing differs."""
    run, asked = line.talk.replica.run, line.terms.asked(direction)
    head = msgspec.json.encode(asked) + b"\n"
    initiator = Initiator(frame=line.hello.frame)
    items = await showing.items()
    message: bytes | None = await run(lambda: initiator.initiate(items))
    while message is not None:
        answer = await line.post(
            "reconcile", head + message, kind=NEGENTROPY, most=line.hello.frame
        )
        report.rounds += 1
        items = await showing.items()
        step = await run(partial(initiator.reconcile, items, answer.body))
        if step.have or step.need:
            await take(step.have, step.need)
        message = step.message


async def compare_hashes(
    line: Line, direction: Direction, showing: Showing, report: Report, take: Take
) -> None:
    """Level 2. A list of hashes, or none if it would be ours."""
    if direction is Direction.PUSH:
        await _offer(line, showing, report, take)
        return
    items = await showing.items()
    ours = await line.talk.replica.run(partial(_by_hash, items))
    asked = dict(line.terms.asked(direction))
    after: str | None = ""
    tag = {"If-None-Match": await line.talk.replica.run(partial(_etag, items))}
    while after is not None:
        body = msgspec.json.encode(asked | ({"after": after} if after else {}))
        report.rounds += 1
        async with line.stream("hashes", body, {} if after else tag) as reply:
            if reply.status == 304:
                return
            page, turns = _Page(line, ours, take), line.talk.replica.turns
            async with aclosing(lines_of(Paced(reply), turns)) as groups:
                async for lines in groups:
                    await page.read(lines)
        after = page.next
        if report.rounds > MOST_PAGES:
            raise PeerMisbehaved("its list of hashes has no end")
    for start in range(0, len(ours), line.hello.hashes):
        have = ours.ids(start, min(start + line.hello.hashes, len(ours)))
        await take(have, [])


class _Page:
    """One page of a list of hashes; what it names is taken out of *ours*."""

    def __init__(self, line: Line, ours: Items, take: Take) -> None:
        self._line = line
        self._ours = ours
        self._take = take
        self._ended = False
        self._next: str | None = None

    @property
    def next(self) -> str | None:
        """The hash to go on after; None: this was the last page."""
        if not self._ended:
            raise PeerUnavailable("its list of hashes breaks off")
        return self._next

    async def read(self, lines: list[bytes]) -> None:
        if lines and lines[-1].startswith(b"{"):
            self._end(lines.pop())
        hashes = _hashes_of(lines)
        strike = partial(_struck, self._ours, hashes)
        need = await self._line.talk.replica.run(strike)
        if need:
            await self._take([], need)

    def _end(self, line: bytes) -> None:
        try:
            self._next = msgspec.json.decode(line, type=_End).next
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise PeerMisbehaved("its list of hashes has no proper end") from exc
        self._ended = True


class _End(msgspec.Struct):
    end: bool
    next: str | None


async def _offer(line: Line, showing: Showing, report: Report, take: Take) -> None:
    """Tell all that we have; the peer tells what of it it needs."""
    await line.check_halves()  # which nothing of what follows would tell
    items = await showing.items()
    for start in range(0, len(items), line.hello.hashes):
        ours = items.ids(start, min(start + line.hello.hashes, len(items)))
        body = msgspec.json.encode({"hashes": [encode_base32(one) for one in ours]})
        answer = await line.post("missing", body, most=2 * len(body) + MOST_LINE)
        report.rounds += 1
        lacked = decoded(answer, _Hashes, "missing").hashes
        have = _decoded_hashes(lacked)
        if not set(have) <= set(ours):
            raise PeerMisbehaved("it lacks documents that were not offered")
        if have:
            await take(have, [])


async def timestamps_of(
    line: Line, direction: Direction, hashes: Sequence[bytes]
) -> list[tuple[bytes, int]]:
    """What lists of hashes leave out; of those that are still there."""
    asked = dict(line.terms.asked(direction))
    asked["hashes"] = [encode_base32(one) for one in hashes]
    body = msgspec.json.encode(asked)
    answer = await line.post("timestamps", body, most=MOST_LINE * (len(hashes) + 1))
    told = decoded(answer, _Timestamps, "timestamps").timestamps
    if len(told) != len(hashes):
        raise PeerMisbehaved("its answer does not fit what was asked")
    pairs = zip(hashes, told, strict=True)
    return [(one, at) for one, at in pairs if at is not None]


class _Timestamps(msgspec.Struct):
    timestamps: tuple[Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] | None, ...]


class _Hashes(msgspec.Struct):
    hashes: tuple[str, ...]


def _by_hash(items: Items) -> Items:
    """The same ids in their own order: a list tells no timestamps."""
    return Items(sorted(key_of(0, one) for one in items.ids(0, len(items))))


def _struck(ours: Items, hashes: list[bytes]) -> list[bytes]:
    """Take *hashes* out of *ours*; those that were not there."""
    return [one for one in hashes if not ours.remove(key_of(0, one))]


def _etag(items: Items) -> str:
    """The tag of a list that is ours, as the peer makes it."""
    total = items.sum_before(len(items)) % (1 << 256)
    return f'W/"{len(items):x}-{total:x}"'


def _hashes_of(lines: Sequence[bytes]) -> list[bytes]:
    if any(len(line) > MOST_LINE for line in lines):
        raise PeerMisbehaved("its list of hashes holds something else")
    try:
        texts = msgspec.json.decode(b"[" + b",".join(lines) + b"]", type=list[str])
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise PeerMisbehaved("its list of hashes holds something else") from exc
    return _decoded_hashes(texts)


def _decoded_hashes(texts: Sequence[str]) -> list[bytes]:
    try:
        hashes = [decode_base32(text) for text in texts]
    except InvalidEncoding as exc:
        raise PeerMisbehaved("it names hashes that are none") from exc
    if any(len(one) != HASH for one in hashes):
        raise PeerMisbehaved("it names hashes that are none")
    return hashes


Compare = Callable[[Line, Direction, Showing, Report, Take], Awaitable[None]]
LEVELS: Mapping[str, Compare] = {  # the best first
    "reconcile": reconcile,
    "hashes": compare_hashes,
}
