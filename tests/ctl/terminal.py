"""A terminal of 80 columns that esdctl is started in, and what it shows in the end."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl

ESDCTL = "import sys; from esd.ctl.main import main; sys.exit(main())"
PATIENCE = 60.0  # seconds of silence; what is asked for comes in one
SIZE = struct.pack("4H", 24, 80, 0, 0)

_PIECE = re.compile(r"\x1b\[(\??\d*(?:;\d+)*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


@dataclass(frozen=True)
class Shown:
    """`raw` is all that was written, `screen` what is to be seen at the end."""

    code: int
    raw: str
    screen: list[str]


def on_a_terminal(
    *words: str, typed: str = "", when: str = "", **environ: str
) -> Shown:
    """What it shows; *typed* is typed when *when* is on the screen."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, SIZE)
    process = subprocess.Popen(
        [sys.executable, "-c", ESDCTL, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=_environment(environ),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        # What is typed too early is thrown away by whoever turns the echo off.
        raw = _read(ours, when.encode()) if typed else b""
        os.write(ours, typed.encode())
        raw += _read(ours)
        code = process.wait(PATIENCE)
    finally:
        os.close(ours)
        process.kill()  # it has ended, unless we did not get what we waited for
        process.wait()
    text = raw.decode()
    return Shown(code, text, screen_of(text))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"TERM": "xterm", "LANG": "C.UTF-8", "TZ": "UTC"} | dict(given)


def _read(ours: int, until: bytes | None = None) -> bytes:
    """What is written before *until*, or before the end."""
    read = b""
    with suppress(OSError):  # how Linux says that the other side was closed
        while until is None or until not in read:
            ready, _, _ = select.select([ours], [], [], PATIENCE)
            assert ready, f"silence after {read!r}"
            read += os.read(ours, 65536)
    return read


def screen_of(raw: str) -> list[str]:
    """The lines on the screen; as much of a terminal as rich makes use of."""
    lines, row, column = [""], 0, 0
    for found in _PIECE.finditer(raw):
        number, letter, moved, text = found.groups()
        if text is not None:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
        elif moved == "\r":
            column = 0
        elif moved == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif letter == "A":
            row = max(0, row - int(number or 1))
        elif letter == "K":
            lines[row] = ""
    return [line.rstrip() for line in lines]
