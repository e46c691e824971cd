"""Our copy of one workspace. `ingest` is the only door in.

Whatever brings documents (a push, a pull, a local write), they pass the same steps:

    known?  compared with what we hold, on the loop: the same document is never
            verified again, and an older version not at all, which makes "nothing
            new" cheap whoever says it
    check   a pure function of the documents and the time, in a worker thread
    put     one durable transaction in a worker thread, one at a time; the rule is
            applied again there, so nothing that happened in between matters
    ring    right after the commit, with no await between; sets of items (indexes) are
            told in the same breath
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from esd import formats
from esd.bell import Bell
from esd.formats import Batch, Document, Keypair, WorkspaceAddress
from esd.formats.es4 import new_document
from esd.formats.query import Query
from esd.formats.replication import Halves, Predicate
from esd.formats.wire_ids import workspace_key
from esd.reconcile import Items
from esd.replica import queries
from esd.replica.checking import check_all
from esd.replica.commits import Commits, Shared
from esd.replica.etags import Etag, tag_of_part
from esd.replica.limits import Bounds
from esd.replica.marks import Marks
from esd.replica.run import Run
from esd.replica.sifting import Offer, sift
from esd.replica.tally import QUOTA, Outcome, Tally, Verdict
from esd.store import Entry, Put, Reader, ReplicaFile, StorageFull, Stored

__all__ = ["LOCAL", "Replica"]

T = TypeVar("T")
LOCAL = ""  # the origin of what was written here


class Replica:
    """One open replica. `bell` rings at each change, and `changes` with it.

    `alias`, `halves` (what moves) and `anonymous` (whether callers that we do not know
    may know of it) are the operator's.
    """

    def __init__(
        self,
        file: ReplicaFile,
        bounds: Bounds,
        run: Run,
        shared: Shared | None = None,
    ) -> None:
        shared = shared or Shared()
        self.address: WorkspaceAddress = file.address
        self.local_id: str = file.local_id
        self.alias: str | None = file.alias
        self.halves = Halves()
        self.anonymous = True
        self.file = file
        self.run = run
        self.turns = shared.turns
        self._commits = Commits(file, bounds, run, shared)
        self._shelf = shared.shelf
        self._etag = Etag()
        self._local_writes = trio.Lock()  # each comes after the one before it
        self._making_key = trio.Lock()

    @property
    def bell(self) -> Bell:
        return self._commits.bell

    @property
    def last_index(self) -> int:
        """The last local index that the bell has rung for."""
        return self._commits.last_index

    @property
    def epoch(self) -> bytes:
        return self.file.epoch

    @property
    def reader(self) -> Reader:
        """Raises OperatorMustAct where the workspace was removed."""
        self._commits.check_held()
        return self.file.reader

    # What comes in...

    async def ingest(
        self,
        batch: Batch,
        *,
        origin: str,
        now: int,
        listed: Marks | None = None,
        wanted: Predicate | None = None,
    ) -> Tally:
        """Take in what is new, valid and wanted; returns once that is on disk.

        *listed* gets the local index of each document of ours that is at least matched
        by one of the batch. Raises StorageFull; then nothing of the batch is stored.
        """
        tally = Tally(rejected=Counter(batch.rejected))
        offer = Offer(documents=batch.documents, now=now, listed=listed, wanted=wanted)
        tally.count(await self._take_in(offer, origin))
        return tally

    async def ingest_each(
        self,
        documents: Sequence[Document],
        *,
        origin: str,
        now: int,
        wanted: Predicate | None = None,
    ) -> list[Outcome]:
        """As `ingest`, with an answer for each document in order."""
        offer = Offer(documents=documents, now=now, wanted=wanted)
        return await self._take_in(offer, origin)

    def compare(
        self,
        batch: Batch,
        *,
        now: int,
        listed: Marks | None,
        wanted: Predicate | None = None,
    ) -> Tally:
        """As `ingest`, but what is new is neither checked nor kept, only counted."""
        tally = Tally(rejected=Counter(batch.rejected))
        offer = Offer(documents=batch.documents, now=now, listed=listed, wanted=wanted)
        outcomes = sift(self.reader, self.address.text, offer)
        tally.count(filter(None, outcomes))
        tally.new += outcomes.count(None)
        return tally

    async def _take_in(self, offer: Offer, origin: str) -> list[Outcome]:
        outcomes = sift(self.reader, self.address.text, offer)
        pairs = zip(offer.documents, outcomes, strict=True)
        new = [document for document, outcome in pairs if outcome is None]
        check = partial(check_all, new, self.address, origin, offer.now)
        checked = await self.run(check) if new else []
        rest = iter(await self._put(checked, offer.now))
        return [outcome or next(rest) for outcome in outcomes]

    async def _put(self, checked: list[Entry | Outcome], now: int) -> list[Outcome]:
        entries = [one for one in checked if isinstance(one, Entry)]
        stored = await self._commits.put(entries, now) if entries else None
        answers = iter(_outcomes(stored) if stored else [])
        return [one if isinstance(one, Outcome) else next(answers) for one in checked]

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
        return await self._commits.remove(lambda: self.file.writer.remove(found))

    async def change(self, call: Callable[[], T]) -> T:
        """Run a small write to the replica's file while nobody else writes there.

        Not one that changes documents.
        """
        return await self._commits.change(call)

    async def discard(self, folder: Path | None, stem: str) -> None:
        """Close the file, and move it into *folder* under a new name, or delete it."""
        await self._commits.discard(folder, stem)

    async def expire(self, now: int) -> int:
        """Remove what has expired; the number of documents that went.

        Their content leaves the -wal too, and that of documents that were replaced or
        forgotten; at the next call where a reader is in the way.
        """
        return await self._commits.expire(now)

    async def save_items(self, now: int) -> None:
        """Keep over a restart what is dear to make; now and then. OperatorMustAct."""
        await self._commits.save_items(now)

    # What others ask...

    def etag(self, now: int, given: Predicate | None = None) -> str:
        """Ours; that of a part of the list where there is a predicate *given*."""
        whole = self._etag.at(now, self.reader, self.bell.count)
        return whole if given is None else tag_of_part(whole, given)

    async def items(self, predicate: Predicate, now: int) -> Items:
        """The living items that match, as of every commit before; the caller's own."""
        self._commits.check_held()
        return await self._shelf.items(self._commits, predicate, now)

    @property
    def wire_key(self) -> bytes | None:
        """What its ids on our own wire are made with, once that was computed."""
        return self.file.wire_key

    async def make_wire_key(self) -> bytes:
        """Compute that, which takes a while, unless it is known."""
        async with self._making_key:
            if self.file.wire_key is None:
                key = await self.run(partial(workspace_key, self.address))
                await self.change(partial(self.file.set_wire_key, key))
                return key
            return self.file.wire_key

    def close(self) -> None:
        self.file.close()


_ACCEPTED = Outcome(Verdict.ACCEPTED)
_NO_ROOM = Outcome(Verdict.REJECTED, QUOTA)


def _outcomes(stored: Stored) -> list[Outcome]:
    outcomes = []
    for place, answer in enumerate(stored.answers):
        match answer:
            case Put.ACCEPTED:
                outcomes.append(_ACCEPTED)
            case Put.NO_ROOM:
                outcomes.append(_NO_ROOM)
            case Put.OBSOLETE:
                until = stored.hidden.get(place)
                retry_at = None if until is None else until + 1
                outcomes.append(Outcome(Verdict.OBSOLETE, retry_at=retry_at))
    return outcomes
