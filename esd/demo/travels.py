"""What was written where, and when it was there on the other side.

Both sides are watched in the same way: their bell, and then the order of arrival from
where one has read to. So a document's time on its way begins when it is on disk where
it was written, and ends when it is on disk where it arrived.
"""

import json
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import trio

from esd.demo.sides import Side
from esd.replica import LOCAL
from esd.store import Arrival

__all__ = ["Travel", "Travels", "watch"]

RECENT = 100  # a tall terminal shows that many
TIMED = 10_000  # what "median" is of, so that a demo may run for days
UNDER_WAY = 10_000  # one that is replaced before it leaves never arrives


@dataclass(slots=True)
class Travel:
    """One document; times are Trio's, in seconds."""

    path: str
    author: str
    side: str  # where it was written
    written: float
    arrived: float | None = None

    @property
    def took(self) -> float | None:
        return None if self.arrived is None else self.arrived - self.written


class Travels:
    """All that is known of them. `tell` hears of each when it begins and ends."""

    def __init__(self, tell: Callable[[Travel], None]) -> None:
        self.recent: deque[Travel] = deque(maxlen=RECENT)
        self.written: Counter[str] = Counter()  # by side
        self.authors: set[str] = set()
        self.arrived = 0
        self._took: deque[float] = deque(maxlen=TIMED)
        self._under_way: OrderedDict[bytes, Travel] = OrderedDict()
        self._tell = tell

    def began(self, document_hash: bytes, travel: Travel) -> None:
        self._under_way[document_hash] = travel
        if len(self._under_way) > UNDER_WAY:
            self._under_way.popitem(last=False)
        self.recent.append(travel)
        self.written[travel.side] += 1
        self.authors.add(travel.author)
        self._tell(travel)

    def ended(self, document_hash: bytes, now: float) -> None:
        travel = self._under_way.pop(document_hash, None)
        if travel is None:
            return  # written before we looked, or it came by another way too
        travel.arrived = now
        self.arrived += 1
        self._took.append(now - travel.written)
        self._tell(travel)

    def times(self) -> tuple[float, float] | None:
        """The median and the longest time on the way, if anything has arrived."""
        return (median(self._took), max(self._took)) if self._took else None


async def watch(side: Side, travels: Travels) -> None:
    """Tell *travels* of what is written and what arrives here, until cancelled."""
    replica, cursor = side.replica, 0
    while True:
        seen = replica.bell.count
        while page := replica.reader.arrivals(cursor, side.daemon.now()):
            for arrival in page:
                _notice(side, arrival, travels)
            cursor = page[-1].local_index
        await replica.bell.wait_after(seen)


def _notice(side: Side, arrival: Arrival, travels: Travels) -> None:
    now = trio.current_time()
    if arrival.origin != LOCAL:
        travels.ended(arrival.hash, now)
        return
    held = side.replica.reader.wire_at(arrival.local_index, side.daemon.now())
    if held is not None:
        document = json.loads(held[1])
        author = document["author"].partition(".")[0]
        travels.began(arrival.hash, Travel(document["path"], author, side.name, now))
