"""What it costs two esds to find what differs, level by level, and to become level.

Part of `reconcile`. All bytes both ways count, with heads, as the ledger has them;
those of asking for documents by hash and of the documents themselves stand apart. CPU
is each process's own. What finding costs is measured with dry runs, over and over; then
one run moves the documents.

Levels 1 and 2 name what differs by telling everything, so their bytes hardly depend on
it: beyond the smallest size they are measured for one difference only, and level 1 at a
million documents is extrapolated, and called so. They come last: what they leave in
memory is theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from tests.bench import bounds
from tests.bench.apart import tell_apart
from tests.bench.bounds import ANYWHERE, NEWEST
from tests.bench.metered import HASHES
from tests.bench.pair import PLAIN, RECONCILE, Pair, Ran
from tests.bench.probe import asking_status, status_rows
from tests.bench.results import Row

DIFFERENT = (1, 10, 100, 1_000)
LISTS_FOR = (100, ANYWHERE)
MOST_EASY = 100_000  # documents; a list of more is only extrapolated
PROBED_FOR = (1_000, ANYWHERE)  # the longest: others ask for the status meanwhile
PROBED = 4  # times as many dry runs, so that there are some hundred answers
CASES = ((0, ""), *product(DIFFERENT, (NEWEST, ANYWHERE)))
MILLION = 1_000_000
MIB = 1 << 20
MEMORY_TARGET = 200.0  # MiB

SIDES = {
    RECONCILE: "level 3, reconcile",
    HASHES: "level 2, hashes",
    PLAIN: "level 1, easy",
}


@dataclass(frozen=True, slots=True)
class AtMost:
    """Targets, at a million documents: round trips, bytes, and ms of CPU a side."""

    rounds: int | None = None
    size: int | None = None
    house: float | None = None
    away: float | None = None


NO_TARGET = AtMost()
TARGETS = {
    (0, ""): AtMost(1, 1_600, 5),
    (100, NEWEST): AtMost(2, 6_000, 50, 50),
    (100, ANYWHERE): AtMost(3, 90_000, 50, 50),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Measures one pair, whose *size* documents in common begin at *begin*.

    `easy_each`: bytes a document of a smaller pair's list, where there was one.
    """

    pair: Pair
    size: int
    begin: int
    runs: int
    easy_each: float | None = None

    async def measure(self) -> list[Row]:
        rows = await self._unchanged([RECONCILE])
        for count, where in CASES[1:]:
            rows += await self._differing(count, where, [RECONCILE])
        rows += self._memory()
        lists = (HASHES, PLAIN) if self.size <= MOST_EASY else (HASHES,)
        rows += await self._unchanged(lists)
        rows += await self._differing(*LISTS_FOR, lists)
        return _side_by_side(rows + self._noted())

    async def _unchanged(self, peers: Sequence[str]) -> list[Row]:
        """Real runs: with nothing to move, nothing is to be spared."""
        rows = []
        for peer in peers:
            await self.pair.run(peer)
            found = [await self.pair.run(peer) for _ in range(self.runs)]
            assert not any(one.differing for one in found)
            rows += self._rows(0, "", peer, found)
        return rows

    async def _differing(
        self, count: int, where: str, peers: Sequence[str]
    ) -> list[Row]:
        await tell_apart(self.pair, count, where, self.begin)
        rows = []
        for peer in peers:
            runs = self.runs if peer == RECONCILE else 1
            found = [await self.pair.run(peer, dry=True) for _ in range(runs)]
            assert {one.differing for one in found} == {count}, found
            rows += self._rows(count, where, peer, found)
        if RECONCILE in peers:
            work = self._work(count, where)
            if (count, where) == PROBED_FOR:
                rows += await self._probed(work)
            rows += await self._moved(work, count)
        return rows

    def _work(self, count: int, where: str) -> str:
        differ = f"{where} {count:,} differ" if count else "unchanged"
        return f"{self.size:,} documents, {differ}"

    def _rows(
        self, count: int, where: str, peer: str, found: Sequence[Ran]
    ) -> list[Row]:
        def row(side: str, runs: Sequence[float], unit: str, most: float | None) -> Row:
            side = f"{SIDES[peer]}{side}"
            return Row(work=work, side=side, runs=runs, unit=unit, most=most)

        work = self._work(count, where)
        aimed = peer == RECONCILE and self.size == MILLION
        most = TARGETS.get((count, where), NO_TARGET) if aimed else NO_TARGET
        house = [1000 * one.cpu_house for one in found]
        away = [1000 * one.cpu_away for one in found]
        return [
            row("", [one.requests for one in found], "round trips", most.rounds),
            row("", [one.finding for one in found], "bytes", most.size),
            row("", [1000 * one.seconds for one in found], "ms", None),
            row(", CPU house", house, "ms", most.house),
            row(", CPU away", away, "ms", most.away),
        ]

    def _memory(self) -> list[Row]:
        most = MEMORY_TARGET if self.size == MILLION else None
        return [
            Row(
                work=f"{self.size:,} documents, all of level 3",
                side=f"resident, most, {name}",
                runs=[esd.resident("VmHWM") / MIB],
                unit="MiB",
                most=most,
            )
            for name, esd in (("house", self.pair.house), ("away", self.pair.away))
        ]

    def _noted(self) -> list[Row]:
        """What was not measured here."""
        rows = []
        for count, where in CASES:
            work = self._work(count, where)
            if self.size > MOST_EASY and self.easy_each is not None and count:
                side = f"{SIDES[PLAIN]}, EXTRAPOLATED"
                size = self.easy_each * self.size
                rows.append(Row(work=work, side=side, runs=[size], unit="bytes"))
            rows += bounds.rows(work, self.size, count, where)
        return rows

    async def _probed(self, work: str) -> list[Row]:
        async with (
            asking_status(self.pair.house) as house,
            asking_status(self.pair.away) as away,
        ):
            for _ in range(PROBED * self.runs):
                await self.pair.run(dry=True)
        return status_rows(work, house, away, target=self.size == MILLION)

    async def _moved(self, work: str, count: int) -> list[Row]:
        ran = await self.pair.run()
        assert ran.differing == count
        assert not (await self.pair.run()).differing
        side = "level 3, and moved"
        asking, giving = ran.getting.both_ways, ran.giving.both_ways
        return [
            Row(work=work, side=side, runs=[ran.requests], unit="requests"),
            Row(work=work, side=side, runs=[ran.finding], unit="bytes besides"),
            Row(work=work, side=side, runs=[asking], unit="bytes, documents/get"),
            Row(work=work, side=side, runs=[giving], unit="bytes, documents"),
            Row(work=work, side=side, runs=[1000 * ran.seconds], unit="ms"),
        ]


def easy_each(rows: Sequence[Row], size: int) -> float:
    """Bytes a document of a whole list, out of what was measured with *size* ones."""
    sizes = [
        row.value for row in rows if row.side == SIDES[PLAIN] and row.unit == "bytes"
    ]
    return max(sizes) / size


def _side_by_side(rows: Sequence[Row]) -> list[Row]:
    """In the order of their work, as it first came."""
    works = list(dict.fromkeys(row.work for row in rows))
    return sorted(rows, key=lambda row: works.index(row.work))
