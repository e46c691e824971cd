"""Our copy of one workspace. `ingest` is the only door in.

Whatever brings documents (a push, a pull, a local write), they pass the same steps:

    known?  compared with what we hold, on the loop: the same document is never
            verified again, and an older version not at all, which makes "nothing
            new" cheap whoever says it
    check   a pure function of the documents and the time, in a worker thread
    put     one durable transaction in a worker thread, one at a time; the rule is
            applied again there, so nothing that happened in between matters
    ring    right after the commit, with no await between

Threads are used only through `run`, handed in by whoever opens the replica: what
decides when something happens never needs one, so tests run everything inline on a
virtual clock.
"""

import math
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import trio

from esd import formats
from esd.bell import Bell
from esd.errors import OperatorMustAct
from esd.formats import (
    Batch,
    Document,
    Keypair,
    Reason,
    WorkspaceAddress,
)
from esd.formats.es4 import new_document
from esd.formats.query import Query
from esd.replica import queries
from esd.replica.checking import check_all
from esd.replica.large import make_turns
from esd.replica.limits import Bounds
from esd.replica.marks import Marks
from esd.replica.tally import QUOTA, Tally
from esd.store import Entry, Held, Put, Reader, ReplicaFile, StorageFull

__all__ = ["LOCAL", "OUR_TAG", "Replica", "Run", "inline"]

T = TypeVar("T")
OUR_TAG = 'W/"esd-'  # how an ETag of ours begins
LOCAL = ""  # the origin of what was written here


class Run(Protocol):
    """Calls a function that blocks, somewhere where it blocks nobody."""

    def __call__(self, call: Callable[[], T], /) -> Awaitable[T]: ...


async def inline(call: Callable[[], T], /) -> T:
    """A `Run` without threads."""
    return call()


class Replica:
    """One open replica. `bell` rings at each change, and *changes* with it."""

    def __init__(
        self,
        file: ReplicaFile,
        bounds: Bounds,
        run: Run,
        changes: Bell | None = None,
        turns: trio.Semaphore | None = None,
    ) -> None:
        self.address: WorkspaceAddress = file.address
        self.local_id: str = file.local_id
        self.alias: str | None = file.alias
        self.epoch: bytes = file.epoch
        self.bell = Bell()
        self._changes = changes or Bell()
        self.file = file
        self.run = run
        self.turns = turns or make_turns()
        self.last_index = file.reader.last_index()  # that the bell has rung for
        self._bounds = bounds
        self._etag = ""
        self._etag_version = -1
        self._etag_until: float = -math.inf
        self._writing = trio.Lock()
        self._local_writes = trio.Lock()  # each comes after the one before it
        self._removed = False
        self._unscrubbed = True  # a daemon that was killed may have left content there

    @property
    def reader(self) -> Reader:
        return self.file.reader

    async def ingest(
        self, batch: Batch, *, origin: str, now: int, listed: Marks | None = None
    ) -> Tally:
        """Take in what is new and valid; returns once that is on disk.

        *listed* gets the local index of each document of ours that is at least matched
        by one of the batch. Raises StorageFull; then nothing of the batch is stored.
        """
        tally = Tally(rejected=Counter(batch.rejected))
        new = self._sift(batch.documents, now, tally, listed)
        if new:
            check = partial(check_all, new, self.address, origin, now, tally)
            await self._put(await self.run(check), now, tally)
        return tally

    def compare(self, batch: Batch, *, now: int, listed: Marks | None) -> Tally:
        """As `ingest`, but what is new is neither checked nor kept nor counted."""
        tally = Tally(rejected=Counter(batch.rejected))
        self._sift(batch.documents, now, tally, listed)
        return tally

    def _sift(
        self, documents: list[Document], now: int, tally: Tally, listed: Marks | None
    ) -> list[Document]:
        """Those that could replace what we hold; the workspace is compared for all."""
        workspace = self.address.text
        ours = [document for document in documents if document.workspace == workspace]
        if len(ours) < len(documents):
            tally.rejected[Reason.WORKSPACE] += len(documents) - len(ours)
        keys = [(document.path, document.author) for document in ours]
        held_at = self.reader.held(keys, now)
        new = []
        for key, document in zip(keys, ours, strict=True):
            held = held_at.get(key)
            if held is None:
                new.append(document)
                continue
            rank = f"{document.timestamp},{document.signature}"
            if listed is not None and held.rank <= rank:
                listed.add(held.local_index)
            if held.rank > rank or (
                held.rank == rank and self._is_known(document, held, now)
            ):
                tally.obsolete += 1
                hidden = held.delete_after is not None and held.rank > rank
                tally.may_pass = tally.may_pass or hidden
            else:
                new.append(document)
        return new

    def _is_known(self, document: Document, held: Held, now: int) -> bool:
        json = held.json
        if json is None:
            wire = self.reader.wire_at(held.local_index, now)
            json = wire[1] if wire is not None else b""
        return json == formats.encode(document)

    async def _put(self, entries: list[Entry], now: int, tally: Tally) -> None:
        if not entries:
            return
        async with self._writing:
            self._check_held()
            room = self._room()
            put = partial(self.file.writer.put, entries, now, room)
            answers = Counter(await self.run(put))
            if answers[Put.ACCEPTED]:
                self._unscrubbed = True  # something may have been replaced
                self._ring()
        tally.accepted += answers[Put.ACCEPTED]
        tally.obsolete += answers[Put.OBSOLETE]
        if answers[Put.NO_ROOM]:
            tally.rejected[QUOTA] += answers[Put.NO_ROOM]
            tally.may_pass = True

    def _room(self) -> int:
        """How many bytes may be added. Raises StorageFull where the disk is short."""
        if shutil.disk_usage(self.file.path.parent).free < self._bounds.free_disk:
            raise StorageFull("less disk space is free than free_disk asks for")
        return self._bounds.bytes_per_workspace - self.reader.totals().size

    async def write(
        self,
        keypair: Keypair,
        path: str,
        content: str,
        *,
        now: int,
        timestamp: int | None = None,
        delete_after: int | None = None,
    ) -> Document | None:
        """Make, sign and ingest a document; returns it once it is on disk.

        Without a timestamp it gets now, or just past the latest one at its path, and an
        ephemeral document keeps its span. With one that is obsolete already: None.
        Raises InvalidDocument where a rule forbids it.
        """
        async with self._local_writes:
            if not timestamp:
                newest = self.reader.newest_timestamp(path, now)
                timestamp = now if newest is None else max(now, newest + 1)
                if delete_after:
                    delete_after += timestamp - now
            document = new_document(
                keypair,
                workspace=self.address,
                path=path,
                content=content,
                timestamp=timestamp,
                delete_after=delete_after or None,
            )
            formats.check(document, self.address, now)
            tally = await self.ingest(Batch([document]), origin=LOCAL, now=now)
            if tally.rejected:
                raise StorageFull("the workspace has reached bytes_per_workspace")
            return document if tally.accepted else None

    async def forget(self, query: Query, now: int) -> int:
        """Drop our copies of what *query* finds; peers that hold them may bring them.

        The number of documents dropped. Memory: forty bytes or so for each.
        """

        def find() -> list[int]:
            with self.file.scanning() as reader:
                rows = queries.documents(reader, query, now)
                return [row.local_index for row in rows]

        found = await self.run(find)
        gone = await self.change(lambda: self.file.writer.remove(found))
        if gone:
            self._unscrubbed = True
            self._ring()
        return gone

    async def change(self, call: Callable[[], T]) -> T:
        """Run a small write to the replica's file while nobody else writes there."""
        async with self._writing:
            self._check_held()
            return await self.run(call)

    def _check_held(self) -> None:
        if self._removed:
            raise OperatorMustAct("the workspace was removed", hint="add it again")

    async def discard(self, folder: Path | None, stem: str) -> None:
        """Close the file, and move it into *folder* under a new name, or delete it."""
        async with self._writing:
            self._removed = True
            self.file.close_reader()  # here, where it is used, and in no thread
            await self.run(lambda: self.file.discard(folder, stem))

    async def expire(self, now: int) -> int:
        """Remove what has expired; the number of documents that went.

        Their content leaves the -wal too, and that of documents that were replaced or
        forgotten; at the next call where a reader is in the way.
        """
        gone = await self.change(lambda: self.file.writer.expire(now))
        if gone:
            self._ring()
        self._unscrubbed = self._unscrubbed or gone > 0
        if self._unscrubbed:
            self._unscrubbed = not await self.change(self.file.writer.scrub)
        return gone

    def _ring(self) -> None:
        self.last_index = self.reader.last_index()
        self.bell.ring()
        self._changes.ring()

    def etag(self, now: int) -> str:
        """Ours: it changes with any document's hash or signature, and only then."""
        if self.bell.count != self._etag_version or now > self._etag_until:
            totals = self.reader.living_totals(now)
            until = self.reader.next_expiry(now)
            self._etag = f'{OUR_TAG}{totals.count:x}-{totals.fingerprint:064x}"'
            self._etag_version = self.bell.count
            self._etag_until = math.inf if until is None else until
        return self._etag

    def close(self) -> None:
        self.file.close()
