"""The daemon with meters, as a program: `python -m tests.bench.metered FILE`.

It is the daemon that `esd run` runs, and beside it a task that measures how late the
event loop is. It does what a line of JSON on its stdin tells it, and answers each with
one on stdout:

    {"do": "sync"}      a run with its only peer: how long it took and what it moved
    {"do": "lateness"}  how late the loop was since this was last asked, in ms, sorted

The end of its stdin is its end.
"""

import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import trio

from esd.config import read_config
from esd.daemon import Daemon, open_daemon

PEER = "other"  # the name of the only peer in the configuration
TICK = 0.005  # seconds between two looks at the clock


@dataclass(slots=True)
class Lateness:
    """How much later than asked for the loop came back to a task that slept."""

    late: list[float] = field(default_factory=list)

    async def measure(self) -> None:
        while True:
            due = trio.current_time() + TICK
            await trio.sleep_until(due)
            self.late.append((trio.current_time() - due) * 1000)

    def take(self) -> list[float]:
        late, self.late = sorted(self.late), []
        return late


async def main(file: Path) -> None:
    lateness = Lateness()
    with open_daemon(read_config(file)) as daemon:
        async with trio.open_nursery() as nursery:
            await nursery.start(daemon.run)
            nursery.start_soon(lateness.measure)
            async for line in _lines(trio.lowlevel.FdStream(os.dup(0))):
                answer = await _answer(json.loads(line)["do"], daemon, lateness)
                print(json.dumps(answer), flush=True)
            daemon.stop()
            nursery.cancel_scope.cancel()


async def _lines(stream: trio.lowlevel.FdStream) -> AsyncIterator[bytes]:
    """One line at a time: nobody asks twice without waiting for the answer."""
    async for line in stream:
        yield bytes(line)


async def _answer(command: str, daemon: Daemon, lateness: Lateness) -> object:
    return lateness.take() if command == "lateness" else await _sync(daemon)


async def _sync(daemon: Daemon) -> dict[str, float | str]:
    begun = trio.current_time()
    outcome = await daemon.peers.sync(PEER)
    passed = trio.current_time() - begun
    report = outcome.findings[-1].report
    return {
        "seconds": passed,
        "trouble": outcome.trouble,
        "accepted": report.pulled.accepted,
        "taken": report.taken,
        "requests": report.traffic.requests,
    }


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
