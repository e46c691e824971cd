"""The vectors of es.3 are what the real programs say, where these are installed.

`tests/vectors/es3/install` does that; it needs node and npm.
"""

import shutil
import subprocess

import pytest

from tests.formats.vectors import FOLDER

HERE = FOLDER / "es3"
GROUPS = sorted(HERE.glob("?-*.json"))


def test_no_group_is_missing():
    assert [group.name[0] for group in GROUPS] == list("abcde")


def test_they_come_out_the_same_again(tmp_path):
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "earthstar-3").is_dir():
        pytest.skip("the real programs are not here: run tests/vectors/es3/install")
    subprocess.run([node, HERE / "generate.cjs", tmp_path], check=True, timeout=300)
    for group in GROUPS:
        assert (tmp_path / group.name).read_bytes() == group.read_bytes()
