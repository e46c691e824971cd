"""Where the peers are required, no test may hide: pytest is run on small test files."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

SKIPPED = "import pytest\n\ndef test_a():\n    pytest.skip('because')\n"
SKIPPED_BY_FIXTURE = """
import pytest

@pytest.fixture
def absent():
    pytest.skip('because')

def test_a(absent): ...
"""
SKIPPED_BY_MARK = """
import pytest

@pytest.mark.skipif(True, reason='because')
def test_a(): ...
"""
SKIPPED_AS_A_FILE = "import pytest\n\npytest.skip('because', allow_module_level=True)\n"
ALL_SKIPS = {
    "test_in_the_test.py": SKIPPED,
    "test_by_a_fixture.py": SKIPPED_BY_FIXTURE,
    "test_by_a_mark.py": SKIPPED_BY_MARK,
    "test_as_a_file.py": SKIPPED_AS_A_FILE,
}

EXPECTED_TO_FAIL = """
import pytest

@pytest.mark.xfail
def test_a():
    assert False
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    exit_code: int
    output: str


def run_pytest(folder: Path, files: Mapping[str, str], *, required: bool) -> Run:
    for name, text in files.items():
        (folder / name).write_text(text)
    alone = ["-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider"]
    on = ["--continue-on-collection-errors", "-p", "tests.peers.plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *on, *alone],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "ESD_REQUIRE_PEERS": "1" if required else "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(exit_code=done.returncode, output=done.stdout)


def test_every_skip_fails_a_run_that_requires_the_peers(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, ALL_SKIPS, required=True)
    assert run.exit_code == pytest.ExitCode.TESTS_FAILED
    for name in ALL_SKIPS:
        assert re.search(rf"^(FAILED|ERROR) {name}", run.output, re.MULTILINE)
    assert "skipped where nothing may be: Skipped: because" in run.output


def test_a_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, ALL_SKIPS, required=False)
    assert "4 skipped" in run.output


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    files = {"test_it.py": EXPECTED_TO_FAIL}
    run = run_pytest(tmp_path, files, required=True)
    assert run.exit_code == pytest.ExitCode.OK
    assert "real peers: " in run.output
