"""What we lack of a peer's heads, and it of ours.

A head is the newest document at a path, of the one format that the peer knows. Of ours
only those count that our queries let out; so what we give is the newest that we may.

The peer's heads are compared as its list comes in, a portion at a time. What is left at
the end is ours that no head of its list was at least as new as: it lacks them. Neither
side learns what else the other holds at a path; history stays where it is.

Everything here runs in a worker thread, over a reader of its own.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from esd.formats import Predicate
from esd.replica import Marks
from esd.store import Reader, Row
from esd.sync.graphql.heads import Head, Wants
from esd.sync.talk import Talk
from esd.sync.terms import ours_alone

__all__ = ["Comparison", "Lacked", "newest_first"]


def newest_first(row: Row) -> tuple[int, str]:
    """As the peer orders; for `max`."""
    return row.timestamp, row.signature


@dataclass(slots=True)
class Lacked:
    """What of ours the peer lacks: `indexes` to push; `waiting` were refused before
    and rest; `refused` are all of those.

    `cursor`: it lacks nothing of ours with a local index up to there, `waiting` aside.
    `last`: what came after that was not looked at.
    """

    cursor: int
    last: int = field(init=False)
    indexes: "array[int]" = field(default_factory=lambda: array("q"))
    waiting: int = 0
    refused: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.last = self.cursor


@dataclass(slots=True)
class Comparison:
    """With one peer, in one run. `format` is the one it knows."""

    talk: Talk
    format: str
    pull: Predicate = field(init=False)
    _push: Predicate = field(init=False)
    _covered: Marks = field(default_factory=Marks)

    def __post_init__(self) -> None:
        terms = ours_alone(self.talk.halves, self.talk.now)
        self.pull, self._push = terms.pull, terms.push

    def lacking_here(self, heads: Sequence[Head]) -> list[Head]:
        """Those that we want and hold nothing as new of, by the same author."""
        with self.talk.replica.file.scanning() as reader:
            useless = {
                mark for _, mark in reader.peers.useless(self.talk.peer, self.talk.now)
            }
            return [
                head
                for head in heads
                if self._is_wanted(head)
                and self._is_news(reader, head)
                and head.mark not in useless
            ]

    def cover(self, heads: Sequence[Head]) -> None:
        """The peer holds these: it lacks none of ours that is older."""
        with self.talk.replica.file.scanning() as reader:
            for head in heads:
                given = self._given(self._at(reader, head.path))
                if given is not None and newest_first(given) <= head.order:
                    self._covered.add(given.local_index)

    def uncovered(self, wants: Wants) -> Lacked:
        """What of ours the peer lacks, after its whole list."""
        with self.talk.replica.file.scanning() as reader:
            last = reader.last_index()
            return self._lacked(reader, wants, last, self._whole(reader))

    def news_after(self, cursor: int, wants: Wants) -> Lacked:
        """The same, where it lacked nothing that we had up to *cursor*."""
        with self.talk.replica.file.scanning() as reader:
            last = reader.last_index()
            paths = sorted(set(_paths_after(reader, cursor, self.talk.now)))
            given = (self._given(self._at(reader, path)) for path in paths)
            news = (row for row in given if row is not None)
            later = (row for row in news if row.local_index > cursor)
            return self._lacked(reader, wants, last, later)

    def _is_wanted(self, head: Head) -> bool:
        return self.pull.matches(head.path, head.author, head.timestamp, self.format)

    def _is_news(self, reader: Reader, head: Head) -> bool:
        rows = self._at(reader, head.path)
        held = next((row for row in rows if row.author == head.author), None)
        return held is None or f"{held.timestamp},{held.signature}" < head.rank

    def _at(self, reader: Reader, path: str) -> Iterator[Row]:
        return reader.rows(self.talk.now, (path, path + "\0"))

    def _given(self, rows: Iterable[Row]) -> Row | None:
        """Our head, among what we give."""
        given = (row for row in rows if row.format == self.format and self._gives(row))
        return max(given, key=newest_first, default=None)

    def _gives(self, row: Row) -> bool:
        return self._push.matches(row.path, row.author, row.timestamp, row.format)

    def _whole(self, reader: Reader) -> Iterator[Row]:
        paths = self._push.paths
        for low_high in (("", None),) if paths is None else paths:
            rows = reader.rows(self.talk.now, low_high)
            for _, versions in groupby(rows, key=lambda row: row.path):
                given = self._given(versions)
                if given is not None and given.local_index not in self._covered:
                    yield given

    def _lacked(
        self, reader: Reader, wants: Wants, last: int, rows: Iterable[Row]
    ) -> Lacked:
        peers, peer = reader.peers, self.talk.peer
        waiting, refused = peers.waiting(peer, self.talk.now), peers.in_vain(peer)
        lacked = Lacked(last)
        for row in rows:
            if row.local_index > last or not wants.matches(row.path, row.author):
                continue  # what is later than *last* is the next run's business
            one = _hash_of(reader, row, self.talk.now) if refused else b""
            if one in refused:
                lacked.refused.add(one)
            if one in waiting:
                lacked.waiting += 1
                continue
            lacked.cursor = min(lacked.cursor, row.local_index - 1)
            lacked.indexes.append(row.local_index)
        return lacked


def _paths_after(reader: Reader, cursor: int, now: int) -> Iterator[str]:
    while arrivals := reader.arrivals(cursor, now):
        for arrival in arrivals:
            yield arrival.path
        cursor = arrivals[-1].local_index


def _hash_of(reader: Reader, row: Row, now: int) -> bytes:
    """Asked for only where some wait: few do."""
    wire = reader.wire_at(row.local_index, now)
    return b"" if wire is None else wire[0]
