"""Which of our documents a peer lacks, as far as we know: what a push is made from.

Only what our own queries let out counts; a pub has none of its own.

Found by walking our documents in order of arrival, in a worker thread and over a reader
of its own: a page at a time as they are asked for, so that the first are pushed while
the rest are found. Kept as local indexes, eight bytes each; the documents are read when
they are sent, and one that was replaced meanwhile is simply no longer there.
"""

from array import array
from collections.abc import Callable, Collection, Iterator

from esd.formats import Predicate
from esd.replica import Marks
from esd.store import Arrival, Reader
from esd.sync.formats_there import refused
from esd.sync.talk import Talk
from esd.sync.terms import ours_alone

__all__ = ["Missing", "all_after", "unmarked"]


class Missing:
    """`indexes` to push, by format; `waiting` were sent in vain and rest, or are of a
    format that the peer does not take; `in_vain` all of the former.

    `cursor`: the peer holds all of ours with a local index up to there, `waiting`
    aside. All of them are true of what was found so far; all methods are for threads.
    """

    def __init__(
        self, talk: Talk, after: int, lacks: Callable[[Arrival], bool]
    ) -> None:
        self.cursor = after
        self.indexes: dict[str, array[int]] = {}
        self.waiting = 0
        self.in_vain: set[bytes] = set()
        self._talk = talk
        self._lacks = lacks
        self._given: Predicate = ours_alone(talk.halves, talk.now).push
        self._after: int | None = after  # None: all are found
        with talk.replica.file.scanning() as reader:
            peers = reader.peers
            self._last = reader.last_index()
            self._waiting = peers.waiting(talk.peer, talk.now)
            self._in_vain = peers.in_vain(talk.peer)
            self._left_out = refused(peers, talk.peer, talk.now)

    @property
    def count(self) -> int:
        """How many there are to push."""
        return sum(map(len, self.indexes.values()))

    def format_beside(self, others: Collection[str]) -> str | None:
        """A format that some are of, and that is none of *others*."""
        while True:
            for name in self.indexes:
                if name not in others:
                    return name
            if not self._find_more():
                return None

    def of(self, name: str, start: int) -> Iterator[int]:
        """The indexes of one format, from the one at *start* on."""
        while True:
            found = self.indexes.get(name, ())
            while start < len(found):
                yield found[start]
                start += 1
            if not self._find_more():
                return

    def find_all(self) -> "Missing":
        with self._talk.replica.file.scanning() as reader:
            while self._look_on(reader):
                pass
        return self

    def _find_more(self) -> bool:
        """Look at the next page, if there is one."""
        if self._after is None:
            return False
        with self._talk.replica.file.scanning() as reader:
            return self._look_on(reader)

    def _look_on(self, reader: Reader) -> bool:
        if self._after is None:
            return False
        for arrival in self._page(reader, self._after):
            if self._lacks(arrival) and self._is_given(arrival):
                self._add(arrival)
        if not self.indexes:
            self.cursor = self._last if self._after is None else self._after
        return True

    def _page(self, reader: Reader, after: int) -> Iterator[Arrival]:
        """What is later than *last* is the next run's business."""
        arrivals = reader.arrivals(after, self._talk.now)
        is_last = not arrivals or arrivals[-1].local_index >= self._last
        self._after = None if is_last else arrivals[-1].local_index
        return (one for one in arrivals if one.local_index <= self._last)

    def _is_given(self, arrival: Arrival) -> bool:
        return self._given.is_everything or self._given.matches(
            arrival.path, arrival.author, arrival.timestamp, arrival.format
        )

    def _add(self, arrival: Arrival) -> None:
        if arrival.format in self._left_out:
            self.waiting += 1
            return
        if arrival.hash in self._in_vain:
            self.in_vain.add(arrival.hash)
        if arrival.hash in self._waiting:
            self.waiting += 1
            return
        if not self.indexes:
            self.cursor = arrival.local_index - 1
        found = self.indexes.setdefault(arrival.format, array("q"))
        found.append(arrival.local_index)


def all_after(talk: Talk, cursor: int, before: int) -> Missing:
    """Everything that came after *cursor*, but not from the peer just now."""
    return Missing(talk, cursor, lambda arrival: not _came(talk, arrival, before))


def unmarked(talk: Talk, marks: Marks, before: int) -> Missing:
    """Everything a peer's list did not show.

    Nor did it come from the peer since we asked: in this very list, or by its stream.
    """

    def lacks(arrival: Arrival) -> bool:
        return arrival.local_index not in marks and not _came(talk, arrival, before)

    return Missing(talk, 0, lacks)


def _came(talk: Talk, arrival: Arrival, before: int) -> bool:
    """Whether the peer gave it to us after local index *before*; then it holds it."""
    return arrival.local_index > before and arrival.origin == talk.peer
