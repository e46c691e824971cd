"""A pushed body is read no faster than documents are taken in.

Batches wait for their slots decoded, half a megabyte each, and a stream has three of
them at most: that suits one that is read while others pause. Where a thousand push at
once it would be more than a small machine has. So while many batches wait already,
whoever wants to read on waits behind them, and then reads one piece.
"""

from collections.abc import AsyncIterator

import trio

from esd.replica import IN_FLIGHT_IN_ALL

__all__ = ["Queued"]

WAITING = 2 * IN_FLIGHT_IN_ALL  # batches; enough to be never out of work


class Queued:
    """The pieces of a body; *slots* are what batches wait for."""

    def __init__(
        self, pieces: AsyncIterator[bytes], slots: trio.CapacityLimiter
    ) -> None:
        self._pieces = pieces
        self._slots = slots

    def __aiter__(self) -> "Queued":
        return self

    async def __anext__(self) -> bytes:
        if self._slots.statistics().tasks_waiting >= WAITING:
            async with self._slots:
                pass  # those who came before us are under way
        return await anext(self._pieces)
