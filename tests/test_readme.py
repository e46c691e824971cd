"""What the README prints is true: its tour runs, as printed, and its table is whole."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TOUR = re.findall(r"^```sh tour\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
TOUR_TIME = 120  # seconds; it takes some ten


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour wants curl")
def test_the_tour_runs_as_printed():
    with tempfile.TemporaryDirectory(prefix="esd-") as name:  # sockets want it short
        folder = Path(name)
        (folder / ".venv").mkdir()
        (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
        script = folder / "tour.sh"
        script.write_text("set -e\n" + "".join(TOUR) + "wait\n")
        told = subprocess.run(
            ["bash", str(script)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TOUR_TIME,
            check=False,
            env={**os.environ, "HOME": name, "NO_COLOR": "1"},
        )
        logs = "".join(log.read_text() for log in folder.glob("tour/*.log"))
    assert told.returncode == 0, told.stdout + told.stderr + logs
    assert told.stdout.count("Water the tomatoes") == 1
    assert told.stdout.count("The tomatoes are watered") == 1
    # The first run of its own accord may have come before the one that is asked for.
    assert re.search("1 peer in sync|in sync with 1 peer", told.stdout + told.stderr)
    assert '"hashes":[]' in told.stdout
    assert '"results":"oo"' in told.stdout
    assert "garden.friends" not in told.stdout + told.stderr + logs


def test_the_tour_has_every_block():
    assert len(TOUR) == 8


def test_the_test_command_is_the_one_that_ci_runs():
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]'"
    assert f"{command} && .venv/bin/pytest\n" in README


def test_every_floor_of_the_house_is_in_the_table():
    packages = {path.stem for path in (ROOT / "esd").iterdir() if path.name[0] != "_"}
    missing = {
        name
        for name in packages - {"py", "units"}
        if not re.search(rf"`{name}\b", README)
    }
    assert not missing
