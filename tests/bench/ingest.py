"""`ingest`: what taking in new documents costs, and whether others notice.

libsodium's own work, verifying each signature once, cannot be avoided: it is measured
alone (past nacl's wrappers, which cost something too), in the same minute and on the
same documents, and what we cost is what comes on top. Everything is durable on disk.
The documents come in three times: into a replica on one core, with no thread but our
own; into a replica with the daemon's threads; and as a POST over a socket into the
program `esd run`.

CPU is compared with libsodium's on the same number of cores: a core beside a busy one
takes longer for everything.
"""

import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec
import trio
from nacl._sodium import ffi, lib  # type: ignore[import-not-found]

from esd.formats import WorkspaceAddress
from esd.formats.encoding import decode_base32, encode_hash
from esd.formats.es4 import Es4Document, document_hash
from esd.formats.keys import author_key
from esd.replica import IN_FLIGHT_IN_ALL, Bounds, Intake, Replica, Run, inline, take_in
from esd.store import create_replica_file
from tests.bench import pouring, serving
from tests.bench.documents import Documents, made_by_earthstar
from tests.bench.esd_process import esd_process
from tests.bench.results import Row
from tests.bench.wire import ask, connect, documents_path, request

T = TypeVar("T")
MICRO = 1_000_000
PIECE = 64 * 1024  # bytes, as they come off a socket
CPU_TARGET = 22.0  # µs a document besides its signature
SHARE_TARGET = 60.0  # % of what libsodium alone verifies
THREADS = 4  # as the daemon has


SODIUM = "libsodium alone"
ONE_CORE, REPLICA, POST = "replica, one core", "replica, threads", "POST to esd run"


@dataclass(frozen=True, slots=True)
class Taken:
    """Documents taken in, or only verified: us of CPU each, and how many a second."""

    cpu: float
    rate: float

    def __sub__(self, alone: "Taken") -> "Taken":
        """The CPU besides what libsodium needs alone; the rate stays."""
        return Taken(self.cpu - alone.cpu, self.rate)


async def measure(count: int, runs: int, folder: Path) -> list[Row]:
    """All rows of this benchmark."""
    documents = await made_by_earthstar(count, folder)
    signed = [_signed(wire) for wire in documents.wire]
    alone: list[Taken] = []
    taken: dict[str, list[Taken]] = {ONE_CORE: [], REPLICA: [], POST: []}
    with TemporaryDirectory(dir=folder, prefix="ingest-") as temporary:
        work = Path(temporary)
        for _ in range(runs):
            besides = _alone([signed])
            taken[ONE_CORE].append((await _direct(documents, work, inline)) - besides)
            alone.append(_alone([signed[0::2], signed[1::2]]))
            direct = await _direct(documents, work, _in_threads())
            taken[REPLICA].append(direct - alone[-1])
            taken[POST].append((await _posted(documents, work)) - alone[-1])
        rows = _rows(count, alone, taken)
        rows += await pouring.measure(10 * count, work)
        rows += await serving.measure(documents, work)
    return rows


def _rows(
    count: int, alone: Sequence[Taken], taken: Mapping[str, Sequence[Taken]]
) -> list[Row]:
    rows = [
        _row(count, SODIUM, [one.cpu for one in alone], "us CPU/doc"),
        _row(count, SODIUM, [one.rate for one in alone], "docs/s"),
    ]
    for side, ours in taken.items():
        cpu = [one.cpu for one in ours]
        rows.append(_row(count, side, cpu, "us CPU/doc besides", most=CPU_TARGET))
        if side != ONE_CORE:
            rates = [one.rate for one in ours]
            shares = [
                100 * one.rate / sodium.rate
                for one, sodium in zip(ours, alone, strict=True)
            ]
            rows += [
                _row(count, side, rates, "docs/s"),
                _row(count, side, shares, "% of libsodium", least=SHARE_TARGET),
            ]
    return rows


def _row(
    count: int,
    side: str,
    runs: Sequence[float],
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Row:
    work = f"ingest of {count:,}"
    return Row(work=work, side=side, runs=runs, unit=unit, least=least, most=most)


# libsodium by itself...

Signed = tuple[bytes, bytes]
"""A signature in front of what it signs, as libsodium takes it, and the key."""


def _signed(wire: bytes) -> Signed:
    document = msgspec.json.decode(wire, type=Es4Document)
    key = author_key(document.author)
    assert key is not None
    text = encode_hash(document_hash(document))
    return decode_base32(document.signature) + text, key


def _verify(signed: Sequence[Signed]) -> None:
    message, size = ffi.new("unsigned char[]", 256), ffi.new("unsigned long long *")
    for text, key in signed:
        assert lib.crypto_sign_open(message, size, text, len(text), key) == 0


def _alone(shares: Sequence[Sequence[Signed]]) -> Taken:
    """Each share in a thread of its own."""
    threads = [threading.Thread(target=_verify, args=(share,)) for share in shares]
    count = sum(map(len, shares))
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed, spent = time.perf_counter() - begun, time.process_time() - cpu
    return Taken(MICRO * spent / count, count / passed)


# Straight into a replica...


async def _direct(documents: Documents, work: Path, run: Run) -> Taken:
    body, workspace = documents.body, WorkspaceAddress.parse(documents.workspace)
    with TemporaryDirectory(dir=work) as temporary:
        file = create_replica_file(Path(temporary) / "ws-bench.db", workspace)
        replica = Replica(file, Bounds(), run)
        slots = trio.CapacityLimiter(IN_FLIGHT_IN_ALL)
        intake = Intake(replica, origin="*", now=time.time_ns() // 1000, slots=slots)
        begun, cpu = time.perf_counter(), time.process_time()
        tally = await take_in(intake, _pieces(body))
        passed, spent = time.perf_counter() - begun, time.process_time() - cpu
        assert tally.accepted == len(documents), tally
        replica.close()
    return Taken(MICRO * spent / len(documents), len(documents) / passed)


def _in_threads() -> Run:
    limiter = trio.CapacityLimiter(THREADS)

    async def run(call: Callable[[], T], /) -> T:
        return await trio.to_thread.run_sync(call, limiter=limiter)

    return run


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]
        await trio.lowlevel.checkpoint()


# As POSTs...


async def _posted(documents: Documents, work: Path) -> Taken:
    post = request("POST", documents_path(documents.workspace), documents.body)
    with TemporaryDirectory(dir=work) as temporary:
        async with esd_process(Path(temporary), documents.workspace) as esd:
            cpu = esd.cpu_seconds()
            begun = time.perf_counter()
            with connect(esd.port) as line:
                answer = await trio.to_thread.run_sync(ask, line, post)
            passed, spent = time.perf_counter() - begun, esd.cpu_seconds() - cpu
            assert f'"numIngested":{len(documents)}'.encode() in answer, answer
    return Taken(MICRO * spent / len(documents), len(documents) / passed)
