"""Runs with peers, in words."""

from collections.abc import Iterator, Sequence

from esd.ctl.facts import Facts
from esd.ctl.moved import Moved, is_dry
from esd.ctl.times import plural, span
from esd.ctl.words import shown_state

__all__ = [
    "OVER",
    "is_over",
    "lasted",
    "named",
    "reservation",
    "run_line",
    "summary",
    "went_well",
]

OVER = frozenset({"done", "failed", "cancelled"})
LEVEL = "level"


def is_over(run: Facts) -> bool:
    return run.text("state") in OVER


def went_well(run: Facts) -> bool:
    return run.text("state") == "done"


def lasted(run: Facts) -> float | None:
    """Seconds from its start to its end."""
    started, ended = run.moment("started"), run.moment("ended")
    return (ended - started).total_seconds() if started and ended else None


def named(part: Facts) -> str:
    """The workspace of a part of a run, by the name that its operator gave it."""
    return part.text("alias") or part.text("workspace")


def reservation(part: Facts) -> str:
    """Where a workspace is not level although nothing failed; else empty."""
    standing = part.part("report").text("standing")
    return "" if standing == LEVEL else standing


def run_line(run: Facts) -> str:
    """How one run stands, without the peer's name."""
    words, moved = [shown_state(run.text("state"))], Moved.in_runs([run])
    if moved.anything:
        words.append(moved.tell())
    if is_over(run):
        words += _reservations(run)
    seconds = lasted(run)
    return "; ".join(words) + (f" ({span(seconds)})" if seconds is not None else "")


def _reservations(run: Facts) -> Iterator[str]:
    for one in run.parts("workspaces"):
        if reservation(one):
            yield f"{named(one)} is {reservation(one)}"


def summary(runs: Sequence[Facts], seconds: float) -> str:
    """The sentence at the end; what failed is told beside it."""
    well = sum(map(went_well, runs))
    peers, moved = plural(len(runs), "peer"), Moved.in_runs(runs)
    took = f" ({span(seconds)})"
    if well < len(runs):
        told = f"; {moved.tell()}{took}" if well else ""
        return f"✗ {well} of {peers} {_reached(runs)}{told}"
    if not moved.anything:
        already = "Nothing would move" if moved.dry else "Nothing to do"
        said = " (dry run)" if moved.dry else ""
        return f"{already}, already in sync with {peers}{said}"
    return f"✓ {peers} {_reached(runs)}: {moved.tell()}{took}"


def _reached(runs: Sequence[Facts]) -> str:
    """A dry run says that it was one: its numbers look as if it had moved something."""
    return "compared in a dry run, nothing moved" if is_dry(runs) else "in sync"
