"""All replicas of this esd, open from start to stop.

The files in `replicas/` are the list: there is no other place that could say otherwise.
Each knows its address; its name is the local id. A file that cannot be used stops the
start, rather than being left out: it may be the only copy.

A file that ends before what was last seen in it was restored from an older copy. It
gets a new epoch, or a cursor of the time since then would skip what comes next. What
was seen is noted now and then, so a copy made after the last note is not noticed.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import trio

from esd.bell import Bell
from esd.errors import EsdError, OperatorMustAct
from esd.formats import WorkspaceAddress
from esd.replica.commits import Shared
from esd.replica.limits import Bounds
from esd.replica.listing import Listing
from esd.replica.replica import Replica
from esd.replica.run import Run
from esd.replica.saved import drop_draft
from esd.store import HighWater, NodeFile, ReplicaFile, create_replica_file

__all__ = ["Replicas", "TooManyWorkspaces"]

log = logging.getLogger(__name__)


class TooManyWorkspaces(EsdError):
    """There is no room for another workspace (max_workspaces)."""


class Replicas:
    """Replicas by address and by local id.

    `bell` rings when one is added or removed, `changes` when any of them changed.
    """

    def __init__(self, folder: Path, node: NodeFile, bounds: Bounds, run: Run) -> None:
        self.bell = Bell()
        self._folder = folder
        self._node = node
        self._bounds = bounds
        self.run = run
        self._shared = Shared()
        self._noted: dict[str, HighWater] = {}
        self._by_address: dict[WorkspaceAddress, Replica] = {}
        self._listings: dict[WorkspaceAddress, Listing] = {}
        self._leaving: set[WorkspaceAddress] = set()  # their files are still in place

    @property
    def changes(self) -> Bell:
        return self._shared.changes

    def __iter__(self) -> Iterator[Replica]:
        return iter(list(self._by_address.values()))

    def __len__(self) -> int:
        return len(self._by_address)

    def get(self, address: WorkspaceAddress) -> Replica | None:
        return self._by_address.get(address)

    def find(self, name: str) -> Replica | None:
        """By local id, or by alias."""
        for replica in self:
            if name in (replica.local_id, replica.alias):
                return replica
        return None

    def listing(self, replica: Replica) -> Listing:
        return self._listings[replica.address]

    def add(self, address: WorkspaceAddress, *, configured: bool = False) -> Replica:
        """The replica of *address*, made now if need be.

        There is always room for one that is *configured*, or strangers who fill an open
        pub could keep it from starting. Raises TooManyWorkspaces for others, and
        OperatorMustAct where it cannot be made.
        """
        replica = self._by_address.get(address)
        if replica is None:
            if address in self._leaving:
                raise OperatorMustAct(
                    "this workspace is just being removed", hint="add it once it is"
                )
            if not configured and len(self) >= self._bounds.max_workspaces:
                raise TooManyWorkspaces("no more workspaces fit here (max_workspaces)")
            name = f"{self._node.local_id(address)}.db"
            replica = self._keep(create_replica_file(self._folder / name, address))
            self.bell.ring()
        return replica

    async def remove(self, replica: Replica, folder: Path | None, now: int) -> None:
        """Hold *replica* no longer; its file goes to *folder*, or for good.

        Whoever is still using it meets a closed file; nothing new finds it.
        """
        del self._by_address[replica.address], self._listings[replica.address]
        self._leaving.add(replica.address)
        self.bell.ring()
        replica.bell.ring()  # who follows it finds that it is gone
        try:
            with trio.CancelScope(shield=True):  # half removed it would be in the way
                await replica.discard(folder, f"{replica.local_id}-{now}")
        finally:
            self._leaving.discard(replica.address)

    def open_all(self) -> None:
        for path in sorted(self._folder.glob("ws-*.db")):
            file = ReplicaFile(path)
            if file.address in self._by_address:
                other = self._by_address[file.address].local_id
                file.close()
                raise OperatorMustAct(
                    f"{path.stem} and {other} are files of one workspace",
                    hint="move one of them away",
                )
            drop_draft(file)
            self._check_continues(file)
            self._keep(file)

    def _check_continues(self, file: ReplicaFile) -> None:
        seen = self._node.high_water(file.local_id)
        if seen is None or seen.epoch != file.epoch:
            return
        if file.reader.last_index() < seen.last_index:
            log.warning("%s was restored from an older copy", file.local_id)
            file.renew_epoch()

    def _keep(self, file: ReplicaFile) -> Replica:
        replica = Replica(file, self._bounds, self.run, self._shared)
        self._by_address[replica.address] = replica
        self._listings[replica.address] = Listing(replica)
        return replica

    async def note_high_water(self) -> None:
        """Note how far each replica has come; once a minute is plenty."""
        marks = self._unnoted()
        if marks:
            await self.run(partial(self._node.note_high_water, marks))
            self._noted |= marks

    def _unnoted(self) -> dict[str, HighWater]:
        marks = {
            replica.local_id: HighWater(replica.epoch, replica.last_index)
            for replica in self
        }
        return {
            local_id: mark
            for local_id, mark in marks.items()
            if self._noted.get(local_id) != mark
        }

    def close(self) -> None:
        marks = self._unnoted()
        if marks:
            with suppress(OperatorMustAct):  # a full disk keeps nobody from stopping
                self._node.note_high_water(marks)
        for replica in self:
            replica.close()
