"""Large documents come in one after the other.

A stream is read in small pieces, but an element of it can only be decoded whole, and
one document may be 25 MB of JSON. A thousand callers who each send most of one and then
wait would fill the memory. So what is larger than LARGE needs a turn, from then until
it is stored, or until the stream ends. Whoever gets none is read no further meanwhile,
and told to come again if that takes long.
"""

import trio

from esd.errors import PeerMisbehaved

__all__ = ["LARGE", "Turn", "make_turns"]

LARGE = 256 << 10  # bytes; of a thousand callers, as much as a quarter of a gigabyte
AT_ONCE = 2  # 100 MB each while it is decoded and written
PATIENCE = 30.0  # seconds; what waits for a turn is read no further


def make_turns() -> trio.Semaphore:
    """For all replicas of a daemon."""
    return trio.Semaphore(AT_ONCE)


class Turn:
    """One stream's."""

    def __init__(self, turns: trio.Semaphore) -> None:
        self._turns = turns
        self.taken = False

    async def take(self) -> None:
        """Raises PeerMisbehaved where others keep theirs."""
        if self.taken:
            return
        with trio.move_on_after(PATIENCE):
            await self._turns.acquire()
            self.taken = True
        if not self.taken:
            raise PeerMisbehaved("too many large documents at once", status_hint=503)

    def give_back(self) -> None:
        if self.taken:
            self.taken = False
            self._turns.release()
