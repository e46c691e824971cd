"""Which of the real Earthstar programs this machine has.

They are npm packages, pinned by package-lock.json beside this file and installed into
node_modules/ by `tests/peers/install`; nothing here installs or fetches anything. The
memory pub and client need only node and that tree; whatever keeps its documents in
SQLite also needs the native module that the same program compiles.
"""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
TREE = FOLDER / "node_modules"
PACKAGES = (
    "earthstar-pub",
    "earthstar-6",
    "earthstar-5",
    "earthstar-3",
    "earthstar-2",
    "earthstar-graphql",
    "eventsource",
)
HOW = "run tests/peers/install"

_OPEN_A_DATABASE = "new (require('better-sqlite3'))(':memory:')"


class PeersMissing(Exception):
    """A real program was asked for that this machine does not have."""


def peers_required() -> bool:
    """Whether a machine without the real programs counts as a failure."""
    return os.environ.get("ESD_REQUIRE_PEERS", "") not in {"", "0"}


@cache
def node() -> str:
    """Return the path of node; raise PeersMissing without it or the installed tree."""
    program = shutil.which("node")
    if program is None:
        raise PeersMissing("the real Earthstar programs need node, which is not here")
    absent = [name for name in PACKAGES if not (TREE / name).is_dir()]
    if absent:
        raise PeersMissing(f"not installed: {', '.join(absent)}; {HOW}")
    return program


@cache
def check_sqlite() -> None:
    """Raise PeersMissing unless the programs can keep documents in SQLite."""
    trial = subprocess.run(
        [node(), "--eval", _OPEN_A_DATABASE],
        cwd=FOLDER,
        capture_output=True,
        check=False,
    )
    if trial.returncode != 0:
        raise PeersMissing(f"better-sqlite3 is not compiled for this node; {HOW}")


def versions() -> str:
    """Describe what is here in one line, for people."""
    try:
        described = [f"node {_output([node(), '--version'])}", *map(_version, PACKAGES)]
    except PeersMissing as exc:
        return f"none: {exc}"
    try:
        check_sqlite()
    except PeersMissing as exc:
        return ", ".join([*described, f"no SQLite: {exc}"])
    return ", ".join([*described, _version("better-sqlite3")])


def _version(package: str) -> str:
    about = json.loads((TREE / package / "package.json").read_bytes())
    return f"{about['name']} {about['version']}"


def _output(command: list[str]) -> str:
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    return answer.stdout.strip()
