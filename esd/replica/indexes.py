"""The sets of items that are kept: one shelf for all replicas of a daemon.

A set is made when it is first asked for, and then kept up with its replica: whoever
commits puts down what changed (`note`, right after the commit, with no await between),
and whoever looks next applies that, in a worker thread. So ingest pays next to nothing
for a set that nobody looks at, and a look finds every commit before it.

What is committed while a set is made is put down too, from before its first read on,
and applied afterwards (index). A set that missed something is made anew: when too much
was put down, when a commit failed and nobody knows what it did, or when the clock went
back behind something that had expired. One that is outrun even while it is made is made
a second time while nobody writes.

A set belongs to one task at a time (its lock); what is handed out shares its blocks and
not its changes. Which sets are made and kept is what peers ask for, so that is bounded:
one is made at a time, and those that were looked at last are kept.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol

import trio

from esd.formats.replication import Predicate
from esd.reconcile import Items
from esd.replica import saved
from esd.replica.effort import counted
from esd.replica.index import Change, Index, asks_for_all
from esd.replica.run import Run
from esd.store import Entry, Fact, Item, ReplicaFile

__all__ = ["Shelf", "Source"]

MOST_INDEXES = 16  # some peers with queries of their own; each is told all changes
MOST_KEYS = 4_000_000  # in all: 170 MB; of four replicas of a million, or many small
MOST_PENDING = 50_000  # changes a set: 20 MB, and half a second to apply


class Source(Protocol):
    """What a set is of: a replica. Nobody changes its documents who lacks `writing`."""

    file: ReplicaFile
    run: Run
    writing: trio.Lock


class _Slot:
    """The place of one set, and what it has not been told yet."""

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.index: Index | None = None
        self.size = 0  # as of the last look
        self.follows = False  # changes are put down: the set is there, or being made
        self.pending: list[Change] = []
        self.waiting = 0  # the sizes of those

    def begin(self) -> None:
        self.drop()
        self.follows = True

    def drop(self) -> None:
        self.index, self.size = None, 0
        self.follows = False
        self.pending, self.waiting = [], 0

    def note(self, change: Change, most: int) -> None:
        self.pending.append(change)
        self.waiting += change.size
        if self.waiting > most:
            self.drop()

    def applied(self, changes: Sequence[Change]) -> None:
        """These, which were the first, unless it was dropped meanwhile."""
        if self.follows:
            del self.pending[: len(changes)]
            self.waiting -= sum(change.size for change in changes)


class Shelf:
    """Sets by replica and predicate."""

    def __init__(
        self,
        *,
        most_indexes: int = MOST_INDEXES,
        most_keys: int = MOST_KEYS,
        most_pending: int = MOST_PENDING,
    ) -> None:
        self._most_indexes = most_indexes
        self._most_keys = most_keys
        self._most_pending = most_pending
        self._slots: dict[tuple[Source, Predicate], _Slot] = {}  # last used comes last
        self._making = trio.Lock()

    async def items(self, source: Source, predicate: Predicate, now: int) -> Items:
        """The living items that match, as of every commit before; the caller's own."""
        if predicate.is_nothing:
            return Items()
        key = (source, predicate.timeless)
        while True:
            slot = self._slot(key)
            self._make_room(slot)
            async with slot.lock:
                if slot.index is None or not slot.index.holds_at(now):
                    await self._make(slot, source, key[1])
                if slot.index is not None and self._slots.get(key) is slot:
                    items = await _look(slot, source, now, predicate.after)
                    self._make_room(slot)
                    return items

    def is_unsaved(self, source: Source) -> bool:
        """Whether the set of all items is here, and changed much since it was saved.

        One that a thread is busy with may not be looked at, and is asked next time.
        """
        return any(
            slot.index is not None and slot.index.is_unsaved
            for (one, _), slot in self._slots.items()
            if one is source and not slot.lock.locked()
        )

    async def unsaved(self, source: Source, now: int) -> Items | None:
        """That set. It counts as saved from now on, whatever becomes of it."""
        for (one, _), slot in list(self._slots.items()):
            if one is not source:
                continue
            async with slot.lock:
                if slot.index is not None and slot.index.is_unsaved:
                    items = await _look(slot, source, now, None)
                    for index in self._indexes(source):
                        index.was_saved()
                    return items
        return None

    def _indexes(self, source: Source) -> list[Index]:
        return [
            slot.index
            for (one, _), slot in self._slots.items()
            if one is source and slot.index is not None
        ]

    def _slot(self, key: tuple[Source, Predicate]) -> _Slot:
        slot = self._slots.pop(key, None)
        if slot is None:
            slot = _Slot()
        self._slots[key] = slot  # as the last one used
        return slot

    async def _make(self, slot: _Slot, source: Source, predicate: Predicate) -> None:
        async with self._making:
            await _fill(slot, source, predicate)
            if slot.index is None:
                async with source.writing:
                    await _fill(slot, source, predicate)

    def _make_room(self, used: _Slot) -> None:
        """Give up what was used longest ago, but never what is being used."""
        filled = sum(slot.index is not None for slot in self._slots.values())
        keys = sum(slot.size for slot in self._slots.values())
        for key, slot in list(self._slots.items()):
            if slot is used or slot.lock.locked():
                continue
            if slot.index is None:
                del self._slots[key]
            elif filled > self._most_indexes or keys > self._most_keys:
                filled, keys = filled - 1, keys - slot.size
                slot.drop()
                del self._slots[key]

    def note(
        self, source: Source, came: Collection[Entry], gone: Sequence[Item]
    ) -> None:
        """These went and came, in one commit; nothing was awaited since."""
        slots = [
            slot
            for (one, _), slot in self._slots.items()
            if one is source and slot.follows
        ]
        if slots:
            change = Change([_fact(entry) for entry in came], gone)
            for slot in slots:
                slot.note(change, self._most_pending)

    def leave(self, source: Source) -> None:
        """Nothing of *source* is kept: it is gone, or nobody knows what changed."""
        for key, slot in list(self._slots.items()):
            if key[0] is source:
                slot.drop()
                del self._slots[key]


async def _fill(slot: _Slot, source: Source, predicate: Predicate) -> None:
    """Afterwards it holds the set, unless it was dropped meanwhile."""

    def read() -> Index:
        with source.file.scanning() as reader:
            found = saved.load(source.file, reader) if asks_for_all(predicate) else None
            return Index(predicate, reader, found)

    slot.begin()
    try:
        index = await source.run(counted(read))
        if slot.follows:
            slot.index = index
    finally:
        if slot.index is None:
            slot.drop()


async def _look(slot: _Slot, source: Source, now: int, after: int | None) -> Items:
    """Without a thread where nothing changed."""
    index, changes = slot.index, list(slot.pending)
    assert index is not None
    look = partial(index.look, changes, now, after)
    busy = changes or index.is_due(now)
    items = await source.run(counted(look)) if busy else look()
    slot.applied(changes)
    slot.size = len(index) if slot.follows else 0
    return items


def _fact(entry: Entry) -> Fact:
    return Fact(
        entry.path,
        entry.author,
        entry.timestamp,
        entry.format,
        entry.delete_after,
        entry.hash,
    )
