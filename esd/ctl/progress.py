"""How runs are going, while one waits for them: on stderr, one line a peer.

On a terminal the lines stay in place and change; elsewhere a line is written at each
change of state, so that a log of it stays short.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Protocol, TextIO

from esd.ctl.facts import Facts
from esd.ctl.output import Output
from esd.ctl.runs import run_line
from esd.ctl.table import printable

__all__ = ["Progress", "progress_on"]


class Progress(Protocol):
    def show(self, runs: Sequence[Facts]) -> None: ...


def progress_on(out: Output) -> AbstractContextManager[Progress]:
    """The kind that the stream can bear."""
    if out.quiet:
        return nullcontext(_Silence())
    if out.progress:
        from esd.ctl.live_lines import LiveLines  # noqa: PLC0415 loads rich

        return LiveLines(out.stderr, colour=out.progress_colour)
    return _Lines(out.stderr)


class _Silence:
    def show(self, runs: Sequence[Facts]) -> None:
        pass


class _Lines:
    """A line at each change of a run's state."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told: dict[str, str] = {}

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def show(self, runs: Sequence[Facts]) -> None:
        for run in runs:
            number, state = run.text("id"), run.text("state")
            if self._told.get(number) != state:
                self._told[number] = state
                line = f"{run.text('peer')}: {run_line(run)}"
                self._stream.write(printable(line) + "\n")
                self._stream.flush()
