"""The demo as its reader meets it: lines or a picture, a verdict, an exit code."""

import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from esd import log
from esd.demo import add_arguments

DEMO = [sys.executable, "-m", "esd", "demo"]
PATIENCE = 60  # seconds; a demo of one second takes two
COLUMNS, ROWS = 72, 20

OPEN, CLOSE, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H"

# Two daemons whose calls to each other go where nobody listens.
APART = """
import sys
from dataclasses import replace
from argparse import Namespace
from functools import partial
from esd.config import parse_config
from esd.daemon import connect_over_http, open_daemon
from esd.demo import demo

def nowhere(peer, limits):
    return connect_over_http(replace(peer, url="http://127.0.0.1:1"), limits)

def apart(text):
    return open_daemon(parse_config(text, "the demo"), connect=nowhere)

sys.exit(demo(Namespace(seconds=1.0, pub=None), apart))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where demos keep their state. Short, for it will hold sockets."""
    with TemporaryDirectory(prefix="esd-") as name:
        yield Path(name)


def environ(folder, **more):
    return {**os.environ, "TMPDIR": str(folder), "TERM": "xterm", **more}


def run(command, folder):
    return subprocess.run(
        command,
        env=environ(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def started(command, folder, **how):
    with subprocess.Popen(command, env=environ(folder), **how) as process:
        try:
            yield process
        finally:
            process.kill()


SEEN = (
    r"^ +\d+\.\d\d s  right +/journal/left/1 has arrived after \d+ ms$",
    r"^ +\d+\.\d\d s  left +/journal/right/1 has arrived after \d+ ms$",
    r"left   \d+ documents, \d+\.\d KiB; peer right: in sync",
    *(rf"@{author} writes " for author in ("suzy", "zeno", "mara")),
)


@pytest.fixture(scope="module")
def ran():
    """One demo in good order, with what it left behind. It is ended once all has been
    seen, however long that took."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with TemporaryDirectory(prefix="esd-") as name:
        with started([*DEMO, "--seconds=60"], Path(name), **how) as process:
            told, unseen = "", set(SEEN)
            while unseen:
                told += (line := process.stdout.readline())
                assert line, process.stderr.read()
                unseen -= {one for one in unseen if re.search(one, line)}
            process.send_signal(signal.SIGINT)
            told += process.stdout.read()
            complaints = process.stderr.read()
            code = process.wait(PATIENCE)
        assert not os.listdir(name)
    return subprocess.CompletedProcess(DEMO, code, told, complaints)


def test_it_ends_well_and_in_silence(ran):
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_what_is_written_here_arrives_there(side, other, ran):
    path = rf"/journal/{side}/1"
    for line in (
        rf"^ +\d+\.\d\d s  {side} +@\w+ writes {path}$",
        rf"^ +\d+\.\d\d s  {other} +{path} has arrived after \d+ ms$",
    ):
        assert re.search(line, ran.stdout, re.MULTILINE)


def test_the_summary_says_how_many_and_how_fast(ran):
    *_, written, arrived, verdict = ran.stdout.splitlines()
    assert re.match(r"\d+\.\d s, 3 authors, \d+ documents written: \d+ on", written)
    assert re.match(r"\d+ arrived on the other side, after \d+ ms", arrived)
    assert re.fullmatch(
        r"After a last run each way the left side and the right side hold the same"
        r" \d+ documents, byte for byte \(\d+ bytes\)\.",
        verdict,
    )


def test_no_address_is_shown(ran):
    assert log.redact(ran.stdout) == ran.stdout


def test_sides_that_do_not_converge_are_a_failure(folder):
    ran = run([sys.executable, "-c", APART], folder)
    assert ran.returncode == 1
    *_, left, right, verdict = ran.stdout.splitlines()
    assert left.startswith("Trouble: left: peer right: no connection")
    assert right.startswith("Trouble: right: peer left: no connection")
    assert re.fullmatch(
        r"They did NOT converge\. Documents held:"
        r" the left side \d+, the right side \d+\.",
        verdict,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(number, folder):
    with started(DEMO, folder, stdout=subprocess.PIPE, text=True) as process:
        next(line for line in process.stdout if "has arrived" in line)
        process.send_signal(number)
        *_, verdict = process.stdout
        assert process.wait(PATIENCE) == 0
    assert "byte for byte" in verdict


def test_a_second_signal_ends_it_at_once_without_a_verdict(folder):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # and never answers, so the last run would take long
        pub = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [*DEMO, "--pub", pub]
        with started(command, folder, stdout=subprocess.PIPE, text=True) as process:
            next(line for line in process.stdout if "has arrived" in line)
            process.send_signal(signal.SIGINT)
            next(line for line in process.stdout if "A last run each way" in line)
            process.send_signal(signal.SIGINT)
            *_, last = process.stdout
            assert process.wait(PATIENCE) == 1
    assert last == "Stopped before the last run each way: nothing is proven.\n"
    assert not list(folder.iterdir())


def test_a_reader_that_has_seen_enough_is_no_crash(folder):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with started(DEMO, folder, **how) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE) == 1
    assert not list(folder.iterdir())


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_seconds_that_are_none_are_refused(seconds, capsys):
    parser = ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert "--seconds: must be a number of seconds above 0" in capsys.readouterr().err


def test_a_pub_that_is_no_url_is_named_as_the_mistake(folder):
    ran = run([*DEMO, "--pub", "pub.example.org"], folder)
    assert ran.returncode == 2
    assert ran.stderr == "esd demo: --pub must begin with https:// or http://\n"


# On a terminal


class Terminal:
    """The outer end of a pty: what its program shows, and the keys it gets."""

    def __init__(self, outer: int) -> None:
        self.outer = outer
        self.shown = ""

    def read(self) -> bool:
        """Read on; False once the program has ended."""
        try:
            data = os.read(self.outer, 65536)
        except OSError:  # EIO: nobody has the inner end open any more
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)

    def read_until(self, pattern: str) -> None:
        while not re.search(pattern, self.shown):
            assert self.read(), self.shown

    def press_control_c(self) -> None:
        os.write(self.outer, b"\x03")


def demo_on_a_terminal(folder, **more):
    """Everything it showed until Ctrl-C, which comes when something has arrived."""
    outer, inner = os.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        DEMO,
        env=environ(folder, **more),
        preexec_fn=partial(os.login_tty, inner),  # noqa: PLW1509 no threads here
    )
    os.close(inner)
    terminal = Terminal(outer)
    try:
        terminal.read_until(r"after \d+ ms")  # and not "retrying after 1 failure"
        terminal.press_control_c()
        while terminal.read():
            pass
        assert process.wait(PATIENCE) == 0, terminal.shown
    finally:
        process.kill()
        process.wait()
        os.close(outer)
    return terminal.shown


@pytest.fixture(scope="module")
def shown():
    with TemporaryDirectory(prefix="esd-") as name:
        return demo_on_a_terminal(Path(name))


def test_a_terminal_gets_a_picture_and_is_left_as_it_was(shown):
    assert shown.startswith(OPEN)
    picture, _, words = shown.partition(CLOSE)
    assert OPEN not in words
    assert "byte for byte" in words
    last = picture.split(HOME)[-1]
    for part in ("left   http://127.0.0.1:", "peer left: ", "/journal/left/1", " ms"):
        assert part in last
    assert log.redact(shown) == shown


def test_the_picture_fits_the_terminal(shown):
    picture = shown.partition(CLOSE)[0]
    for frame in picture.split(HOME)[1:]:
        lines = re.sub(r"\x1b\[[?\d]*\w", "", frame).split("\n")
        assert len(lines) <= ROWS
        assert max(map(len, lines)) < COLUMNS


def test_no_color_is_obeyed(shown, folder):
    colour = re.compile(r"\x1b\[\d+m")
    assert colour.search(shown)
    assert not colour.search(demo_on_a_terminal(folder, NO_COLOR="1"))


def test_a_dumb_terminal_gets_lines(folder):
    shown = demo_on_a_terminal(folder, TERM="dumb")
    assert "\x1b" not in shown
    assert "has arrived after" in shown
