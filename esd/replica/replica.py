"""Our copy of one workspace. `ingest` is the only door in.

Whatever brings documents (a push, a pull, a local write), they pass the same steps:

    known?  compared with what we hold, on the loop: the same document is never
            verified again, which makes "nothing new" cheap whoever says it
    check   a pure function of the documents and the time, in a worker thread
    put     one durable transaction in a worker thread, one at a time; the rule is
            applied again there, so nothing that happened in between matters
    ring    right after the commit, with no await between

Threads are used only through `run`, handed in by whoever opens the replica: what
decides when something happens never needs one, so tests run everything inline on a
virtual clock.
"""

import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import trio

from esd import formats
from esd.bell import Bell
from esd.formats import (
    Batch,
    Document,
    InvalidDocument,
    Keypair,
    Reason,
    WorkspaceAddress,
)
from esd.formats.es4 import new_document
from esd.formats.query import Query
from esd.replica import queries
from esd.replica.limits import Bounds
from esd.replica.marks import Marks
from esd.replica.tally import QUOTA, Tally
from esd.store import Entry, Reader, ReplicaFile, StorageFull

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
    """One open replica. `bell` rings at each change; `version` counts them."""

    def __init__(self, file: ReplicaFile, bounds: Bounds, run: Run) -> None:
        self.address: WorkspaceAddress = file.address
        self.local_id: str = file.local_id
        self.epoch: bytes = file.epoch
        self.bell = Bell()
        self.file = file
        self.run = run
        self._bounds = bounds
        self._writing = trio.Lock()
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
            check = partial(_check_all, new, self.address, origin, now, tally)
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
        """Those that we do not hold; the workspace is compared here, for all."""
        held_at, workspace = self.reader.held, self.address.text
        new = []
        for document in documents:
            if document.workspace != workspace:
                tally.rejected[Reason.WORKSPACE] += 1
                continue
            held = held_at(document.path, document.author, now)
            rank = f"{document.timestamp},{document.signature}"
            if held is None:
                new.append(document)
                continue
            if listed is not None and held.rank <= rank:
                listed.add(held.local_index)
            if held.rank == rank and held.json == formats.encode(document):
                tally.obsolete += 1
            else:
                new.append(document)
                hidden = held.delete_after is not None and held.rank > rank
                tally.may_pass = tally.may_pass or hidden
        return new

    async def _put(self, entries: list[Entry], now: int, tally: Tally) -> None:
        if not entries:
            return
        async with self._writing:
            entries = self._within_bounds(entries, tally)
            accepted = await self.run(lambda: self.file.writer.put(entries, now))
            if any(accepted):
                self.bell.ring()
        tally.accepted += sum(accepted)
        tally.obsolete += len(accepted) - sum(accepted)

    def _within_bounds(self, entries: list[Entry], tally: Tally) -> list[Entry]:
        if shutil.disk_usage(self.file.path.parent).free < self._bounds.free_disk:
            raise StorageFull("less disk space is free than free_disk asks for")
        room = self._bounds.bytes_per_workspace - self.reader.totals().size
        fitting = []
        for entry in entries:
            room -= len(entry.json)
            if room >= 0:
                fitting.append(entry)
        if len(fitting) < len(entries):
            tally.rejected[QUOTA] += len(entries) - len(fitting)
            tally.may_pass = True
        return fitting

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

        The number of documents dropped. Memory: eight bytes or so for each.
        """
        found = [row.local_index for row in queries.documents(self.reader, query, now)]
        gone = await self.change(lambda: self.file.writer.remove(found))
        if gone:
            self.bell.ring()
        return gone

    async def change(self, call: Callable[[], T]) -> T:
        """Run a small write to the replica's file while nobody else writes there."""
        async with self._writing:
            return await self.run(call)

    async def expire(self, now: int) -> int:
        """Remove what has expired; the number of documents that went.

        Its content leaves the -wal too, at the next call where a reader is in the way.
        """
        gone = await self.change(lambda: self.file.writer.expire(now))
        if gone:
            self.bell.ring()
        self._unscrubbed = self._unscrubbed or gone > 0
        if self._unscrubbed:
            self._unscrubbed = not await self.change(self.file.writer.scrub)
        return gone

    def etag(self, now: int) -> str:
        """Ours: it changes with any document's hash or signature, and only then."""
        totals = self.reader.living_totals(now)
        return f'{OUR_TAG}{totals.count:x}-{totals.fingerprint:064x}"'

    def close(self) -> None:
        self.file.close()


def _check_all(
    documents: list[Document],
    address: WorkspaceAddress,
    origin: str,
    now: int,
    tally: Tally,
) -> list[Entry]:
    """The rows of the valid ones; the others are counted in *tally*."""
    entries = []
    for document in documents:
        try:
            document_hash = formats.check(document, address, now)
        except InvalidDocument as exc:
            tally.rejected[exc.reason] += 1
            tally.may_pass = tally.may_pass or exc.reason.passes
        else:
            entries.append(_entry(document, document_hash, origin))
    return entries


def _entry(document: Document, document_hash: bytes, origin: str) -> Entry:
    return Entry(
        document.path,
        document.author,
        document.timestamp,
        document.signature,
        document.delete_after,
        len(document.content.encode()),
        document.format,
        origin,
        document_hash,
        formats.encode(document),
    )
