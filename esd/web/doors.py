"""How many connections at once: in all, and from one address.

Whoever is one too many is told so with a 503, because a silent close looks like a
broken network and is tried again at once. Telling takes a moment and a file descriptor
too, so the number of those being told is bounded as well; past it we just close.

Local callers share one address and are limited only in all.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from esd.web.buckets import is_local, network_of
from esd.web.limits import Limits
from esd.web.line import Gone, Line

__all__ = ["Doors"]

TURNED_AWAY_AT_ONCE = 32
TELLING_TIME = 1.0  # seconds to take one small packet

# It is sent before any request was read, so it must suit them all. An empty JSON list
# is what the oldest clients survive, whether they asked for a list or for counts.
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 10\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: 2\r\n"
    b"Connection: close\r\n"
    b"\r\n"
    b"[]"
)


class Doors:
    """Counts who is in. One per daemon, or one per kind of listener."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._inside = 0
        self._per_address: Counter[str] = Counter()
        self._leaving = 0
        self.turned_away = 0

    @property
    def inside(self) -> int:
        return self._inside

    @contextmanager
    def enter(self, remote: str) -> Iterator[bool]:
        """Whether there is room; the place is held until the end of the block."""
        address = network_of(remote)
        if not self._has_room(remote, address):
            self.turned_away += 1
            yield False
            return
        self._inside += 1
        self._per_address[address] += 1
        try:
            yield True
        finally:
            self._inside -= 1
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]

    async def turn_away(self, stream: trio.abc.Stream) -> None:
        """Say 503 and close."""
        if self._leaving < TURNED_AWAY_AT_ONCE:
            self._leaving += 1
            try:
                await _tell(stream)
            finally:
                self._leaving -= 1
        await trio.aclose_forcefully(stream)

    def _has_room(self, remote: str, address: str) -> bool:
        if self._inside >= self._limits.connections:
            return False
        held = self._per_address.get(address, 0)
        return is_local(remote) or held < self._limits.connections_per_address


async def _tell(stream: trio.abc.Stream) -> None:
    line = Line(stream, write_time=TELLING_TIME)
    with trio.move_on_after(TELLING_TIME):
        try:
            await line.send(FULL)
        except Gone:
            return
        await line.leave()
