"""The first run after a start: the sets are not there yet, and are made from the files.

Part of `reconcile`. Three of them: both were just started; only the one that serves
was; only the one that calls. Nothing differs, so what it takes is the making, on the
side that has to, and what a start forgets otherwise: who the other is. And both are
started once more and made to work, while others ask for their status.

What a process has grown by afterwards is the set and what making it left behind; the
set alone is measured in sets.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.bench.finding import MILLION
from tests.bench.pair import Homes, Ran
from tests.bench.probe import asking_status, status_rows
from tests.bench.results import Row

MIB = 1 << 20
MOST_ROUNDS = 3  # six starts each, and some twenty seconds at a million documents
FIRST_TARGET = 1.5  # seconds

BOTH, HOUSE, AWAY = "both just started", "house just started", "away just started"


@dataclass(slots=True)
class _Found:
    ran: Mapping[str, list[Ran]] = field(
        default_factory=lambda: {BOTH: [], HOUSE: [], AWAY: []}
    )
    grown_house: list[float] = field(default_factory=list)
    grown_away: list[float] = field(default_factory=list)
    status_house: list[float] = field(default_factory=list)
    status_away: list[float] = field(default_factory=list)


async def measure(homes: Homes, size: int, runs: int) -> list[Row]:
    """Rows for two that hold the same *size* documents."""
    found = _Found()
    for _ in range(min(runs, MOST_ROUNDS)):
        await _probed(homes, found)  # first of all, it also makes the keys that stay
        await _round(homes, found)
    work = f"{size:,} documents, first run"
    million = size == MILLION
    rows = []
    for side, ran in found.ran.items():
        rows += _rows(work, side, ran, FIRST_TARGET if million else None)
    grown = {"house": found.grown_house, "away": found.grown_away}
    rows += [
        Row(work=work, side=f"{name}, resident more", runs=sizes, unit="MiB")
        for name, sizes in grown.items()
    ]
    return rows + status_rows(
        work, found.status_house, found.status_away, target=million
    )


async def _round(homes: Homes, found: _Found) -> None:
    async with AsyncExitStack() as away_leaves:
        async with homes.start_house() as house:
            away = await away_leaves.enter_async_context(homes.start_away())
            before = house.resident(), away.resident()
            found.ran[BOTH].append(await homes.pair(house, away).run())
            found.grown_house.append((house.resident() - before[0]) / MIB)
            found.grown_away.append((away.resident() - before[1]) / MIB)
        async with homes.start_house() as house:
            found.ran[HOUSE].append(await homes.pair(house, away).run())
            await away_leaves.aclose()
            async with homes.start_away() as away:
                found.ran[AWAY].append(await homes.pair(house, away).run())


async def _probed(homes: Homes, found: _Found) -> None:
    async with homes.start_house() as house, homes.start_away() as away:
        async with asking_status(house) as theirs, asking_status(away) as ours:
            await homes.pair(house, away).run()
        found.status_house += theirs
        found.status_away += ours


def _rows(work: str, side: str, ran: Sequence[Ran], most: float | None) -> list[Row]:
    seconds = [one.seconds for one in ran]
    house = [one.cpu_house for one in ran]
    away = [one.cpu_away for one in ran]
    moved = [one.finding for one in ran]
    requests = [one.requests for one in ran]
    return [
        Row(work=work, side=side, runs=seconds, unit="s", most=most),
        Row(work=work, side=f"{side}, CPU house", runs=house, unit="s"),
        Row(work=work, side=f"{side}, CPU away", runs=away, unit="s"),
        Row(work=work, side=side, runs=moved, unit="bytes"),
        Row(work=work, side=side, runs=requests, unit="requests"),
    ]
