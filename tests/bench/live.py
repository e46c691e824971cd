"""`live`: how long a write takes to the other side of a stream, one after the other.

Each is timed from before it is handed in (by a push to the far side, or signed and
written on ours) to when the other side has it on disk, or shows it on its own stream.
The far side is a process of its own: an esd, or a real earthstar-pub.

What is written there comes over the stream. What is written here is pushed: at once
after half a second of quiet, and otherwise when there has been as much, so that a burst
makes few pushes. Hence the two rows of each, with and without a pause between writes.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import trio

from esd.daemon import wall_clock
from esd.formats import keypair_from_seed
from esd.sync.rhythm import Rhythm
from tests.bench.documents import WORKSPACE, made_by_us
from tests.bench.esd_process import esd_process
from tests.bench.results import Row
from tests.daemons import Running, a_config, a_peer, start_daemon
from tests.peers.real import real_pub

WRITES, QUICK_WRITES = 200, 20
PAUSE = 0.6  # seconds; the quiet after which a write goes at once, and some
TARGET = 100.0  # ms
ESD, PUB = "esd", "earthstar-pub 6"
STREAM = f"/earthstar-api/v1/{WORKSPACE}/stream"
LIST = f"/earthstar-api/v1/{WORKSPACE}/documents"
PATIENCE = 30.0  # seconds; after that something is wrong
SUZY = keypair_from_seed("suzy", bytes(32))

Write = Callable[[int], Awaitable[None]]
"""Hand in a write by its number; returns once the other side has it."""


async def measure(_count: int, runs: int, folder: Path) -> list[Row]:
    """All rows of this benchmark."""
    writes = WRITES if runs > 1 else QUICK_WRITES
    rows = []
    for side in (ESD, PUB):
        async with _beside(side, folder) as pair:
            for work, write in (
                ("there to here", pair.in_),
                ("here to there", pair.out),
            ):
                for pause in (PAUSE, 0.0):
                    times = await _times(write, writes, pause)
                    is_pushed_late = write == pair.out and not pause
                    target = None if is_pushed_late else TARGET
                    paused = "paused" if pause else "one after the other"
                    rows += _rows(f"{work}, {paused}", side, times, target)
    return rows


def _rows(
    work: str, side: str, times: Sequence[float], target: float | None
) -> list[Row]:
    p99 = sorted(times)[ceil(0.99 * len(times)) - 1]
    return [
        Row(work=work, side=side, runs=times, unit="ms", most=target),
        Row(work=f"{work}: p99", side=side, runs=[p99], unit="ms"),
    ]


async def _times(write: Write, count: int, pause: float) -> list[float]:
    """Milliseconds of each."""
    times = []
    for number in range(count):
        await trio.sleep(pause)
        begun = trio.current_time()
        with trio.fail_after(PATIENCE):
            await write(number)
        times.append((trio.current_time() - begun) * 1000)
    return times


@asynccontextmanager
async def _far_side(side: str, folder: Path) -> AsyncIterator[str]:
    """Its url."""
    if side == PUB:
        async with real_pub() as pub:
            yield pub.url
    else:
        far = folder / "far"
        far.mkdir()
        async with esd_process(far, WORKSPACE) as esd:
            yield esd.url


@asynccontextmanager
async def _beside(side: str, folder: Path) -> AsyncIterator["_Pair"]:
    with TemporaryDirectory(dir=folder, prefix="live-") as temporary:
        work = Path(temporary)
        async with (
            _far_side(side, work) as url,
            trio.open_nursery() as nursery,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE) as http,
        ):
            peer = a_peer("far", url, WORKSPACE, live=True, rhythm=Rhythm())
            config = a_config(work / "here", [WORKSPACE], [peer])
            here = await start_daemon(nursery, config)
            await here.sync("far")
            await _live(here)
            async with http.stream("GET", STREAM) as answer:
                pieces = answer.aiter_raw()
                await anext(pieces)
                yield _Pair(here, http, pieces, list(made_by_us(4 * WRITES)))
            await here.stop()
            nursery.cancel_scope.cancel()


async def _live(here: Running) -> None:
    bell = here.daemon.events.bell
    with trio.fail_after(PATIENCE):
        while not here.daemon.peers["far"].streams.all_live:
            await bell.wait_after(bell.count)
        await here.daemon.peers.wait_idle()


@dataclass(slots=True)
class _Pair:
    """Both sides. `told` is what the far side's own stream says of what it has."""

    here: Running
    http: httpx.AsyncClient
    told: AsyncIterator[bytes]
    documents: list[bytes]
    written: int = 0

    async def in_(self, _number: int) -> None:
        """A write there, until it is on our disk."""
        replica = self.here.replica(WORKSPACE)
        rings = replica.bell.count
        body = b"[" + self.documents.pop() + b"]"
        json = {"Content-Type": "application/json"}
        answer = await self.http.post(LIST, content=body, headers=json)
        assert answer.status_code == 200, answer.status_code
        await replica.bell.wait_after(rings)

    async def out(self, _number: int) -> None:
        """A write here, until the far side shows it."""
        self.written += 1
        path = f"/here/{self.written}/end"
        await self.here.replica(WORKSPACE).write(SUZY, path, "x", now=wall_clock())
        seen = b""
        async for piece in self.told:
            seen = seen[-100:] + piece
            if path.encode() in seen:
                return
        raise AssertionError("the far side's stream has ended")
