"""How esdctl starts: at once, so with as little as it can."""

import os
import subprocess
import sys

import pytest

from tests.ctl.answers import PEERS, STATUS, run, started
from tests.ctl.fake import Canned, fake_daemon
from tests.ctl.terminal import on_a_terminal

HEAVY = {"trio", "httpx", "h11", "nacl", "msgspec", "tomli", "rich", "sqlite3"}
HEAVY |= {"dataclasses", "inspect", "http", "email", "ssl"}
OURS = {"places", "errors", "ctl"}

LISTING = """
import sys
from esd.ctl.main import main
code = main()
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""

ANSWERS = {
    "GET /v1/status": Canned(STATUS),
    "GET /v1/peers": Canned(PEERS),
    "POST /v1/syncs": Canned(started(run(7, "home"))),
}


def loaded(*words):
    """The modules in use at the end of a command."""
    with fake_daemon(ANSWERS) as daemon:
        ended = subprocess.run(
            [sys.executable, "-c", LISTING, *words],
            env={**os.environ, "ESD_SOCKET": str(daemon.path)},
            capture_output=True,
            text=True,
            check=True,
        )
    return ended.stderr.split()


@pytest.mark.parametrize(
    "words", [["status", "--json"], ["status"], ["peer", "list"], ["sync"], ["--help"]]
)
def test_it_loads_nothing_heavy(words):
    modules = loaded(*words)
    assert not HEAVY & {name.partition(".")[0] for name in modules}


def test_it_loads_only_the_ground_floor_of_esd():
    ours = {name.split(".")[1] for name in loaded("status") if name.startswith("esd.")}
    assert ours == OURS


def test_it_loads_only_the_noun_that_was_asked_for():
    modules = loaded("status")
    assert "esd.ctl.status" in modules
    assert not {"esd.ctl.peer", "esd.ctl.sync", "esd.ctl.doc"} & set(modules)


def test_a_reader_that_stops_reading_is_no_trouble():
    with fake_daemon(ANSWERS) as daemon:
        ended = subprocess.run(
            f'"{sys.executable}" -m esd.ctl status --json | head -c 1',
            shell=True,
            env={**os.environ, "ESD_SOCKET": str(daemon.path)},
            capture_output=True,
            text=True,
            check=True,
        )
    assert ended.stdout == "{"
    assert ended.stderr == ""


def test_json_is_the_same_on_a_terminal():
    with fake_daemon(ANSWERS) as daemon:
        ended = on_a_terminal("status", "--json", ESD_SOCKET=str(daemon.path))
    assert "\x1b" not in ended.raw
    assert ended.screen[0] == "{"
