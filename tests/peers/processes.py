"""A node program as a process of our own: started, spoken to, and surely ended.

No nursery is opened here: what a program says besides goes to a file without a name, so
nobody must keep reading it, and what a test raises passes through as it was. A program
that listens writes its port to a pipe (loopback.js): that is when it is up.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import trio

from tests.peers.installed import FOLDER, node

START_TIME = 120.0  # seconds; node needs 0.5, on a cold and loaded machine many more
ANSWER_TIME = 300.0  # seconds; the slowest work here, into SQLite, takes 20
STOP_TIME = 5.0  # seconds until a program that ignores SIGTERM is killed
CHUNK = 1024 * 1024  # bytes a read
TAIL = 2000  # bytes of a program's last words that an error quotes


class PeerFailed(Exception):
    """A real program died or would not start; the text ends with what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgram:
    """A running node program; *said* holds what it wrote where nobody reads along."""

    process: trio.Process
    said: IO[bytes]

    def failure(self, event: str) -> PeerFailed:
        size = self.said.seek(0, os.SEEK_END)
        self.said.seek(max(0, size - TAIL))
        words = self.said.read().decode(errors="replace")
        return PeerFailed(f"{event} (exit code {self.process.poll()}): {words}")

    async def tell(self, line: bytes) -> None:
        """Write to its stdin."""
        assert self.process.stdin is not None
        try:
            await self.process.stdin.send_all(line)
        except trio.BrokenResourceError as exc:
            raise self.failure("it does not listen to us") from exc

    async def hear_line(self) -> bytes:
        """Read one line of its stdout; it says nothing more until it is told to."""
        assert self.process.stdout is not None
        heard = bytearray()
        with trio.move_on_after(ANSWER_TIME):
            while chunk := await self.process.stdout.receive_some(CHUNK):
                heard += chunk
                if chunk.endswith(b"\n"):
                    return bytes(heard)
        raise self.failure(f"no answer, but {len(heard)} bytes of one")

    async def end(self) -> None:
        """Stop it politely, then surely; afterwards it is gone and reaped."""
        with trio.CancelScope(shield=True):
            with trio.move_on_after(STOP_TIME):
                self.process.terminate()
                await self.process.wait()
            await self.kill()

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.process.wait()


NodeServer = tuple[NodeProgram, int]
"""A program that listens, and its port."""


@contextmanager
def _pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    readable, writable = os.pipe()
    with open(readable, "rb") as out, open(writable, "wb") as into:
        yield out, into


@asynccontextmanager
async def node_server(arguments: Sequence[str]) -> AsyncIterator[NodeServer]:
    """Run a program that listens on loopback; give it and its port once it listens."""
    with _pipe() as (readable, writable), TemporaryFile() as said:
        try:
            process = await trio.lowlevel.open_process(
                [node(), "--require", str(FOLDER / "loopback.js"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=[writable.fileno()],
                env={**os.environ, "PEER_READY_FD": str(writable.fileno())},
            )
        finally:
            writable.close()  # so that its death is the end of the pipe
        program = NodeProgram(process=process, said=said)
        try:
            yield program, await _announced_port(program, readable)
        finally:
            await program.end()


async def _announced_port(program: NodeProgram, ready: IO[bytes]) -> int:
    with trio.move_on_after(START_TIME):
        await trio.lowlevel.wait_readable(ready)
        announced = ready.readline()
        if announced:
            return int(announced)
        await program.process.wait()
    raise program.failure("it did not begin to listen")


@asynccontextmanager
async def node_dialogue(arguments: Sequence[str]) -> AsyncIterator[NodeProgram]:
    """Run a program that is spoken to over its stdin and stdout."""
    with TemporaryFile() as said:
        process = await trio.lowlevel.open_process(
            [node(), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=FOLDER,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        program = NodeProgram(process=process, said=said)
        try:
            yield program
        finally:
            await program.end()
            await process.stdin.aclose()
            await process.stdout.aclose()
