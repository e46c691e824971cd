"""Chromium without a window, driven over a pipe: no port, no driver program.

It reads commands from its descriptor 3 and answers on 4 (the DevTools protocol: JSON,
each message ended by a NUL). One command is under way at a time, and whoever waits for
an answer keeps the events that come before it; so no task of ours must keep reading. A
page goes on by itself meanwhile.

One process serves a whole session of tests, which are a loop each: nothing here belongs
to a loop. Its tabs are used again, because a new one costs half a second of processor
time. What they share (a cache, remembered preflights) is kept by URL, and the servers
of each test have ports of their own.
"""

import json
import os
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import trio

from tests.browsers.installed import chromium_program

PATIENCE = 60.0  # seconds; it starts in one, on a cold and loaded machine in many more
STOP_TIME = 10.0  # seconds until a browser that ignores SIGTERM is killed
CHUNK = 1 << 20  # bytes a read
TAIL = 2000  # bytes of its last words that an error quotes

# Its own descriptors are those that a parent can give any program: 0 and 1.
ON_A_PIPE = ("sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >&2', "sh")

FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",  # which needs a user that is not root; it sees our own pages only
    "--disable-dev-shm-usage",  # bare containers have little of it, or none
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-extensions",
    "--disable-back-forward-cache",  # a page that was left is gone
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)


class ChromiumFailed(Exception):
    """It died, would not start or refused a command; or a page's script failed."""


@dataclass(slots=True)
class Chromium:
    """A running browser; *said* holds what it wrote where nobody reads along."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    events: deque[dict[str, Any]] = field(default_factory=deque)
    idle: list["Page"] = field(default_factory=list)
    _heard: bytearray = field(default_factory=bytearray)
    _commands: int = 0

    async def call(self, method: str, session: str = "", **parameters: Any) -> Any:
        """Give one command, to the browser itself or to the page of a session."""
        self._commands += 1
        command = {"id": self._commands, "method": method, "params": parameters}
        await self._send(command | ({"sessionId": session} if session else {}))
        while (message := await self._receive()).get("id") != command["id"]:
            self.events.append(message)
        if "error" in message:
            raise ChromiumFailed(f"{method}: {message['error']['message']}")
        return message["result"]

    async def permit(self, name: str, setting: str) -> None:
        """Decide as a user would whom a page asks: `granted` or `denied`, to all."""
        permission = {"name": name}
        await self.call("Browser.setPermission", permission=permission, setting=setting)

    async def event(self, method: str, session: str) -> Mapping[str, Any]:
        """The next event of that name which no one has taken yet."""
        passed: list[dict[str, Any]] = []
        try:
            while True:
                message = (
                    self.events.popleft() if self.events else await self._receive()
                )
                whose = message.get("method"), message.get("sessionId")
                if whose == (method, session):
                    parameters: Mapping[str, Any] = message["params"]
                    return parameters
                passed.append(message)
        finally:
            self.events.extendleft(reversed(passed))

    async def _send(self, command: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        unsent = json.dumps(command).encode() + b"\0"
        while unsent:
            await trio.lowlevel.wait_writable(self.process.stdin)
            try:
                unsent = unsent[os.write(self.process.stdin.fileno(), unsent) :]
            except BrokenPipeError as exc:
                raise self._failure("it does not listen to us") from exc

    async def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        while b"\0" not in self._heard:
            with trio.move_on_after(PATIENCE) as patience:
                await trio.lowlevel.wait_readable(self.process.stdout)
            if patience.cancelled_caught:
                raise self._failure("no answer")
            chunk = os.read(self.process.stdout.fileno(), CHUNK)
            if not chunk:
                raise self._failure("it is gone")
            self._heard += chunk
        text, _, self._heard = self._heard.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def _failure(self, event: str) -> ChromiumFailed:
        size = self.said.seek(0, os.SEEK_END)
        self.said.seek(max(0, size - TAIL))
        words = self.said.read().decode(errors="replace")
        return ChromiumFailed(f"{event} (exit code {self.process.poll()}): {words}")


@contextmanager
def running_chromium(*flags: str) -> Iterator[Chromium]:
    """Run a browser; it is gone after the block, with all it kept."""
    with (
        TemporaryDirectory(prefix="esd-", ignore_cleanup_errors=True) as home,
        TemporaryFile() as said,
    ):
        own = [f"--user-data-dir={home}/profile", *flags]
        process = subprocess.Popen(
            [*ON_A_PIPE, chromium_program(), *FLAGS, *own, "about:blank"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, "HOME": home},
            bufsize=0,
        )
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            os.set_blocking(process.stdin.fileno(), False)
            os.set_blocking(process.stdout.fileno(), False)
            try:
                yield Chromium(process, said)
            finally:
                process.terminate()
                try:
                    process.wait(STOP_TIME)
                except subprocess.TimeoutExpired:
                    process.kill()


@dataclass(frozen=True, slots=True)
class Page:
    """A tab, and the page that it shows."""

    chromium: Chromium
    session: str

    async def run(self, script: str) -> Any:
        """The value of an expression; of a promise, what it promised."""
        answer = await self.chromium.call(
            "Runtime.evaluate",
            self.session,
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise ChromiumFailed(answer["result"].get("description", answer["result"]))
        return answer["result"].get("value")

    async def call(self, function: str, *arguments: object) -> Any:
        return await self.run(f"{function}({', '.join(map(json.dumps, arguments))})")

    async def show(self, url: str) -> None:
        """Go to *url*, and wait until it is loaded."""
        await self.chromium.call("Page.navigate", self.session, url=url)
        await self.chromium.event("Page.loadEventFired", self.session)

    async def watch_network(self) -> None:
        """From now on there are events of what it fetches."""
        await self.chromium.call("Network.enable", self.session)


@asynccontextmanager
async def open_page(chromium: Chromium, url: str) -> AsyncIterator[Page]:
    """Show *url* in a tab, which shows nothing after the block."""
    page = chromium.idle.pop() if chromium.idle else await _new_tab(chromium)
    await page.show(url)
    yield page
    await page.show("about:blank")
    chromium.idle.append(page)  # not where a test failed: who knows what it still does


async def _new_tab(chromium: Chromium) -> Page:
    target = await chromium.call("Target.createTarget", url="about:blank")
    attached = await chromium.call("Target.attachToTarget", flatten=True, **target)
    page = Page(chromium, attached["sessionId"])
    await chromium.call("Page.enable", page.session)
    return page
