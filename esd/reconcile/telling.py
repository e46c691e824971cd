"""One message of ours, made while we go through the ranges of theirs.

Both roles go through them in order and keep the position that they have told up to. A
fingerprint that is also ours is skipped; for another one we tell the range in more
detail. What to do with a list of ids is the difference between the roles.

The message is closed early, with one fingerprint of all that comes after, where it
would grow over its frame; where it took more work than an answer may, as thousands of
tiny ranges would; and where the initiator has learned of MOST_IDS differences: a peer
that says it has nothing would otherwise make us list a million ids at once.

All that comes after is then searched again from the top. So when little is left of the
frame or the work, we say less of each range, just our own fingerprint of it: the peer
goes on from there, and not from the top. The reference does not. It also drops the
range that it had no room for, and closes with the fingerprint of what comes after that,
which the message lets stand for both; the two then differ, nearly always, and a round
is lost.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from esd.reconcile.fingerprints import fingerprint_of
from esd.reconcile.items import Items
from esd.reconcile.keys import ID, INFINITY, ZERO, separating
from esd.reconcile.messages import Fingerprint, IdList, Range, Skip, Writer
from esd.reconcile.splitting import Splitting

__all__ = ["MOST_IDS", "Answering", "Asking", "Telling"]

MOST_IDS = 1 << 16  # of each kind; 5 MB as objects, and some 40 ms

# Ranges looked at or told in one message: 4,096 for a frame of 128 KiB, some 50 ms. An
# honest message of that size tells 5,500, and is then answered in two.
_LEAST_WORK = 1 << 12
_FRAME_A_RANGE = 32  # bytes

# Of the frame and the work, kept for saying little of many ranges. Where 1,000 of a
# million items differ anywhere, it saves 3 rounds of 12 and a quarter of the bytes.
_SCARCE = 1 / 4

# Items whose ids are added up for themselves. For a sum up to a position some 24 are.
_FEW = 16

# Bytes of a frame that are left for what closes it: a skip, the bound of a list that is
# cut, and a fingerprint. The reference keeps as many.
_SLACK = 200


class Telling(ABC):
    """Goes through their ranges over one set of items, and writes ours."""

    def __init__(self, items: Items, splitting: Splitting, frame: int) -> None:
        self.writer = Writer()
        self._items = items
        self._splitting = splitting
        self._room = frame - _SLACK
        self._enough = frame * (1 - _SCARCE)
        self._work = max(_LEAST_WORK, frame // _FRAME_A_RANGE)
        self._little = self._work * _SCARCE
        # A range ends where the next one begins, and where its last bucket does.
        self._position = cache(items.position)
        self._sum_before = cache(items.sum_before)

    def begin(self) -> None:
        """Tell everything, to whom nothing was told yet."""
        count = len(self._items)
        self._tell_cut(self._splitting.first_cuts(count), 0, count, INFINITY)

    def go_through(self, ranges: Iterable[Range]) -> None:
        lower = ZERO
        for theirs in ranges:
            if isinstance(theirs, Skip):
                self.writer.skip(theirs.upper)
            elif not self._answer(theirs, lower):
                return
            lower = theirs.upper

    def _answer(self, theirs: Fingerprint | IdList, lower: bytes) -> bool:
        """Answer a range of theirs; return False where that closed the message."""
        self._work -= 1
        first, last = self._position(lower), self._position(theirs.upper)
        if isinstance(theirs, Fingerprint):
            return self._compare(theirs, first, last)
        last = self._take_ids(theirs, first, last)
        if self._is_full():
            self._close(last)
            return False
        return True

    @abstractmethod
    def _take_ids(self, theirs: IdList, first: int, last: int) -> int:
        """Deal with all their ids between two positions; return how far it got."""

    def _compare(self, theirs: Fingerprint, first: int, last: int) -> bool:
        """Skip or tell a range; return whether there was room for it, else close."""
        mark = self.writer.mark()
        if self._fingerprint(first, last) == theirs.digest:
            self.writer.skip(theirs.upper)
        else:
            self._tell(first, last, theirs.upper)
        if not self._is_full():
            return True
        self.writer.rewind(mark)
        if self._splitting.plain_frames:
            self.writer.drop_skip()
            first = last
        self._close(first)
        return False

    def _tell(self, first: int, last: int, upper: bytes) -> None:
        count = last - first
        briefly = count and self._is_scarce()
        cuts = [0, count] if briefly else self._splitting.cuts(count)
        self._tell_cut(cuts, first, last, upper)

    def _tell_cut(
        self, cuts: Sequence[int], first: int, last: int, upper: bytes
    ) -> None:
        if not cuts:
            self.writer.id_list(upper, self._items.ids(first, last))
        for begin, end in pairwise(first + cut for cut in cuts):
            self._work -= 1
            bound = upper if end == last else self._bound_before(end)
            self.writer.fingerprint(bound, self._fingerprint(begin, end))

    def _bound_before(self, position: int) -> bytes:
        return separating(self._items[position - 1], self._items[position])

    def _fingerprint(self, first: int, last: int) -> bytes:
        count = last - first
        if count <= _FEW:
            id_sum = self._items.sum_between(first, last)
        else:
            id_sum = self._sum_before(last) - self._sum_before(first)
        return fingerprint_of(id_sum, count)

    def _is_scarce(self) -> bool:
        if self._splitting.plain_frames:
            return False
        return self.writer.size > self._enough or self._work < self._little

    def _is_full(self) -> bool:
        return self.writer.size > self._room or self._work < 0

    def _close(self, first: int) -> None:
        rest = self._fingerprint(first, len(self._items))
        self.writer.fingerprint(INFINITY, rest)


class Answering(Telling):
    """The responder's: a list is answered by ours, as far as the frame reaches."""

    def _take_ids(self, theirs: IdList, first: int, last: int) -> int:
        fitting = (self._room - self.writer.size) // ID + 1
        upper = theirs.upper
        if last - first > fitting:
            last = first + fitting
            upper = self._items[last]
        self.writer.id_list(upper, self._items.ids(first, last))
        return last


class Asking(Telling):
    """The initiator's: a list tells what only we have, and what only they do."""

    def __init__(self, items: Items, splitting: Splitting, frame: int) -> None:
        super().__init__(items, splitting, frame)
        self.have: list[bytes] = []
        self.need: list[bytes] = []

    def _take_ids(self, theirs: IdList, first: int, last: int) -> int:
        if last - first > MOST_IDS:
            self._tell(first, last, theirs.upper)
            return last
        ours = dict.fromkeys(self._items.ids(first, last))
        listed = dict.fromkeys(theirs.ids)
        self.have += [one for one in ours if one not in listed]
        self.need += [one for one in listed if one not in ours]
        self.writer.skip(theirs.upper)
        if max(len(self.have), len(self.need)) > MOST_IDS:
            self._work = -1  # more than this message may take
        return last
