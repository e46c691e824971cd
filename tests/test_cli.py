"""The program `esd` as a person or a service manager meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from esd import __version__
from esd.cli import main
from esd.formats import Keypair, check_keypair
from tests.replicas import NOW, a_document

GOOD = """
[http]
listen = ["127.0.0.1:0"]

[[workspace]]
address = "+canary.garden7q"
alias = "garden"

[[peer]]
name = "home-pub"
url = "https://pub.example.org"
workspaces = ["garden"]
"""

BAD = """
[http]
listen = ["nonsense"]
title = 7
colour = "red"

[[workspace]]
address = "canary.garden7q"
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def esd(home):
    """Runs `python -m esd` for somebody who has nothing configured."""
    known = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "esd", *map(str, arguments)],
            env={**known, "HOME": str(home)},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def config(home):
    def write(text):
        path = home / "esd.toml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


def test_a_good_configuration(esd, config):
    ran = esd("check-config", "--config", config(GOOD))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "good: 1 workspaces, 1 peers\n"


def test_no_configuration_is_a_good_one(esd):
    ran = esd("check-config")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "good: 0 workspaces, 0 peers\n"


def test_the_configuration_is_found_at_home(esd, home, config):
    path = config(BAD)
    (home / ".config/esd").mkdir(parents=True)
    path.rename(home / ".config/esd/esd.toml")
    assert esd("check-config").returncode == 78


def test_an_exposed_configuration_is_good_but_not_well(config, capsys):
    path = config(GOOD)
    path.chmod(0o644)
    assert main(["check-config", "--config", str(path)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("good: ")
    assert told.err.startswith("warning: ")
    assert "chmod 600" in told.err


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_a_bad_configuration_is_told_in_a_line_a_mistake(command, esd, config, home):
    path = config(BAD)
    ran = esd(command, "--config", path)
    assert (ran.returncode, ran.stdout) == (78, "")
    lines = ran.stderr.splitlines()
    places = [f"{path}:3: http.listen", f"{path}:4: http.title", f"{path}:5: http"]
    for line, place in zip(lines, [*places, f"{path}:8: workspace"], strict=True):
        assert place in line
    assert "canary" not in ran.stderr, "a mistake may be an address"
    assert [one.name for one in home.iterdir()] == ["esd.toml"], "nothing was made"


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_a_configuration_that_is_not_there(command, esd, home):
    ran = esd(command, "--config", home / "no.toml")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "no.toml: cannot be read: No such file" in ran.stderr


def test_a_configuration_that_is_no_text(config, capsys):
    path = config("")
    path.write_bytes(b"\0\xff\xfe")
    assert main(["check-config", "--config", str(path)]) == 78
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert f"{path}:1: is not UTF-8 here" in told


def test_a_state_directory_that_cannot_be_used(esd, home):
    ran = esd("run", "--state-dir", "/dev/null/state")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert "the state directory" in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


def test_the_version(esd):
    ran = esd("version")
    assert (ran.returncode, ran.stdout) == (0, f"esd {__version__}\n")


def test_the_version_for_programs(capsys):
    assert main(["version", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["esd"] == __version__
    assert told["python"] == sys.version.split()[0]


def test_a_new_key_pair_signs(esd):
    ran = esd("keygen", "suzy")
    assert (ran.returncode, ran.stderr) == (0, "")
    keypair = Keypair(**json.loads(ran.stdout))
    check_keypair(keypair)
    assert keypair.address.startswith("@suzy.b")
    assert a_document(by=keypair, at=NOW).author == keypair.address


def test_no_two_key_pairs_are_alike(capsys):
    made = set()
    for _ in range(5):
        assert main(["keygen", "suzy"]) == 0
        made.add(capsys.readouterr().out)
    assert len(made) == 5


@pytest.mark.parametrize(
    "name",
    ["", "suz", "suzie", "Suzy", "1uzy", "su y", "süzy", "su.y", "@suz", "suz\n"],
)
def test_a_name_that_no_author_can_have(name, capsys):
    assert main(["keygen", name]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert captured.err.startswith("esd: a shortname is")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["run", "--log-level", "loud"],
        ["run", "--log-format", "xml"],
        ["run", "now"],
        ["keygen"],
        ["check-config", "--config"],
    ],
    ids=" ".join,
)
def test_a_mistake_on_the_command_line(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: esd")


def test_an_unknown_command_as_a_process(esd):
    ran = esd("frobnicate")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "check-config" in ran.stderr, "it says what there is"


def test_help_is_no_mistake(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for command in ("run", "check-config", "version", "keygen"):
        assert command in told
