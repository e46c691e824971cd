"""What runs did, workspace by workspace, in tables for 80 columns.

WHAT is the column for all that is not as usual; mostly it is empty.
"""

from collections.abc import Sequence

from esd.ctl.facts import Facts
from esd.ctl.moved import Moved, is_dry
from esd.ctl.runs import named, reservation
from esd.ctl.table import Table
from esd.ctl.times import grouped
from esd.ctl.words import shown_state

__all__ = ["of_one_run", "of_runs"]

MOST_ROWS = 20  # as many as one reads; of more, only those with something to tell
DONE = "done"


def of_one_run(run: Facts) -> Table:
    """For one who looks at a single run."""
    counted = _counted([run])
    header = ("WORKSPACE", "STATE", "LEVEL", *counted, "WHAT")
    table = Table(header, right=set(counted), state="STATE")
    for part in run.parts("workspaces"):
        state = shown_state(part.text("state"))
        table.add(named(part), state, *_cells(run, part), _unusual(part))
    return table


def of_runs(runs: Sequence[Facts]) -> tuple[Table, int]:
    """For one who waited for these; and how many rows were left out."""
    counted = _counted(runs)
    header = ("PEER", "WORKSPACE", "LEVEL", *counted, "WHAT")
    table = Table(header, right=set(counted))
    rows = [(run, part) for run in runs for part in run.parts("workspaces")]
    shown = rows
    if len(rows) > MOST_ROWS:
        shown = [(run, part) for run, part in rows if _is_worth_a_row(run, part)]
    for run, part in shown:
        state = part.text("state")
        what = "; ".join(filter(None, (state * (state != DONE), _unusual(part))))
        table.add(run.text("peer"), named(part), *_cells(run, part), what)
    return table, len(rows) - len(shown)


def _counted(runs: Sequence[Facts]) -> Sequence[str]:
    moved = ("TO PULL", "TO PUSH") if is_dry(runs) else ("IN", "OUT")
    return "ROUNDS", *moved, "BYTES"


def _cells(run: Facts, part: Facts) -> Sequence[str]:
    moved = Moved.in_parts([part], dry=is_dry([run]))
    rounds = grouped(moved.rounds) if moved.rounds else ""  # classic pubs have none
    counts = grouped(moved.received), grouped(moved.sent)
    return part.part("report").text("level"), rounds, *counts, moved.told_size


def _is_worth_a_row(run: Facts, part: Facts) -> bool:
    moved = Moved.in_parts([part], dry=is_dry([run]))
    return moved.anything or bool(_unusual(part)) or part.text("state") != DONE


def _unusual(part: Facts) -> str:
    report, moved = part.part("report"), Moved.in_parts([part], dry=False)
    words = [reservation(part)]
    if moved.rejected:
        words.append(moved.rejections)
    if report.count("taken") < moved.sent:
        words.append(f"it took {grouped(report.count('taken'))}")
    for name, what in (("too_big", "too big for it"), ("waiting", "refused before")):
        if report.count(name):
            words.append(f"{grouped(report.count(name))} {what}")
    return "; ".join(filter(None, words))
