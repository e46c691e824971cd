"""A bell for "there is something new", shared by any number of listeners.

Ringing never blocks and never queues. A listener that is busy while the bell rings ten
times wakes once, and finds all ten changes by reading on from its own place in the
store. That keeps ingest independent of how slow, or how dead, the listeners are.
"""

import trio

__all__ = ["Bell"]


class Bell:
    """Counts rings and wakes whoever waits for a count it has not seen."""

    def __init__(self) -> None:
        self.count = 0
        self._rung = trio.Event()

    def ring(self) -> None:
        self.count += 1
        self._rung.set()
        self._rung = trio.Event()

    async def wait_after(self, seen: int) -> int:
        """Return the count once it is past *seen*; at once if it already is."""
        while self.count == seen:
            await self._rung.wait()
        await trio.lowlevel.checkpoint()
        return self.count
