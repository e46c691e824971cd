"""The floors of the house, and what each floor refuses to know."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "esd"

FLOOR = {
    "errors": 0, "bell": 0, "events": 0, "places": 0,
    "formats": 1, "reconcile": 1,
    "store": 2, "web": 2,
    "replica": 3,
    "sync": 4, "pub": 4,
    "control": 5,
    "config": 6, "log": 6, "metrics": 6, "systemd": 6, "service": 6,
    "daemon": 7,
    "cli": 8, "demo": 8, "ctl": 8, "__main__": 9,
}  # fmt: skip
# Floor 0 is plain parts, one made of another; the command line starts the demo.
SAME_FLOOR = {("events", "bell"), ("cli", "demo")}

ONLY_IN = {
    "nacl": {"formats.keys"},
    "sqlite3": {"store"},
    "h11": {"web.connection"},
    "httpx": {"sync.client"},
    "tomli": {"config"},
    "tomllib": set(),
}
NO_TRIO = {"formats", "reconcile", "store", "config", "sync.schedule", "sync.status"}
CONFIG_READERS = {"daemon", "cli"}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        if parts:
            found[".".join(parts)] = path
    return found


def imports(path: Path) -> list[str]:
    """Every imported name, absolute; relative imports are refused by ruff (TID)."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


MODULES = modules()


@pytest.mark.parametrize("module", list(MODULES))
def test_imports_point_down(module):
    here = module.split(".")[0]
    for name in imports(MODULES[module]):
        first, *rest = name.split(".")
        if first != "esd" or not rest or rest[0] in (here, "__version__"):
            continue
        if (here, rest[0]) not in SAME_FLOOR:
            assert FLOOR[rest[0]] < FLOOR[here], f"{module} imports {name}: upwards"
        if rest[0] == "config":
            assert here in CONFIG_READERS, f"{module} imports {name}"


@pytest.mark.parametrize("module", list(MODULES))
def test_guarded_libraries_stay_in_their_one_place(module):
    for name in imports(MODULES[module]):
        for guarded, places in ONLY_IN.items():
            if f"{name}.".startswith(f"{guarded}."):
                assert module in places or module.split(".")[0] in places, (
                    f"{module} imports {name}"
                )


@pytest.mark.parametrize("module", list(MODULES))
def test_what_decides_knows_no_trio(module):
    pure = module in NO_TRIO or module.split(".")[0] in NO_TRIO
    if pure:
        assert not [n for n in imports(MODULES[module]) if n.split(".")[0] == "trio"]


@pytest.mark.parametrize("module", list(MODULES))
def test_no_file_is_longer_than_a_reader_bears(module):
    assert len(MODULES[module].read_text().splitlines()) <= 300
