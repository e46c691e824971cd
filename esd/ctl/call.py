"""One command as it was typed, with all that carrying it out needs.

What the outside world gives (environment, streams, clock, prompt) comes in as one
value, so that tests hand over their own.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TextIO

from esd.ctl.client import Daemon
from esd.ctl.exit_codes import ExitCode
from esd.ctl.given import Prompt
from esd.ctl.output import Output

__all__ = ["Call", "Surroundings", "Verb", "Verbs"]


def _prompt(question: str) -> str:
    from getpass import getpass  # noqa: PLC0415 few commands ask

    return getpass(question)


class Surroundings(NamedTuple):
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str] = os.environ
    prompt: Prompt = _prompt
    now: Callable[[], float] = time.time  # seconds since 1970
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Call(NamedTuple):
    """`options` are the verb's own; `patience` is --timeout, in seconds."""

    options: argparse.Namespace
    daemon: Daemon
    out: Output
    around: Surroundings
    patience: float | None = None

    def option(self, name: str) -> Any:  # noqa: ANN401 argparse does not know either
        return getattr(self.options, name)


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


class Verb(NamedTuple):
    """`summary` is its line of help; `arguments` adds what it takes."""

    summary: str
    run: Callable[[Call], ExitCode]
    arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments
    epilog: str = ""


Verbs = Mapping[str, Verb]
"""The verbs of a noun; the empty one where the noun alone is a command."""
