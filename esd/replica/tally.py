"""What became of documents offered to a replica: an answer, never an exception.

accepted: stored, and the bell rang. obsolete: we hold the same or a newer one.
rejected: against a rule, named by `reason`. Offered again later the same document may
fare otherwise without anybody changing it: it came from the future, hit a bound of
ours, or is hidden by an ephemeral document that will expire.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

__all__ = ["OURS", "QUERY", "QUOTA", "Outcome", "Tally", "Verdict"]

# The reasons to reject that are ours and not the format's: they say nothing about who
# sent the documents.
QUOTA = "quota"
QUERY = "query"  # valid perhaps, but nothing that we want
OURS = (QUOTA, QUERY)


class Verdict(StrEnum):
    """As one letter, which goes on the wire."""

    ACCEPTED = "a"
    OBSOLETE = "o"
    REJECTED = "r"


class Outcome(NamedTuple):
    """Of one document; `retry_at` (µs) is when it may fare otherwise, where known."""

    verdict: Verdict
    reason: str = ""
    retry_at: int | None = None


@dataclass(slots=True)
class Tally:
    """Counts that add up: total = accepted + obsolete + all rejected.

    `new` are besides: those that were only compared, and not offered.
    """

    accepted: int = 0
    obsolete: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    new: int = 0
    may_pass: bool = False

    @property
    def invalid(self) -> int:
        return self.rejected.total()

    @property
    def faults(self) -> int:
        """Those invalid through no rule of ours."""
        return self.invalid - sum(self.rejected[reason] for reason in OURS)

    @property
    def total(self) -> int:
        return self.accepted + self.obsolete + self.invalid

    def count(self, outcomes: Iterable[Outcome]) -> None:
        for outcome, times in Counter(outcomes).items():
            verdict, reason, retry_at = outcome
            match verdict:
                case Verdict.ACCEPTED:
                    self.accepted += times
                case Verdict.OBSOLETE:
                    self.obsolete += times
                case Verdict.REJECTED:
                    self.rejected[reason] += times
            if retry_at is not None or reason == QUOTA:
                self.may_pass = True

    def add(self, other: "Tally") -> None:
        self.accepted += other.accepted
        self.obsolete += other.obsolete
        self.rejected.update(other.rejected)
        self.new += other.new
        self.may_pass = self.may_pass or other.may_pass
