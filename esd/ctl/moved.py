"""What runs moved, or would have moved, and what finding that out took."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from esd.ctl.facts import Facts
from esd.ctl.times import grouped, plural, size

__all__ = ["Moved", "is_dry"]


def is_dry(runs: Iterable[Facts]) -> bool:
    return any(run.flag("dry_run") for run in runs)


class Moved(NamedTuple):
    """Documents in all workspaces of some runs; octets both ways.

    Where they are `dry` runs, what they would have moved counts as moved.
    """

    dry: bool
    received: int
    sent: int
    rejected: Mapping[str, int]
    rounds: int
    octets: int

    @classmethod
    def in_runs(cls, runs: Sequence[Facts]) -> "Moved":
        parts = [one for run in runs for one in run.parts("workspaces")]
        return cls.in_parts(parts, dry=is_dry(runs))

    @classmethod
    def in_parts(cls, parts: Iterable[Facts], *, dry: bool) -> "Moved":
        """*parts* are workspaces in runs."""
        reports = [one.part("report") for one in parts]
        pulled = [one.part("pulled") for one in reports]
        taken_in = [one.count("accepted") for one in pulled]
        if dry:
            taken_in = [one.count("to_pull") for one in reports]
        traffic = [one.part("traffic") for one in reports]
        return cls(
            dry=dry,
            received=sum(taken_in),
            sent=sum(one.count("to_push" if dry else "sent") for one in reports),
            rejected=_by_reason(one.part("rejected") for one in pulled),
            rounds=sum(one.count("rounds") for one in reports),
            octets=sum(one.count("sent") + one.count("received") for one in traffic),
        )

    @property
    def anything(self) -> bool:
        return bool(self.received or self.sent or self.rejected)

    def tell(self) -> str:
        received, sent = grouped(self.received), grouped(self.sent)
        told = f"received {received}, sent {sent}"
        if self.dry:
            told = f"would pull {received}, would push {sent}"
        return f"{told}, {self.rejections}" if self.rejected else told

    @property
    def rejections(self) -> str:
        """Such as "rejected 3 (bad signature)"."""
        count = sum(self.rejected.values())
        return f"rejected {grouped(count)} ({', '.join(sorted(self.rejected))})"

    @property
    def told_rounds(self) -> str:
        return plural(self.rounds, "round") if self.rounds else ""

    @property
    def told_size(self) -> str:
        return size(self.octets)


def _by_reason(counted: Iterable[Facts]) -> Mapping[str, int]:
    rejected: Counter[str] = Counter()
    for reasons in counted:
        rejected.update({reason: reasons.count(reason) for reason in reasons})
    return rejected
