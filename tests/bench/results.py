"""What a benchmark found: rows with their runs and targets, as a table and as JSON.

A row is the median of its runs, with the least and the most beside it: on a machine
that does other things too, the spread tells how much the median is worth.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

HEADINGS = ("work", "side", "median", "least .. most", "unit", "target", "met")

Machine = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number of one side; `least` and `most` are its target."""

    work: str
    side: str
    runs: Sequence[float]
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def value(self) -> float:
        return median(self.runs)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.least is None and self.most is None:
            return None
        enough = self.least is None or self.value >= self.least
        return enough and (self.most is None or self.value <= self.most)

    @property
    def target(self) -> str:
        if self.least is not None:
            return f">= {_number(self.least)}"
        return "" if self.most is None else f"<= {_number(self.most)}"

    def as_json(self) -> Mapping[str, object]:
        return {
            "work": self.work,
            "side": self.side,
            "value": self.value,
            "unit": self.unit,
            "runs": list(self.runs),
            "target": self.target,
            "met": self.met,
        }


def ratios(
    work: str,
    slower: Sequence[float],
    faster: Sequence[float],
    *,
    side: str,
    least: float | None = None,
) -> Row:
    """How many times faster, run by run: those of one round shared its disturbances."""
    times = [slow / fast for slow, fast in zip(slower, faster, strict=True)]
    return Row(work=work, side=side, runs=times, unit="x", least=least)


def table(rows: Sequence[Row]) -> str:
    """For people: one line a row, in columns."""
    lines: list[tuple[str, ...]] = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    spread = f"{_number(min(row.runs))} .. {_number(max(row.runs))}"
    met = {None: "", True: "yes", False: "NO"}[row.met]
    return (
        row.work,
        row.side,
        _number(row.value),
        spread if len(row.runs) > 1 else "",
        row.unit,
        row.target,
        met,
    )


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(name: str, machine: Machine, rows: Sequence[Row]) -> str:
    found = {"benchmark": name, "machine": machine}
    return json.dumps(found | {"rows": [row.as_json() for row in rows]}, indent=2)
