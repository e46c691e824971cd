"""How many callers are worked for at once.

What keeps a core busy, or holds megabytes for as long as its taker pleases, is done for
few at a time, in the order in which they came; and a caller from afar has only so many
of these places, so that nobody with many connections keeps the others out. Local
callers share one address and are not told apart. Whoever gets no place in time is told
to come again.
"""

from contextlib import ExitStack
from weakref import WeakValueDictionary

import trio

from esd.pub.problems import Refused
from esd.web.buckets import is_local, network_of

__all__ = ["Turns"]


class Turns:
    """*at_once* places, each waited for at most *patience* seconds.

    A network other than this machine has *each* of them at most.
    """

    def __init__(self, at_once: int, patience: float, *, each: int = 1) -> None:
        self._places = trio.Semaphore(at_once)
        self._patience = patience
        self._each = each
        # Of those who wait or have a place: whoever does, holds on to theirs.
        self._callers: WeakValueDictionary[str, trio.Semaphore] = WeakValueDictionary()

    async def take(self, remote: str) -> ExitStack:
        """A place for *remote*, to be closed. Raises Refused where none gets free."""
        gates = [*self._own(remote), self._places]
        with ExitStack() as passed:
            with trio.move_on_after(self._patience) as waiting:
                for gate in gates:
                    await gate.acquire()
                    passed.callback(gate.release)
            if waiting.cancelled_caught:
                raise Refused("busy")
            return passed.pop_all()

    def _own(self, remote: str) -> list[trio.Semaphore]:
        if is_local(remote):
            return []
        network = network_of(remote)
        own = self._callers.get(network)
        if own is None:
            own = self._callers[network] = trio.Semaphore(self._each)
        return [own]
