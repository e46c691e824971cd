"""Between who reads a stream and who stores what comes: it gathers.

Each batch is a transaction, and a transaction waits for the disk. What has come by the
time the last one is stored makes the next; so a single event is stored at once, and a
flood in batches as large as the disk is slow. Past a bound whoever reads waits, and
with that the sender.
"""

from esd.bell import Bell

__all__ = ["Gathering"]

MOST_EVENTS = 1_000  # a tenth of a second of checking
MOST_BYTES = 256 << 10  # and those of one more piece


class Gathering:
    """The events of one stream that have come and are not stored yet."""

    def __init__(self) -> None:
        self._events: list[bytes] = []
        self._size = 0
        self._are_taken = False
        self._came, self._left = Bell(), Bell()

    async def put(self, events: list[bytes]) -> None:
        """Add them once there is room."""
        if not events:
            return
        while self._size >= MOST_BYTES or len(self._events) >= MOST_EVENTS:
            await self._left.wait_after(self._left.count)
        self._events += events
        self._size += sum(map(len, events))
        self._came.ring()

    async def take(self) -> list[bytes]:
        """All there are, and at least one. Those that were taken before are stored."""
        self._are_taken = False
        self._left.ring()
        while not self._events:
            await self._came.wait_after(self._came.count)
        events, self._events, self._size = self._events, [], 0
        self._are_taken = True
        self._left.ring()
        return events

    async def wait_stored(self) -> None:
        """Wait until all that was put is stored."""
        while self._events or self._are_taken:
            await self._left.wait_after(self._left.count)
