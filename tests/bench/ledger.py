"""A TCP proxy on loopback that keeps account of what each byte was for.

All bytes both ways count, with heads and chunk marks, on the account of the request
that they belong to: its path, without what all of ours begin with. Between two esds a
request begins with the first bytes that come after an answer, since none is sent before
the one before it was answered.

What is called can change while the proxy runs: a server that restarts has a new port.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import trio

CHUNK = 64 * 1024  # bytes a read
PREFIX = "/earthstar-sync/v1/"


@dataclass(slots=True)
class Account:
    """Of one kind of request; bytes."""

    requests: int = 0
    sent: int = 0
    received: int = 0

    @property
    def both_ways(self) -> int:
        return self.sent + self.received


Accounts = Mapping[str, Account]


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Where to connect to, where that leads to, and what has passed."""

    port: int
    target: int = 0
    accounts: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self) -> Accounts:
        """Return what has passed and begin again at nothing."""
        passed = dict(self.accounts)
        self.accounts.clear()
        return passed


async def run_ledger(
    *, task_status: trio.TaskStatus[Ledger] = trio.TASK_STATUS_IGNORED
) -> None:
    """Pass connections on to the ledger's target; `started` gives the ledger."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    ledger = Ledger(port=listeners[0].socket.getsockname()[1])
    task_status.started(ledger)
    await trio.serve_listeners(partial(_pass_on, ledger), listeners)


class _Talk:
    """What goes on on one connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._name = ""
        self._answered = True

    def sent(self, chunk: bytes) -> None:
        if self._answered:
            self._name, self._answered = _name_of(chunk), False
            self._ledger.accounts[self._name].requests += 1
        self._ledger.accounts[self._name].sent += len(chunk)

    def received(self, chunk: bytes) -> None:
        self._answered = True
        self._ledger.accounts[self._name].received += len(chunk)


def _name_of(head: bytes) -> str:
    method, path, _ = head.split(b" ", 2)
    assert method in (b"GET", b"POST"), "a request begins elsewhere"
    return path.decode().removeprefix(PREFIX)


async def _pass_on(ledger: Ledger, caller: trio.SocketStream) -> None:
    try:
        target = await trio.open_tcp_stream("127.0.0.1", ledger.target)
    except OSError:
        return  # the caller sees its connection closed, as with a target that is down
    talk = _Talk(ledger)
    async with target, trio.open_nursery() as both:
        both.start_soon(_pump, caller, target, talk.sent)
        both.start_soon(_pump, target, caller, talk.received)


async def _pump(
    source: trio.SocketStream, sink: trio.SocketStream, count: Callable[[bytes], None]
) -> None:
    try:
        while chunk := await source.receive_some(CHUNK):
            count(chunk)
            await sink.send_all(chunk)
        await sink.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        await trio.aclose_forcefully(source)
        await trio.aclose_forcefully(sink)
