"""The program `esdctl`: ask the running esd, and steer it.

Whatever fails is told in one line with a hint below it, and an exit code.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from esd import __version__, places
from esd.ctl.call import Call, Surroundings
from esd.ctl.client import PATIENCE, Daemon
from esd.ctl.command_line import (
    HELP,
    asks_help,
    choose,
    common_help,
    noun_help,
    parser_of,
    take_common,
)
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.given import refuse_secrets
from esd.ctl.output import Form, Output, wants_colour
from esd.ctl.table import printable
from esd.ctl.times import Times

__all__ = ["main", "run"]

LEAST = 1.0  # seconds for one answer, however short --timeout is
STOPPED = 130  # what a shell says of a program that Ctrl-C ended


def main() -> int:
    """What the script `esdctl` calls."""
    around = Surroundings(
        stdin=_open(sys.stdin), stdout=_open(sys.stdout), stderr=_open(sys.stderr)
    )
    code = run(sys.argv[1:], around)
    try:
        around.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        code = ExitCode.FAILED
    return code


def _open(stream: TextIO | None) -> TextIO:
    """A stream as we need it; cron and the like may start us without."""
    if not isinstance(stream, TextIOWrapper):
        return Path(os.devnull).open("r+", encoding="utf-8")
    if stream is sys.stdin:
        # Content is kept as it is: strictly UTF-8, and line ends are not touched.
        stream.reconfigure(encoding="utf-8", errors="strict", newline="")
    else:
        stream.reconfigure(errors="replace")
    return stream


def run(argv: Sequence[str], around: Surroundings) -> int:
    """Carry out one command line; its exit code."""
    try:
        refuse_secrets(argv)
        return _dispatch(argv, around)
    except CannotDo as exc:
        _complain(exc, around)
        return exc.code
    except BrokenPipeError:
        _forget_stdout()  # whoever read our output has seen enough
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return STOPPED


def _forget_stdout() -> None:
    """Or Python flushes into the closed pipe at its end, and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _complain(exc: CannotDo, around: Surroundings) -> None:
    for line in (f"esdctl: {exc}", *exc.details, exc.hint):
        if line:
            indent = "" if line.startswith("esdctl: ") else "  "
            around.stderr.write(f"{indent}{printable(line)}\n")


def _dispatch(argv: Sequence[str], around: Surroundings) -> int:
    common, rest = take_common(argv)
    if not rest:
        around.stderr.write(common_help())
        return ExitCode.USAGE
    if told := _asked_help(rest):
        around.stdout.write(told)
        return ExitCode.OK
    words, verb, arguments = choose(rest[0], rest[1:])
    options = parser_of(words, verb).parse_intermixed_args(arguments)
    return verb.run(_call(common, options, around))


def _asked_help(words: Sequence[str]) -> str:
    if words[0] == "--version":
        return f"esdctl {__version__}\n"
    if words[0] in HELP:
        return common_help()
    if not asks_help(words):
        return ""
    if words[1] in HELP and (told := noun_help(words[0])):
        return told
    chosen, verb, _ = choose(words[0], words[1:])
    return parser_of(chosen, verb).format_help()


def _call(
    common: argparse.Namespace, options: argparse.Namespace, around: Surroundings
) -> Call:
    out = _output(common, around)
    daemon = Daemon(
        common.socket or places.client_socket(around.environ),
        warn=lambda text: out.remark(f"esdctl: {text}"),
        patience=PATIENCE if common.timeout is None else max(common.timeout, LEAST),
    )
    return Call(
        options=options,
        daemon=daemon,
        out=out,
        around=around,
        patience=common.timeout,
    )


def _output(common: argparse.Namespace, around: Surroundings) -> Output:
    able = around.environ.get("TERM") not in ("dumb", None)
    terminal = around.stdout.isatty()
    form = Form.JSONL if common.jsonl else Form.JSON if common.json else Form.TEXT
    return Output(
        stdout=around.stdout,
        stderr=around.stderr,
        times=Times(around.now(), relative=terminal and not common.utc),
        form=form,
        colour=wants_colour(common.color, around.stdout, around.environ),
        draws=(terminal and able) or common.color == "always",
        progress=around.stderr.isatty() and able,
        progress_colour=wants_colour(common.color, around.stderr, around.environ),
        quiet=common.quiet,
    )
