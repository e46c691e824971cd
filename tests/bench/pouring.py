"""While very many documents pour in and out: memory, and whether the loop keeps time.

Part of `ingest`. The documents are ours, in pushes of a size that a pub would take; the
process is the daemon with a meter in its loop. Others' waiting is measured twice: how
late a task that slept comes back, and how long GET /healthz takes meanwhile.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from tests.bench.documents import WORKSPACE, made_by_us
from tests.bench.esd_process import EsdProcess, esd_process
from tests.bench.results import Row
from tests.bench.wire import ask, connect, documents_path, read_chunked, request

A_PUSH = 10_000  # documents
LATE_TARGET = 20.0  # ms, p99
MIB = 1 << 20
MEMORY_TARGET = 200.0  # MiB
FLAT = 10.0  # MiB more at the end than after the first push: caches, not documents
PROBE = 0.01  # seconds between two questions
P99 = 0.99


@dataclass(slots=True)
class Felt:
    """What others felt while something was under way: ms, sorted."""

    answers: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def rows(self, work: str) -> list[Row]:
        return [
            _late_row(work, "GET /healthz, p99", self.answers),
            _late_row(work, "loop late, p99", self.late),
        ]


def _late_row(work: str, side: str, times: Sequence[float]) -> Row:
    p99 = times[int(P99 * (len(times) - 1))]
    return Row(work=work, side=side, runs=[p99], unit="ms", most=LATE_TARGET)


async def measure(count: int, work: Path) -> list[Row]:
    """Rows for *count* documents in, and the same out again."""
    with TemporaryDirectory(dir=work) as temporary:
        folder = Path(temporary)
        pushes = _write_pushes(count, folder)
        async with esd_process(folder, WORKSPACE, metered=True) as esd:
            rows = await _pour_in(esd, pushes, f"{count:,} pour in")
            rows += await _pour_out(esd, f"{count:,} pour out")
    return rows


def _write_pushes(count: int, folder: Path) -> list[Path]:
    """Requests in files: the process that measures must not be full of documents."""
    files: list[Path] = []
    documents = made_by_us(count)
    while batch := list(islice(documents, A_PUSH)):
        body = b"[" + b",".join(batch) + b"]"
        file = folder / f"push-{len(files)}"
        file.write_bytes(request("POST", documents_path(WORKSPACE), body))
        files.append(file)
    return files


async def _pour_in(esd: EsdProcess, pushes: Sequence[Path], work: str) -> list[Row]:
    resident = [esd.resident()]
    begun = time.perf_counter()
    async with _felt(esd) as felt:
        with connect(esd.port) as line:
            for file in pushes:
                await trio.to_thread.run_sync(ask, line, file.read_bytes())
                resident.append(esd.resident())
    passed = time.perf_counter() - begun
    growth = resident[-1] - resident[1]
    return [
        Row(work=work, side="esd", runs=[passed], unit="s"),
        _memory_row(work, "resident before", resident[0]),
        _memory_row(work, "resident, most", esd.resident("VmHWM"), MEMORY_TARGET),
        _memory_row(work, "growth after the first push", growth, FLAT),
        *felt.rows(work),
    ]


async def _pour_out(esd: EsdProcess, work: str) -> list[Row]:
    """Twice: the first fills SQLite's cache, so the second shows if it is flat."""
    asked = request("GET", documents_path(WORKSPACE))
    with connect(esd.port) as line:
        await trio.to_thread.run_sync(read_chunked, line, asked)
        esd.forget_peak()
        before = esd.resident()
        async with _felt(esd) as felt:
            begun = time.perf_counter()
            came = await trio.to_thread.run_sync(read_chunked, line, asked)
            passed = time.perf_counter() - begun
    return [
        Row(work=work, side="esd", runs=[passed], unit="s"),
        Row(work=work, side="esd", runs=[came / passed / MIB], unit="MiB/s"),
        _memory_row(work, "resident, most", esd.resident("VmHWM"), MEMORY_TARGET),
        _memory_row(work, "growth", esd.resident("VmHWM") - before, FLAT),
        *felt.rows(work),
    ]


def _memory_row(work: str, side: str, size: float, most: float | None = None) -> Row:
    return Row(work=work, side=side, runs=[size / MIB], unit="MiB", most=most)


@asynccontextmanager
async def _felt(esd: EsdProcess) -> AsyncIterator[Felt]:
    """Ask GET /healthz over and over during the block; complete after it."""
    felt, stopped = Felt(), trio.Event()
    await esd.ask("lateness")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            partial(trio.to_thread.run_sync, _probe, esd.port, felt, stopped)
        )
        yield felt
        stopped.set()
    felt.answers.sort()
    felt.late = await esd.ask("lateness")


def _probe(port: int, felt: Felt, stopped: trio.Event) -> None:
    """In a thread of its own, so that our loop's own lateness is not in the numbers."""
    asked = request("GET", "/healthz")
    with connect(port) as line:
        while not stopped.is_set():
            begun = time.perf_counter()
            ask(line, asked)
            felt.answers.append((time.perf_counter() - begun) * 1000)
            time.sleep(PROBE)
