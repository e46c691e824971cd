"""A few authors who write on both sides, as people do.

Mostly one entry at a time; now and then a page that others write too, where the latest
wins; sometimes many documents at once. One author writes on both sides, as somebody
with two devices does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import trio

from esd.demo.sides import Side
from esd.formats import Keypair, new_keypair

__all__ = ["Writer", "cast"]

SHARED_EVERY = 4  # entries
BURST_EVERY = 9
BURST = 12
PAGES = ("/wiki/compost", "/wiki/bees", "/wiki/tools")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes at a side, and how often."""

    authors: Sequence[Keypair]
    pace: float  # seconds; of the two sides no multiples, so that all orders occur

    async def write(self, side: Side) -> None:
        """Write until cancelled."""
        for number in count(1):
            author = self.authors[number % len(self.authors)]
            for path, content in _entries(side.name, number):
                await side.replica.write(author, path, content, now=side.daemon.now())
            await trio.sleep(self.pace)


def cast() -> tuple[Writer, Writer]:
    """The writers of the left and of the right side, with keys of their own."""
    suzy, zeno, mara = map(new_keypair, ("suzy", "zeno", "mara"))
    return Writer((suzy, zeno), 0.83), Writer((mara, zeno), 1.09)


def _entries(side: str, number: int) -> list[tuple[str, str]]:
    """The paths and contents that come next."""
    if number % BURST_EVERY == 0:
        return [(f"/seeds/{side}/{number}/{i}", f"sort {i}") for i in range(BURST)]
    if number % SHARED_EVERY == 0:
        page = PAGES[number // SHARED_EVERY % len(PAGES)]
        return [(page, f"as of entry {number} of the {side} side")]
    return [(f"/journal/{side}/{number}", f"day {number}: all is growing")]
