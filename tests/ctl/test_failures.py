"""How it fails: the first thing that is wrong, what to do, and the exit code."""

import os
import socket
import stat
from contextlib import contextmanager
from io import StringIO

import pytest

from esd.ctl.connecting import _unreachable
from esd.ctl.exit_codes import ExitCode
from esd.ctl.main import Surroundings, run
from tests.ctl.answers import EVENT, LAGGED, NOT_READY, PEERS, READY, STATE, STATUS
from tests.ctl.fake import OURS, Canned, fake_daemon, lines, problem
from tests.ctl.running import Clock, esdctl

NOBODY = 65_534


def called(words, answers, **given):
    with fake_daemon(answers) as daemon:
        return esdctl(*words.split(), socket=daemon.path, **given)


def test_no_socket(tmp_path):
    path = tmp_path / "control.sock"
    ended = esdctl("status", socket=path)
    assert ended.stderr == (
        f"esdctl: esd is not running (no socket at {path})\n"
        "  Try: systemctl --user start esd, or esd run\n"
    )
    assert ended.code == ExitCode.NOT_RUNNING
    assert ended.stdout == ""


def test_no_socket_of_the_system():
    ended = esdctl("status", "--socket", "/run/esd/control.sock")
    assert "Try: systemctl start esd\n" in ended.stderr


def test_nobody_listens(tmp_path):
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    ended = esdctl("status", socket=path)
    assert "esd is not running (nobody listens at" in ended.stderr
    assert ended.code == ExitCode.NOT_RUNNING


def test_no_rights_names_the_group(tmp_path):
    failure = _unreachable(tmp_path, PermissionError(13, "Permission denied"))
    group = tmp_path.group()
    expected = "esd" if group == "root" else group
    assert failure.code == ExitCode.DENIED
    assert f"sudo usermod -aG {expected} $USER" in failure.hint


@contextmanager
def nobody():
    """Without root's rights: to root nothing is forbidden."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def test_no_rights(tmp_path):
    path = tmp_path / "control.sock"
    around = Surroundings(StringIO(), StringIO(), StringIO())
    with socket.socket(socket.AF_UNIX) as locked:
        locked.bind(str(path))
        path.chmod(stat.S_IRUSR)
        locked.listen()
        with nobody():
            code = run(["status", "--socket", str(path)], around)
    assert code == ExitCode.DENIED
    assert "usermod" in around.stderr.getvalue()


def test_a_path_too_long(tmp_path):
    ended = esdctl("status", socket=tmp_path / ("s" * 120))
    assert "cannot use the socket" in ended.stderr
    assert ended.code == ExitCode.FAILED


def test_an_answer_that_breaks_off():
    ended = called("status", {"GET /v1/status": Canned(STATUS, breaks_off=True)})
    assert ended.stderr.startswith("esdctl: esd hung up before its answer was whole\n")
    assert ended.code == ExitCode.FAILED


def test_somebody_silent_listens(tmp_path):
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        ended = esdctl("status", "--timeout", "0", socket=path)
    assert ended.stderr.startswith("esdctl: esd did not answer within 1 s\n")
    assert ended.code == ExitCode.TIMED_OUT


REFUSALS = {
    "unknown": (
        problem(404, "peer-not-found", "There is no such peer", hint="there is: home"),
        ExitCode.NOT_FOUND,
        "esdctl: There is no such peer\n  there is: home\n",
    ),
    "forbidden": (
        problem(403, "browser-refused", "This API is not for browsers"),
        ExitCode.DENIED,
        "esdctl: This API is not for browsers\n",
    ),
    "one field": (
        problem(
            422,
            "invalid-value",
            "A value is not valid",
            detail="$.seconds: must be above 0",
            errors=[{"path": "$.seconds", "message": "must be above 0"}],
        ),
        ExitCode.FAILED,
        "esdctl: A value is not valid: $.seconds: must be above 0\n",
    ),
    "no words": (
        Canned(b"", 500, headers=OURS | {"X-Words": "none"}, kind="text/plain"),
        ExitCode.FAILED,
        "esdctl: esd answered 500\n",
    ),
}


@pytest.mark.parametrize("case", list(REFUSALS))
def test_a_refusal_is_told_in_the_daemons_words(case):
    refusal, code, told = REFUSALS[case]
    ended = called("peer show home", {"GET /v1/peers/home": refusal})
    assert ended.stderr == told
    assert ended.code == code


def test_each_mistake_of_a_configuration_is_a_line():
    errors = [
        {"file": "/e.toml", "key": "peer", "line": 3, "message": "must have a name"},
        {"file": "/e.toml", "key": "http.listen", "line": None, "message": "is bad"},
    ]
    refusal = problem(
        422,
        "config-invalid",
        "The configuration cannot be used; the old one stays",
        detail="all of it once more",
        hint="correct the file, then try again: esdctl reload",
        errors=errors,
    )
    ended = called("reload", {"POST /v1/config/reload": refusal})
    assert ended.stderr == (
        "esdctl: The configuration cannot be used; the old one stays\n"
        "  /e.toml:3: peer must have a name\n"
        "  /e.toml: http.listen is bad\n"
        "  correct the file, then try again: esdctl reload\n"
    )
    assert ended.code == ExitCode.FAILED


def test_another_version_is_told_once():
    theirs = {"Esd-Version": "9.9.9", "Esd-Api": "1"}
    answers = {
        "GET /v1/peers": Canned(PEERS, headers=theirs),
        "POST /v1/peers/home/resume": Canned({"changed": False}, headers=theirs),
        "POST /v1/peers/bob/resume": Canned({"changed": False}, headers=theirs),
        "POST /v1/peers/cafe/resume": Canned({"changed": False}, headers=theirs),
    }
    ended = called("peer resume --all", answers)
    assert ended.stderr == (
        "esdctl: esd is version 9.9.9, esdctl 0.1.0; restart esd after an update\n"
    )
    assert ended.code == 0


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (OURS | {"Esd-Api": "2"}, "esd 0.1.0 speaks control API 2, this esdctl only 1"),
        ({}, "whoever listens on the socket is not esd"),
    ],
    ids=["another API", "not esd"],
)
def test_another_api_is_not_spoken_to(headers, told):
    ended = called("status", {"GET /v1/status": Canned(STATUS, headers=headers)})
    assert ended.stderr.startswith(f"esdctl: {told}\n")
    assert ended.stdout == ""
    assert ended.code == ExitCode.FAILED


def test_an_api_that_also_speaks_ours():
    both = OURS | {"Esd-Api": "2, 1"}
    assert called("status", {"GET /v1/status": Canned(STATUS, headers=both)}).code == 0


def test_fields_we_do_not_expect_are_not_known():
    strange = Canned(
        {"peers": [{"name": 5, "runtime": [1]}, "peer"], "more": 1},
        headers=OURS | {"Esd-Version": "0.2.0"},
    )
    ended = called("peer list", {"GET /v1/peers": strange})
    assert ended.code == 0
    assert "\n5" in ended.stdout


@pytest.mark.parametrize(
    "line",
    [
        "bogus",
        "peer",
        "peer shw",
        "peer show",
        "peer show home too",
        "status --bogus",
        "status --color pink",
        "status --timeout soon",
        "peer pause home --for 2x",
        "peer pause",
        "peer pause home --all",
        "doc ls",
        "doc set garden /x --file /nowhere/at/all",
        "api GET v1/status",
        "api GET http://esd/v1/status",
        "sync show seven",
        "",
    ],
)
def test_a_mistake_on_the_command_line_is_exit_code_2(line):
    ended = esdctl(*line.split(), socket="/nowhere")
    assert ended.code == ExitCode.USAGE
    assert ended.stderr
    assert ended.stdout == ""


def test_a_mistyped_word_is_guessed():
    assert "did you mean peer?" in esdctl("pear", socket="/nowhere").stderr
    assert "did you mean pause?" in esdctl("peer", "pasue", socket="/nowhere").stderr


def test_api_prints_a_refusal_as_it_is():
    refusal = problem(404, "route-not-found", "There is nothing here")
    ended = called("api GET /v1/nothing", {"GET /v1/nothing": refusal})
    assert ended.stdout == refusal.octets.decode()
    assert ended.code == ExitCode.NOT_FOUND


def test_a_reader_that_was_too_slow_is_told_where_to_go_on():
    ended = called("watch", {"GET /v1/events": lines(STATE, EVENT, LAGGED)})
    assert ended.stderr.endswith("  go on with: esdctl watch --since 42\n")
    assert ended.code == ExitCode.FAILED


def test_a_stream_that_ends_without_a_word():
    ended = called("watch", {"GET /v1/events": lines(STATE, EVENT)})
    assert ended.stderr.startswith("esdctl: esd ended the stream\n")
    assert ended.code == ExitCode.FAILED


def test_waiting_until_ready():
    clock = Clock()
    ready = [Canned(NOT_READY, 503), Canned(NOT_READY, 503), Canned(READY)]
    ended = called("wait", {"GET /v1/health/ready": ready}, clock=clock)
    assert ended.stdout == "esd is ready\n"
    assert clock.passed == pytest.approx(0.4)


def test_waiting_for_a_daemon_that_does_not_come(tmp_path):
    ended = esdctl("wait", "--timeout", "3", socket=tmp_path / "control.sock")
    assert ended.stderr.startswith("esdctl: not ready after 3 s: esd is not running")
    assert ended.code == ExitCode.TIMED_OUT


def test_waiting_for_peers_that_do_not_come():
    answers = {"GET /v1/status": Canned(STATUS)}
    ended = called("wait --for in-sync --timeout 3", answers)
    assert "not in-sync after 3 s: bob is retrying\n" in ended.stderr
    assert ended.code == ExitCode.TIMED_OUT
