"""`esd demo` as a command: its arguments, its terminal, its exit code.

The exit code is the claim: 0 only if all hold the same in the end. Ctrl-C is how a demo
ends, so it makes no difference to that.
"""

import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from logging.handlers import MemoryHandler
from math import isfinite
from typing import TextIO

import trio

from esd import log
from esd.demo.screens import Screen, screen_for
from esd.demo.show import Wishes, show
from esd.demo.sides import OpenDaemon
from esd.errors import EsdError

__all__ = ["add_arguments", "demo"]

KEPT = 1000  # log lines that wait while a picture is on the terminal


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--seconds",
        type=_seconds,
        metavar="N",
        help="end after so many seconds; else Ctrl-C ends it",
    )
    parser.add_argument(
        "--pub",
        metavar="URL",
        help="have a real pub take part, with a workspace that nobody else knows",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not (isfinite(seconds) and seconds > 0):
        raise ArgumentTypeError("must be a number of seconds above 0")
    return seconds


def demo(
    arguments: Namespace,
    open_daemon: OpenDaemon,
    out: TextIO = sys.stdout,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run the demo; its exit code."""
    wishes = Wishes(
        open_daemon=open_daemon, seconds=arguments.seconds, pub=arguments.pub
    )
    try:
        with screen_for(out, environ) as screen, _held_log(screen):
            converged, words = trio.run(partial(show, wishes, screen))
        out.writelines(f"{line}\n" for line in words)
        out.flush()
    except BaseExceptionGroup as group:
        expected, bugs = group.split((EsdError, BrokenPipeError))
        if expected is None or bugs is not None:
            raise
        raise _first(expected) from None
    return 0 if converged else 1


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


@contextmanager
def _held_log(screen: Screen) -> Iterator[None]:
    """Log to stderr; while a picture is shown nothing may write across it."""
    log.set_up(level=logging.WARNING)
    if not screen.whole:
        yield
        return
    root = logging.getLogger()
    (told,) = root.handlers
    held = MemoryHandler(KEPT, flushLevel=logging.CRITICAL + 1, target=told)
    root.handlers[:] = [held]
    try:
        yield
    finally:
        root.handlers[:] = [told]
        held.close()
