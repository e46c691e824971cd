"""`reconcile`: two sides that hold nearly the same find out what differs.

First two sets of items alone (sets), then the whole thing: two esds, each a process,
with the same very many documents in their files, and HTTP between them (starting,
finding). By sizes, and by how many documents differ and where.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from tests.bench import sets, starting
from tests.bench.finding import MOST_EASY, Finding, easy_each
from tests.bench.ledger import run_ledger
from tests.bench.pair import Homes
from tests.bench.results import Row
from tests.bench.unsigned import SPAN, fill_both

SIZES = (10_000, 100_000, 1_000_000)
HOUR = 3_600_000_000  # µs


async def measure(documents: int, runs: int, folder: Path) -> list[Row]:
    """Rows for each size up to that many (for that many, if there is none)."""
    sizes = [size for size in SIZES if size <= documents] or [documents]
    rows = [row for size in sizes for row in sets.measure(size, runs)]
    each = None
    for size in sizes:
        with TemporaryDirectory(dir=folder, prefix="reconcile-") as temporary:
            found = await _whole(size, runs, Path(temporary), each)
        each = easy_each(found, size) if size <= MOST_EASY else each
        rows += found
    return rows


async def _whole(size: int, runs: int, folder: Path, each: float | None) -> list[Row]:
    begin = time.time_ns() // 1000 - HOUR - SPAN
    async with trio.open_nursery() as nursery:
        homes = Homes(folder, await nursery.start(run_ledger))
        fill_both(size, homes.house, homes.away, begin)
        rows = await starting.measure(homes, size, runs)
        async with homes.start_house() as house, homes.start_away() as away:
            pair = homes.pair(house, away)
            finding = Finding(
                pair=pair, size=size, begin=begin, runs=runs, easy_each=each
            )
            rows += await finding.measure()
        nursery.cancel_scope.cancel()
    return rows
