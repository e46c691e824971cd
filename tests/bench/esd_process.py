"""esd as a process of its own, beside the process that measures it.

It is up when it says READY=1, as it would to systemd. What it costs is the kernel's to
tell, so the meter is the same for every process.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

ROOT = Path(__file__).parents[2]
START_TIME = 30.0  # seconds
SYNC_TIME = 600.0
SCHEDULER_CLOCK = 2  # of a process; the number is part of what Linux promises
KIB = 1024
LOG, STATE, SOCKET = "log", "state", "socket"
PEER = "other"  # the name of the peer that is meant if none is named

CONFIG = """\
state_dir = "{state}"
[http]
listen = ["127.0.0.1:{port}"]
[control]
socket = "{socket}"
[limits]
connections = 1_200
[[workspace]]
address = "{workspace}"
alias = "bench"
"""
A_PEER = """\
[[peer]]
name = "{name}"
url = "{url}"
workspaces = ["bench"]
interval = "manual"
protocol = "{protocol}"
"""


ONE_PEER: Mapping[str, str] = {PEER: "auto"}


class RunFailed(Exception):
    """A run with a real peer went wrong; the text ends with what esd logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EsdProcess:
    """A running esd that serves on `port`."""

    process: trio.Process
    port: int
    log: Path
    socket: Path  # where it is controlled

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, command: str, **how: str | bool) -> Any:
        """Have the metered program do something; see metered.py."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = json.dumps({"do": command, **how}).encode() + b"\n"
        await self.process.stdin.send_all(line)
        heard = bytearray()
        with trio.fail_after(SYNC_TIME):
            while not heard.endswith(b"\n"):
                chunk = await self.process.stdout.receive_some()
                assert chunk, "it ended"
                heard += chunk
        return json.loads(heard)

    async def sync(self, peer: str = PEER, *, dry: bool = False) -> dict[str, Any]:
        """One run with its peer, which must go well."""
        done: dict[str, Any] = await self.ask("sync", peer=peer, dry=dry)
        if done["trouble"]:
            raise RunFailed(f"{done['trouble']}: {self.log.read_text()[-2_000:]}")
        return done

    def cpu_seconds(self) -> float:
        """Of all its threads, since it began; to the nanosecond, unlike /proc."""
        return time.clock_gettime(~self.process.pid << 3 | SCHEDULER_CLOCK)

    def resident(self, field: str = "VmRSS") -> int:
        """Bytes; `VmHWM` is the most since it began or since `forget_peak`."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * KIB
        raise LookupError(field)

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@asynccontextmanager
async def esd_process(
    folder: Path,
    workspace: str,
    *,
    peer_url: str = "",
    peers: Mapping[str, str] = ONE_PEER,
    metered: bool = False,
) -> AsyncIterator[EsdProcess]:
    """Run esd over the state in *folder*, which stays: as it is, or with meters.

    *peers* are protocols by name, all at the one url if there is one.
    """
    port, controlled = _free_port(), folder / SOCKET
    file = folder / "esd.toml"
    config = CONFIG.format(
        state=folder / STATE, port=port, socket=controlled, workspace=workspace
    )
    for name, protocol in peers.items() if peer_url else ():
        config += A_PEER.format(name=name, url=peer_url, protocol=protocol)
    file.write_text(config)
    program = ["tests.bench.metered"] if metered else ["esd", "run", "--config"]
    process = await _ready([sys.executable, "-m", *program, str(file)], folder)
    try:
        yield EsdProcess(
            process=process, port=port, log=folder / LOG, socket=controlled
        )
    finally:
        with trio.CancelScope(shield=True):
            await _end(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def _ready(command: Sequence[str], folder: Path) -> trio.Process:
    """Start it, and wait for its READY=1."""
    name = folder / "notify"
    name.unlink(missing_ok=True)
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        await told.bind(str(name))
        process = await trio.lowlevel.open_process(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / LOG).open("ab"),
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(name)},
        )
        with trio.fail_after(START_TIME):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_wait_ready, told, nursery.cancel_scope)
                await process.wait()
                nursery.cancel_scope.cancel()
    if process.returncode is not None:
        raise RunFailed(f"it ended: {(folder / LOG).read_text()[-2_000:]}")
    return process


async def _wait_ready(told: trio.socket.SocketType, until: trio.CancelScope) -> None:
    while b"READY=1" not in await told.recv(4 * KIB):
        pass
    until.cancel()


async def _end(process: trio.Process) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdin.aclose()
    with trio.move_on_after(START_TIME):
        await process.wait()
    process.kill()
    await process.wait()
    await process.stdout.aclose()
