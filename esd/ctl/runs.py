"""What runs with peers did, in numbers and in words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from esd.ctl.facts import Facts
from esd.ctl.times import grouped, plural, size, span
from esd.ctl.words import shown_state

__all__ = ["OVER", "Moved", "is_over", "lasted", "run_line", "summary", "went_well"]

OVER = frozenset({"done", "failed", "cancelled"})
LEVEL = "level"


class Moved(NamedTuple):
    """Documents that a run moved, over all its workspaces; octets both ways."""

    received: int
    sent: int
    rejected: Mapping[str, int]
    octets: int

    @classmethod
    def in_runs(cls, runs: Iterable[Facts]) -> "Moved":
        reports = [
            one.part("report") for run in runs for one in run.parts("workspaces")
        ]
        rejected: Counter[str] = Counter()
        for report in reports:
            reasons = report.part("pulled").part("rejected")
            rejected.update({reason: reasons.count(reason) for reason in reasons})
        traffic = [report.part("traffic") for report in reports]
        return cls(
            received=sum(one.part("pulled").count("accepted") for one in reports),
            sent=sum(one.count("sent") for one in reports),
            rejected=rejected,
            octets=sum(one.count("sent") + one.count("received") for one in traffic),
        )

    @property
    def anything(self) -> bool:
        return bool(self.received or self.sent or self.rejected)

    def tell(self) -> str:
        told = f"received {grouped(self.received)}, sent {grouped(self.sent)}"
        return f"{told}, {self.rejections}" if self.rejected else told

    @property
    def rejections(self) -> str:
        """Such as "rejected 3 (bad signature)"."""
        count = sum(self.rejected.values())
        return f"rejected {grouped(count)} ({', '.join(sorted(self.rejected))})"

    @property
    def told_size(self) -> str:
        return size(self.octets)


def is_over(run: Facts) -> bool:
    return run.text("state") in OVER


def went_well(run: Facts) -> bool:
    return run.text("state") == "done"


def lasted(run: Facts) -> float | None:
    """Seconds from its start to its end."""
    started, ended = run.moment("started"), run.moment("ended")
    return (ended - started).total_seconds() if started and ended else None


def run_line(run: Facts) -> str:
    """How one run stands, without the peer's name."""
    words, moved = [shown_state(run.text("state"))], Moved.in_runs([run])
    if moved.anything:
        words.append(moved.tell())
    words += _reservations(run)
    seconds = lasted(run)
    return "; ".join(words) + (f" ({span(seconds)})" if seconds is not None else "")


def _reservations(run: Facts) -> list[str]:
    """What is not level although nothing failed."""
    apart = []
    for one in run.parts("workspaces"):
        standing = one.part("report").text("standing")
        if is_over(run) and standing not in ("", LEVEL):
            apart.append(f"{one.text('workspace')} is {standing}")
    return apart


def summary(runs: Sequence[Facts], seconds: float) -> str:
    """The sentence at the end; what failed is told beside it."""
    well = [run for run in runs if went_well(run)]
    peers = plural(len(runs), "peer")
    if len(well) < len(runs):
        told = f"; {Moved.in_runs(runs).tell()} ({span(seconds)})" if well else ""
        return f"✗ {len(well)} of {peers} in sync{told}"
    moved = Moved.in_runs(runs)
    if not moved.anything:
        return f"Nothing to do, already in sync with {peers}"
    return f"✓ {peers} in sync: {moved.tell()} ({span(seconds)})"
