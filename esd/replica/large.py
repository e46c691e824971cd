"""Large documents come in one after the other.

A stream is read in small pieces, but an element of it can only be decoded whole, and
one document may be 25 MB of JSON. A thousand callers who each send most of one and then
wait would fill the memory. So what is larger than LARGE needs a turn, from then until
it is stored, or until the stream ends. Whoever gets none is read no further meanwhile,
and told to come again if that takes long.

A turn lasts as long as its holder pleases, but for one rule: while others wait, what is
large has to come at PACE, or it is cut. Its holder has some seconds of credit, which
pass while we wait for it and grow with each byte; the time that we take ourselves is
not counted. Who is alone may be as slow as requests may be.

A turn belongs to the task that took it, and `Paced` is for the stream which that task
reads: so neither has to be handed through all that lies between them.
"""

from collections.abc import AsyncIterable, AsyncIterator
from contextvars import ContextVar

import trio

from esd.errors import PeerUnavailable

__all__ = ["LARGE", "NoTurn", "Paced", "TooSlow", "Turn", "Turns", "make_turns"]

LARGE = 256 << 10  # bytes; of a thousand callers, as much as a quarter of a gigabyte
AT_ONCE = 2  # 100 MB each while it is decoded and written
PATIENCE = 30.0  # seconds; what waits for a turn is read no further
PACE = 100 << 10  # bytes a second: that of the largest body within request_time
CREDIT = 10.0  # seconds at most; less than the patience of those who wait


class NoTurn(PeerUnavailable):
    """Others keep theirs. That is no fault of whoever sends the document."""

    def __init__(self) -> None:
        super().__init__(
            "too many large documents come in here at once",
            hint="this esd takes few at a time, from all together",
        )


class TooSlow(PeerUnavailable):
    """Others wait for the turn of whoever sends it."""

    def __init__(self) -> None:
        super().__init__("a large document comes too slowly, and others wait")


class Turns:
    """For all replicas of a daemon."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = trio.Semaphore(at_once)
        self._holders: set[Turn] = set()

    @property
    def free(self) -> int:
        return self._free.value

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for one."""
        return self._free.statistics().tasks_waiting > 0

    async def take(self, turn: "Turn") -> None:
        if not self._free.value:
            for holder in self._holders:
                holder.hurry()
        await self._free.acquire()
        self._holders.add(turn)

    def give_back(self, turn: "Turn") -> None:
        self._holders.remove(turn)
        self._free.release()


def make_turns() -> Turns:
    return Turns()


class Turn:
    """One stream's."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.taken = False
        self._credit = 0.0  # seconds
        self._reading = trio.CancelScope()  # the last one; hurrying an old one is vain
        self._lapses = 0.0  # trio's clock: when the credit is spent

    async def take(self) -> None:
        """Raises NoTurn where others keep theirs."""
        if self.taken:
            return
        with trio.move_on_after(PATIENCE):
            await self._turns.take(self)
            self.taken, self._credit = True, CREDIT
            _ours.set(self)
        if not self.taken:
            raise NoTurn

    def give_back(self) -> None:
        if self.taken:
            self.taken = False
            self._turns.give_back(self)
            if _ours.get() is self:
                _ours.set(None)

    async def read(self, pieces: AsyncIterator[bytes]) -> bytes:
        """The next one. Raises TooSlow where others wait."""
        with trio.CancelScope() as self._reading:
            self._lapses = trio.current_time() + self._credit
            if self._turns.wanted:
                self.hurry()
            piece = await anext(pieces)
            left = max(self._lapses - trio.current_time(), 0.0)
            self._credit = min(left + len(piece) / PACE, CREDIT)
            return piece
        raise TooSlow

    def hurry(self) -> None:
        """Somebody waits: from now on its credit counts."""
        self._reading.deadline = self._lapses


_ours: ContextVar[Turn | None] = ContextVar("the turn of this task", default=None)


class Paced:
    """The pieces of a stream; whoever reads them may have a turn meanwhile."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = aiter(pieces)

    def __aiter__(self) -> "Paced":
        return self

    async def __anext__(self) -> bytes:
        turn = _ours.get()
        return await (anext(self._pieces) if turn is None else turn.read(self._pieces))
