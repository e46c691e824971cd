"""Documents that stream in as lines of JSON, and the answer to each of them.

They go the same way as a pub's (intake), in groups of lines of which two are under way
at once: while one is written the next is checked. Large ones come one after the other.
Each line is judged by itself, also one that is no document and no JSON at all.
"""

from collections import Counter
from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

import trio

from esd.errors import EsdError
from esd.formats import Document, Predicate, Reason
from esd.pub.problems import Refused
from esd.replica import (
    Outcome,
    Replica,
    Tally,
    Verdict,
    lines_of,
    read_lines,
)
from esd.replica.intake import IN_FLIGHT
from esd.replica.large import LARGE

__all__ = ["PushedLines", "take_in_lines"]


@dataclass(slots=True, kw_only=True)
class PushedLines:
    """One push: how it is to be taken in, and what came of it."""

    replica: Replica
    origin: str
    now: int
    slots: trio.CapacityLimiter  # shared by the daemon
    most: int  # lines
    wanted: Predicate | None = None
    came: int = 0
    judged: dict[int, list[Outcome]] = field(default_factory=dict)  # by first line
    failure: EsdError | None = None

    def check_going_on(self, over: int) -> None:
        if self.failure is not None:
            raise self.failure
        if over > 0:
            raise Refused("too-many-documents", f"at most {self.most}")

    def results(self) -> dict[str, object]:
        """A letter for each line up to one that could not be judged.

        `reasons` tell why some were rejected, `retry` when (µs) it may help to send one
        again that came from the future or is hidden by an ephemeral document. A full
        workspace does not know when it will not be.
        """
        outcomes: list[Outcome] = []
        while len(outcomes) in self.judged:
            outcomes += self.judged[len(outcomes)]
        letters = "".join(outcome.verdict.value for outcome in outcomes)
        reasons = {
            str(place): outcome.reason
            for place, outcome in enumerate(outcomes)
            if outcome.verdict is Verdict.REJECTED
        }
        told: dict[str, object] = {"results": letters, "reasons": reasons}
        retry = {
            str(place): outcome.retry_at
            for place, outcome in enumerate(outcomes)
            if outcome.retry_at is not None
        }
        return {**told, "retry": retry} if retry else told

    @property
    def tally(self) -> Tally:
        """All that were judged, also those that the answer cannot tell of."""
        outcomes = [one for group in self.judged.values() for one in group]
        counted = Counter(outcome.verdict for outcome in outcomes)
        rejected = Counter(
            outcome.reason
            for outcome in outcomes
            if outcome.verdict is Verdict.REJECTED
        )
        accepted, obsolete = counted[Verdict.ACCEPTED], counted[Verdict.OBSOLETE]
        return Tally(accepted=accepted, obsolete=obsolete, rejected=rejected)


async def take_in_lines(pushed: PushedLines, pieces: AsyncIterable[bytes]) -> None:
    """Raises what ends it early, once what was under way is stored."""
    room = trio.Semaphore(IN_FLIGHT)
    failure: EsdError | None = None
    async with trio.open_nursery() as nursery:
        try:
            async with aclosing(lines_of(pieces, pushed.replica.turns)) as groups:
                async for group in groups:
                    lines = group[: pushed.most - pushed.came]
                    await room.acquire()
                    take = partial(_take, pushed, pushed.came, lines, room)
                    pushed.came += len(lines)
                    if max(map(len, group)) > LARGE:  # its turn lasts until then
                        await take()
                    else:
                        nursery.start_soon(take)
                    pushed.check_going_on(len(group) - len(lines))
        except EsdError as exc:
            failure = exc  # raised once the nursery has closed, so that it stays itself
    for problem in (pushed.failure, failure):
        if problem is not None:
            raise problem


async def _take(
    pushed: PushedLines, first: int, lines: Sequence[bytes], room: trio.Semaphore
) -> None:
    replica = pushed.replica
    try:
        async with pushed.slots:
            found = await replica.run(partial(read_lines, lines))
            outcomes = await replica.ingest_each(
                [one for one in found if not isinstance(one, Reason)],
                origin=pushed.origin,
                now=pushed.now,
                wanted=pushed.wanted,
            )
        pushed.judged[first] = list(_in_order(found, outcomes))
    except EsdError as exc:
        pushed.failure = pushed.failure or exc
    finally:
        room.release()


def _in_order(
    found: Sequence[Document | Reason], outcomes: Iterable[Outcome]
) -> Iterator[Outcome]:
    """An outcome for each line; *outcomes* are those of the documents among them."""
    rest = iter(outcomes)
    for one in found:
        if isinstance(one, Reason):
            yield Outcome(Verdict.REJECTED, one)
        else:
            yield next(rest)
