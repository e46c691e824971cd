"""Stopping: wake the idle connections, let the busy ones finish.

An idle keep-alive connection sits in a read that may last for the whole idle time, and
would hold a stop for as long as the stop is willing to wait. So for each idle wait a
cancel scope is registered here. It is a set of scopes and no nursery, because a nursery
between a raise and its except would hide the exception in a group.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import trio

__all__ = ["Drain"]


class Drain:
    """One per daemon: once started it stays started."""

    def __init__(self) -> None:
        self._started = trio.Event()
        self._idle: set[trio.CancelScope] = set()

    @property
    def started(self) -> bool:
        return self._started.is_set()

    def start(self) -> None:
        """Wake whoever is idle now, and refuse idleness from here on."""
        self._started.set()
        for scope in self._idle:
            scope.cancel()

    async def wait_started(self) -> None:
        await self._started.wait()

    @contextmanager
    def idle(self, scope: trio.CancelScope) -> Iterator[None]:
        """While nothing is in flight: a drain cancels *scope*, at once if it began."""
        if self.started:
            scope.cancel()
        self._idle.add(scope)
        try:
            yield
        finally:
            self._idle.discard(scope)
