"""Small requests from one process, and connections that do nothing. Part of `ingest`.

The two requests that peers make most often: is anybody there, and is your list still
the one that I know. A core is a second of the server's CPU time: the process that asks
has the other one.
"""

import resource
import socket
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from tests.bench.documents import Documents
from tests.bench.esd_process import EsdProcess, esd_process
from tests.bench.results import Row
from tests.bench.wire import (
    ask,
    close,
    connect,
    documents_path,
    request,
    requests_per_second,
)

SECONDS = 3.0
LINES = 8  # connections, each with one request under way
IDLE = 1_000  # connections
FILES = 4_096  # that this process and esd may have open
A_CORE = 5_000.0  # requests a second
MIB = 1 << 20
WORK = "small requests"


async def measure(documents: Documents, work: Path) -> list[Row]:
    """Requests a second, and what idle connections cost."""
    _allow_files()
    with TemporaryDirectory(dir=work) as temporary:
        async with esd_process(Path(temporary), documents.workspace) as esd:
            path = documents_path(documents.workspace)
            with connect(esd.port) as line:
                ask(line, request("POST", path, documents.body))
                unchanged = f"If-None-Match: {_etag(line, path)}\r\n"
            rows = await _rates(esd, "GET /healthz", request("GET", "/healthz"))
            asked = request("GET", path, more=unchanged)
            rows += await _rates(esd, "304 to a known list", asked)
            return rows + _idle(esd)


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))


def _etag(line: socket.socket, path: str) -> str:
    """Of whatever list it holds: `*` matches any, so the list itself stays there."""
    head = ask(line, request("GET", path, more="If-None-Match: *\r\n")).decode()
    return next(
        text.partition(":")[2].strip()
        for text in head.split("\r\n")
        if text.lower().startswith("etag:")
    )


async def _rates(esd: EsdProcess, side: str, asked: bytes) -> list[Row]:
    ask_on = partial(requests_per_second, esd.port, asked, seconds=SECONDS, lines=LINES)
    cpu = esd.cpu_seconds()
    answers, passed = await trio.to_thread.run_sync(ask_on)
    spent = esd.cpu_seconds() - cpu
    return [
        Row(work=WORK, side=side, runs=[answers / passed], unit="requests/s"),
        Row(
            work=WORK,
            side=side,
            runs=[answers / spent],
            unit="requests/s a core",
            least=A_CORE,
        ),
    ]


def _idle(esd: EsdProcess) -> list[Row]:
    """Open many, see that one more is answered, and that all are still there."""
    before = esd.resident()
    lines = [connect(esd.port) for _ in range(IDLE)]
    with connect(esd.port) as line:
        begun = time.perf_counter()
        ask(line, request("GET", "/healthz"))
        answered = (time.perf_counter() - begun) * 1000
    grown = esd.resident() - before
    asked = request("GET", "/healthz")
    held = sum(ask(line, asked).startswith(b"HTTP/1.1 200") for line in lines)
    close(lines)
    work = f"{IDLE:,} idle connections"
    return [
        Row(work=work, side="held", runs=[held], unit="connections", least=IDLE),
        Row(work=work, side="one more is answered", runs=[answered], unit="ms"),
        Row(work=work, side="memory", runs=[grown / MIB], unit="MiB"),
    ]
