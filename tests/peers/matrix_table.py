"""The matrix as the README shows it: `python -m tests.peers.matrix_table` has all the
conversations, and writes there what came of them.

✓ is a cell whose test passed in that run and ✗ one whose test failed; where nothing is,
the program has no such way.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Set
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from tests.peers.matrix import CELLS, ROWS, Row
from tests.peers.matrix_stage import Way

__all__ = ["README", "shown_in", "table"]

README = Path(__file__).parents[2] / "README.md"
TESTS = Path(__file__).parent / "test_matrix.py"

HEADINGS = ("program", "found in", "format", *Way)
WORKED, FAILED, NONE = "✓", "✗", ""
ACCOUNT = "\\*"

BEGIN = "<!-- written by python -m tests.peers.matrix_table -->\n"
END = "<!-- so far -->\n"
SECTION = re.compile(f"(?<={re.escape(BEGIN)})(.*?)(?={re.escape(END)})", re.DOTALL)


def table(worked: Set[str]) -> str:
    """In Markdown; *worked* are the cells, by id, that did."""
    rows = [HEADINGS, ["---"] * len(HEADINGS), *(_shown(row, worked) for row in ROWS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(row: Row, worked: Set[str]) -> list[str]:
    def mark(way: Way) -> str:
        if way not in row.cells:
            return NONE
        return WORKED if row.cell_id(way) in worked else FAILED

    program = row.program + (ACCOUNT if row.account else "")
    return [program, row.found_in, ", ".join(row.formats), *map(mark, Way)]


def shown_in(readme: str) -> str:
    """The table that *readme* holds."""
    (shown,) = SECTION.findall(readme)
    return str(shown)


def outcomes() -> Mapping[str, bool]:
    """Run the tests; whether each cell worked that they came to."""
    with TemporaryDirectory(prefix="esd-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
        subprocess.run([*command, str(TESTS)], check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))
    return {
        case.get("name", "").partition("[")[2].removesuffix("]"): len(case) == 0
        for case in cases
        if case.find("skipped") is None
    }


def main() -> int:
    worked = outcomes()
    if set(worked) != set(CELLS):
        print("the README stays as it is: not every cell could be tried")
        return 1
    shown = table({cell for cell, it_did in worked.items() if it_did})
    README.write_text(SECTION.sub(lambda _: shown, README.read_text()))
    return 0 if all(worked.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
