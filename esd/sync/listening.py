"""Telling the peers of every change in every replica, also of those that come later.

One task for all of them. A replica's bell counts its rings, so that what was not heard
yet can be told at any time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from esd.bell import Bell
from esd.replica import Replica, Replicas
from esd.sync.peer import Peer

__all__ = ["Listener"]


@dataclass(slots=True)
class Listener:
    """`bell` rings when it has told *peers* of what it had heard."""

    replicas: Replicas
    peers: Iterable[Peer]
    bell: Bell = field(default_factory=Bell)
    _heard: WeakKeyDictionary[Replica, int] = field(default_factory=WeakKeyDictionary)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            seen = self.replicas.changes.count
            for replica in self.replicas:
                if self._heard.get(replica) != replica.bell.count:
                    self._heard[replica] = replica.bell.count
                    for peer in self.peers:
                        peer.news(replica)
            self.bell.ring()
            await self.replicas.changes.wait_after(seen)

    @property
    def is_behind(self) -> bool:
        """Whether a bell has rung of which the peers were not told yet."""
        heard = ((self._heard.get(one, 0), one.bell.count) for one in self.replicas)
        return any(told != rung for told, rung in heard)
