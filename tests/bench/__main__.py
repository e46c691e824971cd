"""`python -m tests.bench WHAT`: measure, and print a table (and JSON).

Nothing here passes or fails: it is for people, on a machine that does nothing else
meanwhile. Its files are kept in a folder on a real disk, because durability is part of
what is measured.
"""

import argparse
import os
from pathlib import Path

import trio

from tests.bench import ingest, live, reconcile, sync
from tests.bench.machine import described, machine
from tests.bench.results import as_json, table

BENCHMARKS = {
    "sync": sync.measure,
    "ingest": ingest.measure,
    "reconcile": reconcile.measure,
    "live": live.measure,
}
QUICK_DOCUMENTS, QUICK_RUNS = 1_000, 1


def main() -> None:
    arguments = _parser().parse_args()
    if arguments.quick:
        arguments.documents, arguments.runs = QUICK_DOCUMENTS, QUICK_RUNS
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    facts = machine(folder)
    rows = trio.run(
        BENCHMARKS[arguments.benchmark], arguments.documents, arguments.runs, folder
    )
    facts["load_after"] = os.getloadavg()[0]
    print(described(facts), table(rows), sep="\n\n")
    if arguments.json is not None:
        arguments.json.write_text(as_json(arguments.benchmark, facts, rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="only see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path.home() / ".cache" / "esd-bench",
        help="on the disk to be measured; keeps the real documents from run to run",
    )
    return parser


if __name__ == "__main__":
    main()
