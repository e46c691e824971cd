"""A TCP proxy on loopback that counts what really passes: heads, bodies and chunks.

It stands between two programs that know nothing of it, so both sides of a comparison
are counted by the same ruler. What is below TCP is not in the numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import trio

CHUNK = 64 * 1024  # bytes a read


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Bytes and connections since the proxy began, or since the last `take`."""

    sent: int = 0
    received: int = 0
    connections: int = 0

    @property
    def both_ways(self) -> int:
        return self.sent + self.received

    def count_sent(self, size: int) -> None:
        self.sent += size

    def count_received(self, size: int) -> None:
        self.received += size


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingProxy:
    """Where to connect to instead of the target, and what has passed."""

    port: int
    traffic: Traffic

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self) -> Traffic:
        """Return what has passed and begin again at nothing."""
        passed = replace(self.traffic)
        self.traffic.sent = self.traffic.received = self.traffic.connections = 0
        return passed


async def run_counting_proxy(
    target_port: int,
    *,
    task_status: trio.TaskStatus[CountingProxy] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Pass connections on to *target_port* of 127.0.0.1; `started` gives the proxy."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port: int = listeners[0].socket.getsockname()[1]
    traffic = Traffic()
    task_status.started(CountingProxy(port=port, traffic=traffic))
    await trio.serve_listeners(partial(_pass_on, target_port, traffic), listeners)


async def _pass_on(
    target_port: int, traffic: Traffic, caller: trio.SocketStream
) -> None:
    traffic.connections += 1
    try:
        target = await trio.open_tcp_stream("127.0.0.1", target_port)
    except OSError:
        return  # the caller sees its connection closed, as with a target that is down
    async with target, trio.open_nursery() as both:
        both.start_soon(_pump, caller, target, traffic.count_sent)
        both.start_soon(_pump, target, caller, traffic.count_received)


async def _pump(
    source: trio.SocketStream, sink: trio.SocketStream, count: Callable[[int], None]
) -> None:
    try:
        while chunk := await source.receive_some(CHUNK):
            count(len(chunk))
            await sink.send_all(chunk)
        await sink.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        await trio.aclose_forcefully(source)
        await trio.aclose_forcefully(sink)
