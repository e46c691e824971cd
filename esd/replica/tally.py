"""What became of documents offered to a replica: an answer, never an exception.

accepted: stored, and the bell rang. obsolete: we hold the same or a newer one.
rejected: against a rule, counted by its name. `may_pass` says that the same documents
offered again later could fare otherwise without anybody changing them: they came from
the future, hit a bound, or are hidden by an ephemeral document that will expire.
"""

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["QUOTA", "Tally"]

QUOTA = "quota"  # the one reason to reject that is ours and not the format's


@dataclass(slots=True)
class Tally:
    """Counts that add up: total = accepted + obsolete + all rejected."""

    accepted: int = 0
    obsolete: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    may_pass: bool = False

    @property
    def invalid(self) -> int:
        return self.rejected.total()

    @property
    def total(self) -> int:
        return self.accepted + self.obsolete + self.invalid

    def add(self, other: "Tally") -> None:
        self.accepted += other.accepted
        self.obsolete += other.obsolete
        self.rejected.update(other.rejected)
        self.may_pass = self.may_pass or other.may_pass
