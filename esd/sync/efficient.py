"""Efficient sync: the conversation of two esds, whose cost is the difference.

What differs is found by comparing (comparing) what both sides hold of what may move
(terms). Where both directions are about the same documents, one comparison serves both;
else a pull comes first and a push after it, so that nothing is offered that the pull
has just made obsolete. Within a comparison everything needed is fetched as it is found,
and what the peer lacks is sent at the end, if it is still there.

What we know of the peer beforehand may be out of date. Its answers tell, and then the
conversation begins anew; what it had taken in by then is no difference any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from esd.errors import PeerMisbehaved
from esd.formats import FORMATS
from esd.reconcile import Items, key_of
from esd.reconcile.keys import TIMESTAMP
from esd.sync.acquaintance import PeerDowngraded
from esd.sync.comparing import LEVELS, Compare, timestamps_of
from esd.sync.fetching import FULL_AT, HOUR, Ingesting, fetch
from esd.sync.giving import give
from esd.sync.hello import Hello
from esd.sync.line import Line
from esd.sync.refusals import MovedOn, NotKnownThere, StaleQueries
from esd.sync.settings import Direction
from esd.sync.showing import Showing
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk
from esd.sync.terms import Terms

__all__ = ["efficient_sync"]

BEGINNINGS = 4  # a salt and queries may both be new; more often is no coincidence
MOST_NOT_GIVEN = 100_000  # documents of one run that it names and then does not give
MOST_NAMED = 10_000_000  # ...and that it names at all: 4 GiB of documents are fewer
HELLO_HOLDS = 6 * HOUR  # what it offers changes rarely, and other answers tell most


async def efficient_sync(talk: Talk, report: Report) -> None:
    """Level 3, or 2 where the peer does not speak it; see `Talk` and `Report`."""
    for _ in range(BEGINNINGS):
        report.to_pull = report.to_push = report.waiting = 0
        try:
            line = await _open(talk)
            if line is None:
                report.standing = Standing.ABSENT
            else:
                await _bring_level(line, report)
        except NotKnownThere:
            await _meet_again(talk)
        except StaleQueries as exc:
            talk.acquaintance.queries[talk.replica.local_id] = exc.halves
        except MovedOn:
            continue
        else:
            return
    raise PeerMisbehaved("it takes back with each answer what it said before")


async def _open(talk: Talk) -> Line | None:
    """Everything that must be known before; None: the peer does not share it."""
    known = talk.acquaintance
    hello = await _greeted(talk)
    await known.meet(talk.client, [talk.replica])
    if talk.replica.local_id not in known.shared and talk.creates:
        hello = await _have_hosted(talk)
    wire = known.shared.get(talk.replica.local_id)
    if wire is None:
        return None
    theirs = await known.learn_halves(talk.client, talk.replica)
    formats = tuple(sorted(set(FORMATS) & set(hello.formats)))
    if not formats:
        raise PeerMisbehaved("it knows none of the formats that we do")
    return Line(talk, hello, wire, Terms(talk.halves, theirs, formats, talk.now))


async def _greeted(talk: Talk) -> Hello:
    """Its hello: the one we have, or a new one where that may be out of date."""
    known = talk.acquaintance
    old = known.hello
    if old is not None:
        patience = HOUR if old.readonly else HELLO_HOLDS
        if 0 <= talk.now - known.greeted_at < patience:
            return old
    if not await known.greet(talk.client, talk.now) or known.hello is None:
        raise PeerDowngraded
    return known.hello


async def _have_hosted(talk: Talk) -> Hello:
    """Ask it to make room for the workspace, if it does that now."""
    known = talk.acquaintance
    known.doubt_hello()
    hello = await _greeted(talk)
    if hello.open and talk.direction.pushes and not talk.dry:
        await known.have_hosted(talk.client, talk.replica)
        await known.meet(talk.client, [talk.replica])
    return hello


async def _meet_again(talk: Talk) -> None:
    """It may have a new salt; one that has not, has lost the workspace."""
    known = talk.acquaintance
    known.shared.pop(talk.replica.local_id, None)
    known.queries.pop(talk.replica.local_id, None)
    known.doubt_hello()
    await _greeted(talk)


async def _bring_level(line: Line, report: Report) -> None:
    await _compare(line, report)
    report.unchanged = not report.to_pull and not report.to_push


async def _compare(line: Line, report: Report) -> None:
    direction = line.talk.direction
    if line.hello.readonly and direction.pushes:
        report.standing = Standing.READ_ONLY
        if not direction.pulls:
            return
        direction = Direction.PULL
    if direction is Direction.BOTH and line.terms.alike:
        await _Comparison(line, direction, report).carry_out()
        return
    pull = _Comparison(line, Direction.PULL, report)
    push = _Comparison(line, Direction.PUSH, report)
    if direction.pulls:
        await pull.carry_out()
    if direction.pushes:
        await push.carry_out()
    if direction.pulls:
        await pull.withhold_rest(push)


@dataclass(slots=True)
class _Comparison:
    """One comparison and what comes of it. `have` are hashes that the peer lacks."""

    line: Line
    direction: Direction
    report: Report
    have: Items = field(default_factory=Items)
    taken: Items = field(default_factory=Items)
    showing: Showing = field(init=False)
    _not_given: int = 0
    _named: int = 0  # which we do not hold; as often as it names them

    def __post_init__(self) -> None:
        self.showing = Showing(self.line.talk, self.line.terms, self.direction)

    async def carry_out(self) -> None:
        await self.showing.begin()
        if self.direction.pulls and _lately_full(self.line.talk):
            self.report.standing = Standing.FULL
        level, compare = _best_level(self.line)
        self.report.level = level
        await compare(self.line, self.direction, self.showing, self.report, self._take)
        if self.direction.pushes:
            self.report.waiting += self.showing.withheld
            self.report.to_push += len(self.have)
            await self._give()

    async def _take(self, have: Sequence[bytes], need: Sequence[bytes]) -> None:
        self._named += len(need)
        if self._named > MOST_NAMED:
            raise PeerMisbehaved("it names more documents than a workspace can hold")
        lacked_there = await self.showing.lacked_there(have)
        keys = [key_of(0, one) for one in lacked_there]
        await self.line.talk.replica.run(partial(_insert, self.have, keys))
        need = await self.showing.lacked_here(need)
        if self.direction.pulls:
            self.report.to_pull += len(need)
        if need and not self.line.talk.dry:
            await self._fetch(need)

    async def _fetch(self, need: Sequence[bytes]) -> None:
        if not self.direction.pulls:
            await self._note(need[: self.showing.room])
            return
        if self.report.standing is Standing.FULL:
            return  # what does not fit now would be fetched again and again
        take = Ingesting(self.line, self.report, self.showing)
        came = await fetch(self.line, self.direction, need, take)
        self._not_given += len(need) - came
        if self._not_given > MOST_NOT_GIVEN:
            raise PeerMisbehaved("it names documents that it does not give")

    async def _note(self, need: Sequence[bytes]) -> None:
        """We are not here to take these; they shall not be found in every run."""
        for start in range(0, len(need), self.line.hello.hashes):
            some = need[start : start + self.line.hello.hashes]
            found = await timestamps_of(self.line, self.direction, some)
            await self.showing.note_useless([(at, one, None) for one, at in found])

    async def _give(self) -> None:
        if self.line.talk.dry or not self.have:
            return
        self.taken = await give(self.line, self.have, self.showing, self.report)

    async def withhold_rest(self, push: "_Comparison") -> None:
        """What a pull found missing there, and the push did not bring there."""
        talk = self.line.talk
        if talk.dry or not self.have:
            return
        find = partial(_rest, talk, self.have, push.taken, self.showing.room)
        found = await talk.replica.run(find)
        await self.showing.withhold([(at, one, None) for one, at in found.items()])


def _lately_full(talk: Talk) -> bool:
    """Whether there was no room within the hour; who asks has perhaps made some."""
    at = talk.replica.reader.peers.fact(talk.peer, FULL_AT)
    return at is not None and 0 <= talk.now - at < HOUR and not talk.asked


def _best_level(line: Line) -> tuple[str, Compare]:
    for level, compare in LEVELS.items():
        if level in line.hello.levels:
            return level, compare
    raise PeerMisbehaved("it speaks none of the levels that we do")


def _insert(items: Items, keys: Sequence[bytes]) -> None:
    for key in keys:
        items.insert(key)


def _rest(talk: Talk, have: Items, taken: Items, most: int) -> Mapping[bytes, int]:
    """The first of *have* that are not among *taken*, with their timestamps."""
    rest = islice((key for key in have if key not in taken), most)
    with talk.replica.file.scanning() as reader:
        return reader.keys_at([key[TIMESTAMP:] for key in rest], talk.now)
