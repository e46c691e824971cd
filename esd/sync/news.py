"""Which workspaces hold something that a peer was not offered yet.

Told by the order of arrival: what came after the last run began, and not from this very
peer, is news for it. Workspaces that should be looked at for another reason are marked
too, and the next run takes them in.
"""

from collections.abc import Collection
from weakref import WeakKeyDictionary

from esd.replica import Replica
from esd.sync.settings import PeerSettings

__all__ = ["News"]


class News:
    """For one peer. `dirty` are local ids of workspaces to be looked at.

    `offered` are those that the last run had news of; if it failed, it may not have
    come to them.
    """

    def __init__(self, settings: PeerSettings) -> None:
        self.dirty: set[str] = set()
        self.offered: set[str] = set()
        self._settings = settings
        self._noticed = WeakKeyDictionary[Replica, int]()  # up to which local index

    def seen(self, replicas: Collection[Replica]) -> None:
        """A run begins that takes in all there is in these."""
        self.offered = set()
        for replica in replicas:
            if replica.local_id in self.dirty or self.in_(replica):
                self.offered.add(replica.local_id)
            self.dirty.discard(replica.local_id)
            self._notice(replica)

    def heard(self, replica: Replica) -> bool:
        """Its bell has rung; whether there is news in it."""
        found = self.in_(replica)
        if found:
            self.dirty.add(replica.local_id)
        self._notice(replica)
        return found

    def in_(self, replica: Replica) -> bool:
        """Whether something arrived that was not noticed yet and is not from it."""
        settings = self._settings
        pushes = settings.direction.pushes and not settings.rhythm.manual
        if not pushes or not settings.shares(replica.address):
            return False
        noticed = self._noticed.get(replica, 0)
        return replica.reader.has_news(noticed, settings.name)

    def _notice(self, replica: Replica) -> None:
        self._noticed[replica] = replica.reader.last_index()
