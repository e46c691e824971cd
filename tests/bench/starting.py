"""The first run after a start: the sets are not there yet, and are read or made.

Part of `reconcile`. At the very first both sides make them from the rows, while others
ask for their status; then both save them, within a minute. From then on there are three
cases: both were just started; only the one that serves was; only the one that calls.
Nothing differs, so what it takes is the reading, on the side that has to, and what a
start forgets otherwise: who the other is.

What a process has grown by afterwards is the set and what making it left behind; the
set alone is measured in sets.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import trio

from tests.bench.finding import MILLION
from tests.bench.pair import Homes, Ran
from tests.bench.probe import asking_status, status_rows
from tests.bench.results import Row

MIB = 1 << 20
MOST_ROUNDS = 3  # six starts each, and some twenty seconds at a million documents
FIRST_TARGET = 1.5  # seconds

BOTH, HOUSE, AWAY = "both just started", "house just started", "away just started"
NEVER = "nothing saved yet"
LOOKS = 90  # one a second; they are saved within a minute


@dataclass(slots=True)
class _Found:
    ran: Mapping[str, list[Ran]] = field(
        default_factory=lambda: {NEVER: [], BOTH: [], HOUSE: [], AWAY: []}
    )
    grown_house: list[float] = field(default_factory=list)
    grown_away: list[float] = field(default_factory=list)
    status_house: list[float] = field(default_factory=list)
    status_away: list[float] = field(default_factory=list)


async def measure(homes: Homes, size: int, runs: int) -> list[Row]:
    """Rows for two that hold the same *size* documents."""
    found = _Found()
    await _first(homes, found)  # which also makes the keys that stay
    for _ in range(min(runs, MOST_ROUNDS)):
        await _round(homes, found)
    work = f"{size:,} documents, first run"
    million = size == MILLION
    rows = []
    for side, ran in found.ran.items():
        target = FIRST_TARGET if million and side != NEVER else None
        rows += _rows(work, side, ran, target)
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


async def _first(homes: Homes, found: _Found) -> None:
    async with homes.start_house() as house, homes.start_away() as away:
        async with asking_status(house) as theirs, asking_status(away) as ours:
            found.ran[NEVER].append(await homes.pair(house, away).run())
        found.status_house += theirs
        found.status_away += ours
        for _ in range(LOOKS):
            await trio.sleep(1)
            if all(any(home.rglob("ws-*.items")) for home in (homes.house, homes.away)):
                return
        raise AssertionError("the sets were not saved")


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
