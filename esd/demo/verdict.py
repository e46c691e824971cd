"""Whether all of them hold the same at the end, and how that is told.

Totals and states say so all along, but they are the daemons' own word. The verdict is
reached without them: the lists, as they are served to peers, are compared byte for byte
after a last run each way. What a pub holds is asked by a third daemon that begins empty
and knows nobody else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import trio

from esd.demo.sides import PUB, OpenDaemon, Side, open_visitor
from esd.demo.travels import Travels

__all__ = ["Verdict", "judge"]

LAST_RUN = 30.0  # seconds; it takes a few milliseconds


@dataclass(frozen=True, slots=True)
class Holding:
    """What one of them holds: its list, and how many documents that is."""

    name: str
    documents: bytes
    count: int

    @classmethod
    async def of(cls, side: Side, name: str = "") -> "Holding":
        count = side.replica.reader.totals().count
        return cls(name or f"the {side.name} side", await side.documents(), count)

    def told(self) -> str:
        return f"{self.name} {self.count}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What they hold in the end, and what went wrong on the way there."""

    holdings: Sequence[Holding]
    troubles: Sequence[str]

    @property
    def converged(self) -> bool:
        return len({one.documents for one in self.holdings}) == 1

    def summary(self, travels: Travels, lasted: float) -> Iterator[str]:
        left, right = (travels.written[side] for side in ("left", "right"))
        yield (
            f"{lasted:.1f} s, {len(travels.authors)} authors, {left + right} documents"
            f" written: {left} on the left side, {right} on the right side."
        )
        if times := travels.times():
            middle, longest = (round(one * 1000) for one in times)
            yield (
                f"{travels.arrived} arrived on the other side,"
                f" after {middle} ms (median), {longest} ms at most."
            )
        yield from (f"Trouble: {trouble}." for trouble in self.troubles)
        yield self._sentence()

    def _sentence(self) -> str:
        *names, last = (one.name for one in self.holdings)
        if self.converged:
            first = self.holdings[0]
            return (
                f"After a last run each way {', '.join(names)} and {last} hold the same"
                f" {first.count} documents, byte for byte"
                f" ({len(first.documents)} bytes)."
            )
        counts = ", ".join(one.told() for one in self.holdings)
        return f"They did NOT converge. Documents held: {counts}."


async def judge(
    sides: tuple[Side, Side], folder: Path, open_daemon: OpenDaemon, pub: str | None
) -> Verdict:
    """Have the last runs, and compare. Nobody may write meanwhile."""
    left, right = sides
    troubles = [await _last_run(left, "right"), await _last_run(right, "left")]
    if pub is not None:
        troubles.append(await _last_run(left, PUB))
    holdings = [await Holding.of(side) for side in sides]
    if pub is not None:
        with open_visitor(folder, open_daemon, left) as visitor:
            async with trio.open_nursery() as nursery:
                await nursery.start(visitor.daemon.run)
                troubles.append(await _last_run(visitor, PUB))
                holdings.append(await Holding.of(visitor, "the pub"))
                visitor.daemon.stop()
    return Verdict(holdings, [trouble for trouble in troubles if trouble])


async def _last_run(side: Side, peer: str) -> str:
    with trio.move_on_after(LAST_RUN):
        return await side.sync(peer)
    return f"{side.name}: peer {peer}: no end of the last run after {LAST_RUN:.0f} s"
