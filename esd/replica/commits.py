"""Changing a replica's file: one at a time, and told before anybody else runs.

Each change of documents is one durable transaction in a worker thread. Right after it,
with no await between, the sets of items are told what came and went, and the bell
rings. So whoever wakes finds the documents, and whoever asks for a set finds them in
it.
"""

import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from esd.bell import Bell
from esd.errors import OperatorMustAct
from esd.replica.indexes import Shelf
from esd.replica.large import make_turns
from esd.replica.limits import Bounds
from esd.replica.run import Run
from esd.replica.saved import drop_draft, put_in_place, save
from esd.store import EXPIRE_ROWS, Entry, Item, ReplicaFile, StorageFull, Stored

__all__ = ["Commits", "Shared"]

T = TypeVar("T")


class Shared:
    """What the replicas of one daemon have in common."""

    def __init__(self) -> None:
        self.changes = Bell()  # rings at each change of any of them
        self.turns = make_turns()
        self.shelf = Shelf()


class Commits:
    """The writer of one replica."""

    def __init__(
        self, file: ReplicaFile, bounds: Bounds, run: Run, shared: Shared
    ) -> None:
        self.file = file
        self.run = run
        self.bell = Bell()
        self.last_index = file.reader.last_index()  # that the bell has rung for
        self.writing = trio.Lock()
        self._bounds = bounds
        self._shared = shared
        self._removed = False
        self._unscrubbed = True  # a daemon that was killed may have left content there

    async def put(self, entries: Sequence[Entry], now: int) -> Stored:
        """Store those that replace what we hold. Raises StorageFull."""
        async with self.writing:
            self.check_held()
            put = partial(self.file.writer.put, entries, now, self._room())
            stored = await self._commit(put)
            if stored.came:
                self._tell(stored.came, stored.gone)
        return stored

    async def remove(self, removal: Callable[[], list[Item]]) -> int:
        """Run one of the writer's removals; the number of documents that went."""
        async with self.writing:
            self.check_held()
            gone = await self._commit(removal)
            if gone:
                self._tell((), gone)
        return len(gone)

    async def expire(self, now: int) -> int:
        """Remove what has expired, and the content of all that went from the -wal.

        At the next call where a reader is in the way.
        """
        expire = partial(self.file.writer.expire, now)
        gone = some = await self.remove(expire)
        while some == EXPIRE_ROWS:  # others may write in between
            some = await self.remove(expire)
            gone += some
        if self._unscrubbed:
            self._unscrubbed = not await self.change(self.file.writer.scrub)
        return gone

    async def change(self, call: Callable[[], T]) -> T:
        """Run a small write, but no change of documents, while nobody else writes."""
        async with self.writing:
            self.check_held()
            return await self.run(call)

    async def save_items(self, now: int) -> None:
        """Save the set of all items, where that is worth it. Raises OperatorMustAct."""
        shelf = self._shared.shelf
        if not shelf.is_unsaved(self):
            return
        self._check_free_disk()
        mark = await self.change(self.file.items_log.begin)
        items = await shelf.unsaved(self, now)
        if items is not None:
            saved = await self.run(partial(save, self.file, items, mark))
            try:
                await self.change(partial(put_in_place, self.file, saved))
            finally:
                drop_draft(self.file)

    async def discard(self, folder: Path | None, stem: str) -> None:
        """Close the file, and move it into *folder* under a new name, or delete it."""
        async with self.writing:
            self._removed = True
            self._shared.shelf.leave(self)
            self.file.close_reader()  # here, where it is used, and in no thread
            await self.run(lambda: self.file.discard(folder, stem))

    def check_held(self) -> None:
        """Raises OperatorMustAct where the workspace was removed."""
        if self._removed:
            raise OperatorMustAct("the workspace was removed", hint="add it again")

    def _room(self) -> int:
        """How many bytes may be added. Raises StorageFull where the disk is short."""
        self._check_free_disk()
        return self._bounds.bytes_per_workspace - self.file.reader.totals().size

    def _check_free_disk(self) -> None:
        if shutil.disk_usage(self.file.path.parent).free < self._bounds.free_disk:
            raise StorageFull("less disk space is free than free_disk asks for")

    async def _commit(self, change: Callable[[], T]) -> T:
        """Where it fails, nobody can say for sure what it did."""
        with ExitStack() as failed:
            failed.callback(self._shared.shelf.leave, self)
            result = await self.run(change)
            failed.pop_all()
        return result

    def _tell(self, came: Collection[Entry], gone: Sequence[Item]) -> None:
        self._unscrubbed = True  # of what was replaced or removed
        self._shared.shelf.note(self, came, gone)
        self.last_index = self.file.reader.last_index()
        self.bell.ring()
        self._shared.changes.ring()
