"""On what it was measured: without this a number says nothing."""

import os
import platform
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

import nacl

from esd import __version__
from tests.peers.real import versions

SYNCS = 20  # enough to see what a commit costs on this disk


def machine(folder: Path) -> dict[str, str | int | float]:
    """The machine and its programs; *folder* is where the benchmark keeps its files."""
    return {
        "cpu": _field(Path("/proc/cpuinfo"), "model name"),
        "cores": os.cpu_count() or 0,
        "memory": _field(Path("/proc/meminfo"), "MemTotal"),
        "system": platform.platform(),
        "disk": _file_system(folder),
        "fsync_ms": _fsync_ms(folder),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "pynacl": nacl.__version__,
        "esd": __version__,
        "real": versions(),
        "load_before": os.getloadavg()[0],
    }


def described(facts: Mapping[str, object]) -> str:
    return "\n".join(f"{name:12} {value}" for name, value in facts.items())


def _field(file: Path, name: str) -> str:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def _file_system(folder: Path) -> str:
    """The type of the file system that *folder* is on: that of the longest mount."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [m for m in mounts if folder.resolve().is_relative_to(m[1])]
    return max(holding, key=lambda mount: len(mount[1]))[2]


def _fsync_ms(folder: Path) -> float:
    """What it takes until four KiB are durable, on the average."""
    file = folder / "fsync"
    with file.open("wb", buffering=0) as out:
        begun = time.perf_counter()
        for _ in range(SYNCS):
            out.write(b"x" * 4096)
            os.fsync(out.fileno())
        passed = time.perf_counter() - begun
    file.unlink()
    return round(passed / SYNCS * 1000, 3)
