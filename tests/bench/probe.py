"""How long the operator waits for `status` while something else is under way."""

import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from tests.bench.esd_process import EsdProcess
from tests.bench.results import Row
from tests.bench.wire import ask

ASKED = b"GET /v1/status HTTP/1.1\r\nHost: esd\r\n\r\n"
PAUSE = 0.005  # seconds between two questions
P99 = 0.99
STATUS_TARGET = 20.0  # ms, p99


@asynccontextmanager
async def asking_status(esd: EsdProcess) -> AsyncIterator[list[float]]:
    """Ask over and over during the block; afterwards the list has the times in ms."""
    times: list[float] = []
    stopped = trio.Event()
    probe = partial(_probe, esd.socket, times, stopped)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, probe)
        yield times
        stopped.set()


def _probe(place: Path, times: list[float], stopped: trio.Event) -> None:
    """In a thread of its own, so that our loop's own lateness is not in the numbers."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(place))
        while not stopped.is_set():
            begun = time.perf_counter()
            assert ask(line, ASKED).startswith(b"HTTP/1.1 200")
            times.append((time.perf_counter() - begun) * 1000)
            time.sleep(PAUSE)


def status_rows(
    work: str, house: Sequence[float], away: Sequence[float], *, target: bool
) -> list[Row]:
    most = STATUS_TARGET if target else None
    return [
        Row(work=work, side=f"status of {name}, {kind}", runs=[ms], unit="ms", most=at)
        for name, times in (("house", house), ("away", away))
        for kind, ms, at in (
            (f"p99 of {len(times):,}", _p99(times), most),
            ("worst", max(times), None),
        )
    ]


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(P99 * (len(times) - 1))]
