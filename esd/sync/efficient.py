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

from esd.errors import PeerMisbehaved
from esd.formats import FORMATS
from esd.reconcile import Items, key_of
from esd.sync.acquaintance import PeerDowngraded
from esd.sync.comparing import LEVELS, Compare, timestamps_of
from esd.sync.fetching import Ingesting, fetch
from esd.sync.giving import give
from esd.sync.line import Line
from esd.sync.refusals import MovedOn, NotKnownThere, StaleQueries
from esd.sync.settings import Direction
from esd.sync.showing import MOST, Showing
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk
from esd.sync.terms import Terms

__all__ = ["efficient_sync"]

BEGINNINGS = 4  # a salt and queries may both be new; more often is no coincidence
MOST_NOT_GIVEN = 100_000  # documents of one run that it names and then does not give
HOUR = 3_600_000_000  # µs; a peer that takes nothing is asked again after it


async def efficient_sync(talk: Talk, report: Report) -> None:
    """Level 3, or 2 where the peer does not speak it; see `Talk` and `Report`."""
    for _ in range(BEGINNINGS):
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
    if known.hello is None and not await known.greet(talk.client):
        raise PeerDowngraded
    await known.meet(talk.client, [talk.replica])
    hello = known.hello
    assert hello is not None
    hosts = talk.creates and hello.open and talk.direction.pushes and not talk.dry
    if talk.replica.local_id not in known.shared and hosts:
        await known.have_hosted(talk.client, talk.replica)
        await known.meet(talk.client, [talk.replica])
    wire = known.shared.get(talk.replica.local_id)
    if wire is None:
        return None
    theirs = await known.learn_halves(talk.client, talk.replica)
    formats = tuple(sorted(set(FORMATS) & set(hello.formats)))
    return Line(talk, hello, wire, Terms(talk.halves, theirs, formats, talk.now))


async def _meet_again(talk: Talk) -> None:
    """It may have a new salt; one that has not, has lost the workspace."""
    known = talk.acquaintance
    known.shared.pop(talk.replica.local_id, None)
    known.queries.pop(talk.replica.local_id, None)
    if not await known.greet(talk.client):
        raise PeerDowngraded


async def _bring_level(line: Line, report: Report) -> None:
    await _compare(line, report)
    report.unchanged = not report.to_pull and not report.to_push


async def _compare(line: Line, report: Report) -> None:
    direction = line.talk.direction
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
    taken: set[bytes] = field(default_factory=set)
    showing: Showing = field(init=False)
    _not_given: int = 0

    def __post_init__(self) -> None:
        self.showing = Showing(self.line.talk, self.line.terms, self.direction)

    async def carry_out(self) -> None:
        await self.showing.begin()
        level, compare = _best_level(self.line)
        self.report.level = level
        await compare(self.line, self.direction, self.showing, self.report, self._take)
        self.report.waiting += self.showing.withheld
        if self.direction.pushes:
            self.report.to_push += len(self.have)
            await self._give()

    async def _take(self, have: Sequence[bytes], need: Sequence[bytes]) -> None:
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
        hashes = self.have.ids(0, len(self.have))
        self.taken.update(await give(self.line, hashes, self.showing, self.report))
        if self.report.standing is Standing.READ_ONLY:
            await self._withhold(hashes, self.line.talk.now + HOUR)

    async def withhold_rest(self, push: "_Comparison") -> None:
        """What a pull found missing there, and the push did not bring there."""
        found = self.have.ids(0, min(len(self.have), MOST + len(push.taken)))
        await self._withhold([one for one in found if one not in push.taken], None)

    async def _withhold(self, hashes: Sequence[bytes], retry: int | None) -> None:
        talk = self.line.talk
        if not hashes or talk.dry:
            return
        find = partial(_timestamps, talk, hashes[: self.showing.room])
        found = await talk.replica.run(find)
        await self.showing.withhold([(at, one, retry) for one, at in found.items()])


def _best_level(line: Line) -> tuple[str, Compare]:
    for level, compare in LEVELS.items():
        if level in line.hello.levels:
            return level, compare
    raise PeerMisbehaved("it speaks none of the levels that we do")


def _insert(items: Items, keys: Sequence[bytes]) -> None:
    for key in keys:
        items.insert(key)


def _timestamps(talk: Talk, hashes: Sequence[bytes]) -> Mapping[bytes, int]:
    with talk.replica.file.scanning() as reader:
        return reader.keys_at(hashes, talk.now)
