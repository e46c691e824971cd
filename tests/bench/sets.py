"""What it costs two sets to find what differs, and what the index of a side costs.

Part of `reconcile`, without documents, processes and HTTP: what the whole thing costs
when all of that is taken off. Sets of 10,000, 100,000 and a million items, of which
none to 1,000 differ, the newest or any; half of it is ours alone, half theirs. Bytes
and rounds of the messages alone, by our splitting and by the reference's. The seconds
are of processor time, each side's own, with an index that is warm: built, and added up
once since it last changed.
"""

import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from esd.reconcile import OURS, REFERENCE, Initiator, Items, Responder, key_of
from tests.bench.results import Row

P = ParamSpec("P")
T = TypeVar("T")

SIZES = (10_000, 100_000, 1_000_000)
DIFFERENT = (0, 1, 10, 100, 1_000)
SPLITTINGS = {"ours": OURS, "16/32": REFERENCE}
CHANGES = 10_000  # single inserts and removes that are timed

SPAN = 94_608_000_000_000  # three years of µs
BEGIN = 1_577_836_800_000_000  # 2020
SECOND = 1_000_000

INDEX_BYTES = 50e6  # at a million items, as the other two
BUILD_SECONDS = 1.5
CPU_MS = 50

# At a million items: rounds and bytes at most, by how many differ and where.
AT_MOST = {
    (0, "none"): (1, 1_600),
    (100, "newest"): (2, 6_000),
    (100, "anywhere"): (3, 90_000),
}


def measure(size: int, runs: int) -> list[Row]:
    """Rows for sets of *size* items."""
    items, rows = _measure_index(size, runs)
    for count in DIFFERENT:
        for where in ("newest", "anywhere") if count else ("none",):
            sides = _differing(items, count, where)
            for name in SPLITTINGS:
                rows += _measure_finding(size, count, where, name, sides, runs)
    return rows


# The index...


def _measure_index(size: int, runs: int) -> tuple[Items, list[Row]]:
    work, million = f"index of {size:,}", size == SIZES[-1]
    # The keys come one by one, as they would from a scan, whose own time is taken off.
    scanning = [_seconds(lambda: sum(map(len, _keys(size)))) for _ in range(runs)]
    building = [
        _seconds(lambda: len(Items(_keys(size)))) - min(scanning) for _ in range(runs)
    ]
    tracemalloc.start()
    items = Items(_keys(size))
    len(items)
    (kept, _peak) = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    inserting, removing = _measure_changes(items, runs)
    return items, [
        _row(work, "build", building, "s", BUILD_SECONDS if million else None),
        _row(work, "memory", [kept], "bytes", INDEX_BYTES if million else None),
        _row(work, "insert", inserting, "µs"),
        _row(work, "remove", removing, "µs"),
    ]


def _measure_changes(items: Items, runs: int) -> tuple[list[float], list[float]]:
    keys = _anywhere(CHANGES, random.Random(4))
    inserting, removing = [], []
    for _ in range(runs):
        inserting.append(_seconds(lambda: [items.insert(key) for key in keys]))
        removing.append(_seconds(lambda: [items.remove(key) for key in keys]))
    each = 1e6 / CHANGES
    return [s * each for s in inserting], [s * each for s in removing]


def _keys(size: int) -> Iterator[bytes]:
    """Keys in order, spread by chance over three years; the same each time."""
    chance = random.Random(size)
    gap = SPAN // size
    for start in range(BEGIN, BEGIN + gap * size, gap):
        yield key_of(start + chance.randrange(gap), chance.randbytes(32))


# Finding what differs...


@dataclass
class Found:
    """One whole reconciliation: what was said, and each side's processor time."""

    rounds: int = 0
    size: int = 0
    asking: float = 0
    answering: float = 0
    longest: float = 0
    different: int = 0


def _measure_finding(
    size: int,
    count: int,
    where: str,
    name: str,
    sides: tuple[Items, Items],
    runs: int,
) -> list[Row]:
    work = f"{size:,} items, {count:,} differ" + (f", {where}" if count else "")
    _reconcile(*sides, name)  # adds up both indexes
    found = [_reconcile(*sides, name) for _ in range(runs)]
    assert found[0].different == count
    targets = AT_MOST.get((count, where)) if size == SIZES[-1] else None
    rounds, most = targets if targets and name == "ours" else (None, None)
    cpu = CPU_MS if rounds else None
    return [
        _row(work, name, [found[0].rounds], "rounds", rounds),
        _row(work, name, [found[0].size], "bytes", most),
        _row(work, f"{name}, asking", [1000 * f.asking for f in found], "ms", cpu),
        _row(
            work, f"{name}, answering", [1000 * f.answering for f in found], "ms", cpu
        ),
        _row(work, f"{name}, longest", [1000 * f.longest for f in found], "ms"),
    ]


def _reconcile(ours: Items, theirs: Items, name: str) -> Found:
    splitting = SPLITTINGS[name]
    initiator, responder = (
        Initiator(splitting=splitting),
        Responder(splitting=splitting),
    )
    found, different = Found(), set[bytes]()
    gc.collect()
    said: bytes | None
    said, found.asking = _timed(initiator.initiate, ours)
    while said is not None:
        answer, answering = _timed(responder.respond, theirs, said)
        step, asking = _timed(initiator.reconcile, ours, answer)
        found.rounds += 1
        found.size += len(said) + len(answer)
        found.asking += asking
        found.answering += answering
        found.longest = max(found.longest, asking, answering)
        different.update(step.have, step.need)
        said = step.message
    found.different = len(different)
    return found


def _differing(items: Items, count: int, where: str) -> tuple[Items, Items]:
    chance = random.Random(f"{count} differ")
    keys = {"newest": _newest, "anywhere": _anywhere}.get(where, _anywhere)(
        count, chance
    )
    return (
        items.shown(useless=keys[1::2], refused=[]),
        items.shown(useless=keys[::2], refused=[]),
    )


def _newest(count: int, chance: random.Random) -> list[bytes]:
    after = range(BEGIN + SPAN, BEGIN + SPAN + count * SECOND, SECOND)
    return [key_of(timestamp, chance.randbytes(32)) for timestamp in after]


def _anywhere(count: int, chance: random.Random) -> list[bytes]:
    return [
        key_of(BEGIN + chance.randrange(SPAN), chance.randbytes(32))
        for _ in range(count)
    ]


def _timed(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    begun = time.process_time()
    result = call(*args, **kwargs)
    return result, time.process_time() - begun


def _seconds(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def _row(
    work: str,
    side: str,
    runs: Sequence[float],
    unit: str,
    most: float | None = None,
) -> Row:
    return Row(work=work, side=side, runs=runs, unit=unit, most=most)
