"""A set of items that follows its replica: those of the documents a predicate matches.

It is read from the store once, and from then on told what came and what went. Being
told something twice does no harm, as long as all is told in order and nothing is left
out in between: so the reading need not be of one moment, if what is committed from its
beginning on is told afterwards.

What has expired is not in the set, whether or not it was removed from the store. So
ephemeral items are also in a heap, by the time they leave. What left does not come
back. Callers bring the time at which they were asked, and then wait for their turn; so
for a `now` a little before that the set is the one of the moment when the last item
left. For one long before, the clock was set, and it is of no use any more (`holds_at`).

No trio here. Nobody may use an index while another thread does; what `look` hands out
is its taker's own.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush, merge
from itertools import islice
from typing import NamedTuple

from esd.formats import FORMATS
from esd.formats.matching import ANY, Predicate
from esd.reconcile import Items, key_of
from esd.reconcile.blocks import Blocks
from esd.reconcile.keys import KEY
from esd.replica.saved import much_changed
from esd.store import Fact, Item, Reader

__all__ = ["Change", "Index", "asks_for_all"]

RUN = 4_096  # keys handled at once; more would hold up all other threads for 10 ms
LATE = 3_600_000_000  # µs: callers wait for minutes at most, and clocks are off by less
STALE = 1_000  # ephemeral items that may be gone before their time, at the least


class Change(NamedTuple):
    """What one commit did: first these went, then those came."""

    came: Sequence[Fact]
    gone: Sequence[Item]

    @property
    def size(self) -> int:
        return len(self.came) + len(self.gone)


class Index:
    """The set for one predicate, without bounds in time that hold for the whole."""

    def __init__(
        self,
        predicate: Predicate,
        reader: Reader,
        saved: tuple[Items, int] | None = None,
    ) -> None:
        """Read it all; for a thread, and a reader of its own.

        What is *saved* is the items of all rows, and how many changes ago: a set of all
        need not be read then.
        """
        self._predicate = predicate
        self._ephemeral: list[tuple[int, bytes]] = []  # a heap: delete_after and key
        self._left_at = -1  # the latest delete_after of what is left out as expired
        if saved is not None and asks_for_all(predicate):
            self._items, self._unsaved = saved
            for key in self._keys(reader.ephemeral_items()):
                self._items.insert(key)
        else:
            self._items = _items_of(self._read(reader))
            self._unsaved = len(self._items)
        heapify(self._ephemeral)

    def __len__(self) -> int:
        """The keys it keeps."""
        return len(self._items) + len(self._ephemeral)

    def _read(self, reader: Reader) -> Iterator[bytes]:
        if _asks_formats_only(self._predicate):
            return self._keys(reader.items(_formats(self._predicate)))
        return _in_order(self._keys(self._matching(reader)))

    def _keys(self, rows: Iterable[tuple[int, bytes, int | None]]) -> Iterator[bytes]:
        for timestamp, document_hash, delete_after in rows:
            key = key_of(timestamp, document_hash)
            if delete_after is not None:
                self._ephemeral.append((delete_after, key))
            yield key

    def _matching(self, reader: Reader) -> Iterator[tuple[int, bytes, int | None]]:
        matches = self._predicate.matches
        for paths in self._predicate.paths or (("", None),):
            for fact in reader.facts(paths):
                path, author, timestamp, format_, delete_after, one = fact
                if matches(path, author, timestamp, format_):
                    yield timestamp, one, delete_after

    def holds_at(self, now: int) -> bool:
        """Whether nothing has left that is living at *now*, or not long before."""
        return now + LATE > self._left_at

    def is_due(self, now: int) -> bool:
        """Whether something leaves by *now*."""
        return bool(self._ephemeral) and self._ephemeral[0][0] < now

    @property
    def is_unsaved(self) -> bool:
        """Whether this is a set to be saved, and far from what was saved last."""
        if not asks_for_all(self._predicate):
            return False
        return much_changed(self._unsaved, len(self._items))

    def was_saved(self) -> None:
        self._unsaved = 0

    def look(self, changes: Iterable[Change], now: int, after: int | None) -> Items:
        """The set after *changes*, at *now*; only timestamps above *after*."""
        for change in changes:
            self._follow(change)
            self._unsaved += change.size
        self._expire(now)
        if after is None:
            return self._items.copy()
        return self._items.between(key_of(max(after + 1, 0), b""))

    def _follow(self, change: Change) -> None:
        for timestamp, document_hash in change.gone:
            self._items.remove(key_of(timestamp, document_hash))
        for path, author, timestamp, format_, delete_after, one in change.came:
            if self._predicate.matches(path, author, timestamp, format_):
                key = key_of(timestamp, one)
                self._items.insert(key)
                if delete_after is not None:
                    heappush(self._ephemeral, (delete_after, key))

    def _expire(self, now: int) -> None:
        while self.is_due(now):
            delete_after, key = heappop(self._ephemeral)
            self._left_at = max(self._left_at, delete_after)
            self._items.remove(key)
        if len(self._ephemeral) > len(self._items) + STALE:
            living = {pair for pair in self._ephemeral if pair[1] in self._items}
            self._ephemeral = sorted(living)


def asks_for_all(predicate: Predicate) -> bool:
    """Whether every document matches that can be in a replica."""
    if not _asks_formats_only(predicate):
        return False
    formats = _formats(predicate)
    return formats is None or formats >= FORMATS.keys()


def _asks_formats_only(predicate: Predicate) -> bool:
    """Every peer names the formats it knows, so this is what most ask."""
    terms = [term for any_of in predicate.lists for term in any_of]
    return not predicate.refuse and all(
        term._replace(format="") == ANY for term in terms
    )


def _formats(predicate: Predicate) -> set[str] | None:
    """Those that all lists name; None: all."""
    named = [{term.format for term in any_of} for any_of in predicate.lists]
    return set.intersection(*named) if named else None


def _in_order(keys: Iterator[bytes]) -> Iterator[bytes]:
    """The same sorted, in many short runs, which are then merged."""
    runs = []
    while run := sorted(islice(keys, RUN)):
        runs.append(b"".join(run))
    return merge(*map(_unpacked, runs))


def _items_of(keys: Iterator[bytes]) -> Items:
    """Of keys in order; straight into blocks, which takes half as long."""
    blocks = Blocks([], [], [])
    while packed := b"".join(islice(keys, RUN)):
        blocks.append(packed)
    return Items(blocks=blocks)


def _unpacked(packed: bytes) -> Iterator[bytes]:
    for begin in range(0, len(packed), KEY):
        yield packed[begin : begin + KEY]
