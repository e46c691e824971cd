"""What esdctl says, and where.

Answers go to stdout: as JSON where asked for, as tables and sentences otherwise. All
else (progress, warnings, failures) goes to stderr, so that a pipe gets the answer only.
rich draws the tables on a terminal; it takes longer to load than all the rest, so it is
not loaded for anyone else.
"""

import json
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple, TextIO

from esd.ctl.facts import Facts
from esd.ctl.table import Table, printable
from esd.ctl.times import Times
from esd.ctl.words import COLOURS, shown_state, state_colour

__all__ = ["Form", "Output", "wants_colour"]


class Form(Enum):
    TEXT = "text"
    JSON = "json"  # one document
    JSONL = "jsonl"  # one line an item


def wants_colour(choice: str, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """--color decides; else a terminal that can, and whose owner did not say no."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR") or environ.get("TERM") in ("dumb", None):
        return False
    return stream.isatty()


class Output(NamedTuple):
    stdout: TextIO
    stderr: TextIO
    times: Times
    form: Form = Form.TEXT
    colour: bool = False
    draws: bool = False  # whether stdout is a terminal on which rich can draw
    progress: bool = False  # the same of stderr
    progress_colour: bool = False
    quiet: bool = False

    @property
    def as_json(self) -> bool:
        return self.form is not Form.TEXT

    def json(self, answer: Facts, items: str = "") -> None:
        """The answer as it came; as lines, those of its member *items*."""
        if self.form is Form.JSONL:
            for part in answer.parts(items) if items else [answer]:
                self.json_line(part)
        else:
            self.line(json.dumps(answer.raw, ensure_ascii=False, indent=2))

    def json_line(self, answer: Facts) -> None:
        self.line(json.dumps(answer.raw, ensure_ascii=False))

    def line(self, text: str = "") -> None:
        self.stdout.write(text + "\n")

    def content(self, octets: bytes) -> None:
        """As it is; to a terminal as lines without control characters."""
        if self.stdout.isatty():
            for line in octets.decode("utf-8", "replace").splitlines():
                self.line(printable(line.expandtabs()))
        else:
            self.stdout.flush()
            self.stdout.buffer.write(octets)

    def say(self, text: str) -> None:
        """A sentence that no other program needs."""
        if not self.quiet:
            self.line(printable(text))

    def table(self, table: Table) -> None:
        if self.draws:
            from esd.ctl.drawing import draw  # noqa: PLC0415 loads rich

            draw(table, self.stdout, colour=self.colour)
        else:
            for line in table.plain_lines():
                self.line(line)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names and values below each other; what has no value is left out."""
        told = [(name, printable(value)) for name, value in pairs if value]
        width = max((len(name) for name, _ in told), default=0)
        for name, value in told:
            self.line(f"{name.ljust(width)}  {value}")

    def state(self, state: str) -> str:
        return self.coloured(shown_state(state), state_colour(state))

    def coloured(self, text: str, colour: str) -> str:
        if not self.colour or colour not in COLOURS:
            return text
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"

    def remark(self, text: str) -> None:
        """To stderr, --quiet or not."""
        self.stderr.write(printable(text) + "\n")
