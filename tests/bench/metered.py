"""The daemon with meters, as a program: `python -m tests.bench.metered FILE`.

It is the daemon that `esd run` runs, and beside it a task that measures how late the
event loop is. It does what a line of JSON on its stdin tells it, and answers each with
one on stdout:

    {"do": "sync", "peer": NAME, "dry": false}
                        a run with that peer: how long it took and what it moved
    {"do": "lateness"}  how late the loop was since this was last asked, in ms, sorted

The peer called `hashes` is one that does not know level 3, as far as we can see. The
end of its stdin is its end.
"""

import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import trio

from esd.config import read_config
from esd.daemon import Daemon, connect_over_http, open_daemon
from esd.sync import Client, PeerSettings, RunLimits

HASHES = "hashes"  # the name of the peer that is heard to speak no more than level 2
TICK = 0.005  # seconds between two looks at the clock


@dataclass(slots=True)
class Lateness:
    """How much later than asked for the loop came back to a task that slept.

    To measure it costs 5 % of a core, so it begins when it is first asked for.
    """

    late: list[float] = field(default_factory=list)
    is_measured: bool = False

    async def measure(self, task_status: trio.TaskStatus[None]) -> None:
        self.is_measured = True
        task_status.started()
        while True:
            due = trio.current_time() + TICK
            await trio.sleep_until(due)
            self.late.append((trio.current_time() - due) * 1000)

    def take(self) -> list[float]:
        late, self.late = sorted(self.late), []
        return late


class _NoLevel3(httpx.AsyncBaseTransport):
    """The real wire, on which every hello comes without that level."""

    def __init__(self) -> None:
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._http.handle_async_request(request)
        if not request.url.path.endswith("/hello"):
            return response
        hello = json.loads(await response.aread())
        await response.aclose()
        hello["levels"].remove("reconcile")
        body = httpx.ByteStream(json.dumps(hello).encode())
        return httpx.Response(response.status_code, stream=body)

    async def aclose(self) -> None:
        await self._http.aclose()


def _connect(peer: PeerSettings, limits: RunLimits) -> Client:
    if peer.name == HASHES:
        return Client(peer.url, limits, transport=_NoLevel3())
    return connect_over_http(peer, limits)


async def main(file: Path) -> None:
    lateness = Lateness()
    with open_daemon(read_config(file), connect=_connect) as daemon:
        async with trio.open_nursery() as nursery:
            await nursery.start(daemon.run)
            async for line in _lines(trio.lowlevel.FdStream(os.dup(0))):
                asked = json.loads(line)
                if asked["do"] == "lateness" and not lateness.is_measured:
                    await nursery.start(lateness.measure)
                answer = await _answer(asked, daemon, lateness)
                print(json.dumps(answer), flush=True)
            daemon.stop()
            nursery.cancel_scope.cancel()


async def _lines(stream: trio.lowlevel.FdStream) -> AsyncIterator[bytes]:
    """One line at a time: nobody asks twice without waiting for the answer."""
    async for line in stream:
        yield bytes(line)


async def _answer(asked: dict[str, Any], daemon: Daemon, lateness: Lateness) -> object:
    if asked["do"] == "lateness":
        return lateness.take()
    return await _sync(daemon, asked["peer"], dry=asked["dry"])


async def _sync(
    daemon: Daemon, peer: str, *, dry: bool
) -> dict[str, float | str | bool]:
    begun = trio.current_time()
    outcome, _ = daemon.peers.start(peer, dry=dry)
    await outcome.wait()
    passed = trio.current_time() - begun
    report = outcome.findings[-1].report
    return {
        "seconds": passed,
        "trouble": outcome.trouble,
        "level": report.level,
        "rounds": report.rounds,
        "to_pull": report.to_pull,
        "to_push": report.to_push,
        "accepted": report.pulled.accepted,
        "taken": report.taken,
        "requests": report.traffic.requests,
    }


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
