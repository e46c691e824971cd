"""The program `esd` as a process: started as a service, spoken to, ended by its pid.

It is told where to listen by a configuration file, and tells when it is ready as it
tells systemd: by a datagram to a socket of ours. What it says on stderr goes to a file,
so that nobody must keep reading it.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import trio

START_TIME = 60.0  # seconds; it takes one, under strace some more
END_TIME = 60.0

LISTENING = re.compile(r"listening on (127\.0\.0\.1:(\d+))")


class EsdFailed(Exception):
    """It died or would not start; the text is what it said."""


def config_text(
    state: Path,
    workspaces: Sequence[str],
    peers: Mapping[str, str] = MappingProxyType({}),
    **http: str,
) -> str:
    """A configuration file: a free port of loopback, the workspaces as w0, w1…

    All peers (name to URL) share all of them, and run each second.
    """
    lines = [f'state_dir = "{state}"', "[http]", 'listen = ["127.0.0.1:0"]']
    lines += [f'{name} = "{value}"' for name, value in http.items()]
    for number, address in enumerate(workspaces):
        lines += ["[[workspace]]", f'address = "{address}"', f'alias = "w{number}"']
    aliases = [f"w{number}" for number in range(len(workspaces))]
    for name, url in peers.items():
        lines += ["[[peer]]", f'name = "{name}"', f'url = "{url}"', 'interval = "1s"']
        lines += [f"workspaces = {aliases}"]
    return "\n".join(lines) + "\n"


@dataclass(slots=True)
class RunningEsd:
    """A process that is ready. `told` is what it has told systemd so far."""

    process: trio.Process
    said: Path
    told: list[str]
    notify: trio.socket.SocketType
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> Path:
        return self.said.with_name("control.sock")

    @property
    def log(self) -> str:
        return self.said.read_text()

    async def hear(self) -> str:
        """The next thing it tells systemd."""
        heard = (await self.notify.recv(4096)).decode()
        self.told.append(heard)
        return heard

    async def wait_ready(self) -> None:
        """Wait for READY=1, or raise EsdFailed when it ends before."""
        async with trio.open_nursery() as first:

            async def until_ready() -> None:
                while "READY=1" not in await self.hear():
                    pass
                first.cancel_scope.cancel()

            async def until_ended() -> None:
                await self.process.wait()
                first.cancel_scope.cancel()

            first.start_soon(until_ready)
            first.start_soon(until_ended)
            first.cancel_scope.deadline = trio.current_time() + START_TIME
        match = LISTENING.search(self.log)
        if match is None:
            raise EsdFailed(self.log)
        self.port = int(match[2])

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has ended."""
        with trio.fail_after(END_TIME):
            return await self.process.wait()

    async def kill(self) -> None:
        """End it as a power cut would, but for what the kernel still writes."""
        self.process.kill()
        await self.process.wait()


@contextmanager
def notify_socket(folder: Path) -> Iterator[trio.socket.SocketType]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(folder / "notify"))
        yield trio.socket.from_stdlib_socket(sock)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "NOTIFY_SOCKET": str(folder / "notify"),
        "ESD_SOCKET": str(folder / "control.sock"),
    }


@asynccontextmanager
async def started_esd(
    text: str, *arguments: str, under: Sequence[str] = ()
) -> AsyncIterator[RunningEsd]:
    """Run `esd run` with that configuration; it is gone after the block.

    *under* is a program that runs it, whose process becomes it.
    """
    with (
        TemporaryDirectory(prefix="esd-") as name,  # a socket's path must be short
        notify_socket(folder := Path(name)) as notify,
    ):
        (folder / "esd.toml").touch(mode=0o600)  # it holds addresses, which are keys
        (folder / "esd.toml").write_text(text)
        esd = [sys.executable, "-m", "esd", "run", "--config", str(folder / "esd.toml")]
        said = folder / "said"
        with said.open("wb") as into:
            process = await trio.lowlevel.open_process(
                [*under, *esd, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=into,
                stderr=into,
                env=os.environ | _environment(folder),
            )
        running = RunningEsd(process, said, [], notify)
        try:
            yield running
        finally:
            with trio.CancelScope(shield=True):
                await running.kill()


@asynccontextmanager
async def running_esd(
    text: str, *arguments: str, under: Sequence[str] = ()
) -> AsyncIterator[RunningEsd]:
    """As `started_esd`; the block begins when it is ready, and ends with its stop."""
    async with started_esd(text, *arguments, under=under) as running:
        await running.wait_ready()
        yield running
        if running.process.poll() is None:
            running.tell(signal.SIGTERM)
            assert await running.ended() == 0, running.log
