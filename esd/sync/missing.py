"""Which of our documents a peer lacks, as far as we know: what a push is made from.

Only what our own queries let out counts; a pub has none of its own.

Found by walking our documents in order of arrival, in a worker thread and over a reader
of its own. Kept as local indexes, eight bytes each; the documents are read when they
are sent, and one that was replaced meanwhile is simply no longer there.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from esd.formats import Predicate
from esd.replica import Marks
from esd.store import Arrival, Reader
from esd.sync.formats_there import refused
from esd.sync.talk import Talk
from esd.sync.terms import ours_alone

__all__ = ["Missing", "all_after", "unmarked"]


@dataclass(slots=True)
class Missing:
    """`indexes` to push, by format; `waiting` were sent in vain and rest, or are of a
    format that the peer does not take; `in_vain` all of the former.

    `cursor`: the peer holds all of ours with a local index up to there, `waiting`
    aside.
    """

    cursor: int
    indexes: "dict[str, array[int]]" = field(default_factory=dict)
    waiting: int = 0
    in_vain: set[bytes] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many there are to push."""
        return sum(map(len, self.indexes.values()))


def all_after(talk: Talk, cursor: int, before: int) -> Missing:
    """Everything that came after *cursor*, but not from the peer just now."""
    return _collect(talk, cursor, lambda arrival: not _came(talk, arrival, before))


def unmarked(talk: Talk, marks: Marks, before: int) -> Missing:
    """Everything a peer's list did not show.

    Nor did it come from the peer since we asked: in this very list, or by its stream.
    """

    def lacks(arrival: Arrival) -> bool:
        return arrival.local_index not in marks and not _came(talk, arrival, before)

    return _collect(talk, 0, lacks)


def _came(talk: Talk, arrival: Arrival, before: int) -> bool:
    """Whether the peer gave it to us after local index *before*; then it holds it."""
    return arrival.local_index > before and arrival.origin == talk.peer


def _collect(talk: Talk, cursor: int, lacks: Callable[[Arrival], bool]) -> Missing:
    with talk.replica.file.scanning() as reader:
        missing = Missing(reader.last_index())
        waiting = reader.peers.waiting(talk.peer, talk.now)
        in_vain = reader.peers.in_vain(talk.peer)
        left_out = refused(reader.peers, talk.peer, talk.now)
        given = ours_alone(talk.halves, talk.now).push
        for arrival in _arrivals(reader, cursor, talk.now, missing.cursor):
            if lacks(arrival) and _is_given(given, arrival):
                if arrival.format in left_out:
                    missing.waiting += 1
                else:
                    _add(missing, arrival, waiting, in_vain)
    return missing


def _arrivals(reader: Reader, after: int, now: int, last: int) -> Iterator[Arrival]:
    while arrivals := reader.arrivals(after, now):
        for arrival in arrivals:
            if arrival.local_index > last:
                return  # later than what `cursor` speaks of: the next run's business
            yield arrival
        after = arrivals[-1].local_index


def _is_given(given: Predicate, arrival: Arrival) -> bool:
    return given.is_everything or given.matches(
        arrival.path, arrival.author, arrival.timestamp, arrival.format
    )


def _add(
    missing: Missing, arrival: Arrival, waiting: set[bytes], in_vain: set[bytes]
) -> None:
    if arrival.hash in in_vain:
        missing.in_vain.add(arrival.hash)
    if arrival.hash in waiting:
        missing.waiting += 1
        return
    if not missing.indexes:
        missing.cursor = arrival.local_index - 1
    missing.indexes.setdefault(arrival.format, array("q")).append(arrival.local_index)
