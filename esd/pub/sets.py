"""The set of items that a question is about, and who pays for its making.

Most callers ask about all there is, in the formats that exist. These sets are few, and
everybody shares them, so nobody is charged for having been the first. Any other query
makes a set of its own, which may take seconds of a core: whoever asks pays for the work
that it took, and for none that others had done meanwhile.
"""

from dataclasses import dataclass
from typing import Self

from esd.formats import Predicate
from esd.pub.asked import AskedQuery
from esd.pub.question import Question
from esd.pub.rates import Rates
from esd.reconcile import Items
from esd.replica import Replica
from esd.replica.effort import measured
from esd.web import Request

__all__ = ["Sought"]


@dataclass(frozen=True, slots=True)
class Sought:
    """What of a replica is asked about, as of *now*. It may wait long for its turn."""

    replica: Replica
    request: Request
    matching: Predicate
    now: int
    is_usual: bool

    @classmethod
    def of(cls, question: Question, asked: AskedQuery, now: int) -> Self:
        """Raises Refused."""
        matching = asked.predicate(question.halves, now)
        replica, request = question.replica, question.request
        return cls(replica, request, matching, now, asked.is_usual(now))

    async def items(self, rates: Rates) -> Items:
        with measured() as effort:
            try:
                return await self.replica.items(self.matching, self.now)
            finally:  # whoever leaves meanwhile has cost us the same
                if not self.is_usual:
                    rates.charge_work(self.request, effort.seconds)
