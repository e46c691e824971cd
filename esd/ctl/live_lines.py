"""Lines that change in place, by rich; loaded where a terminal waits for a sync."""

from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

import rich.live
import rich.table
import rich.text

from esd.ctl.drawing import console
from esd.ctl.facts import Facts
from esd.ctl.runs import run_line
from esd.ctl.table import printable
from esd.ctl.words import state_colour

__all__ = ["LiveLines"]


class LiveLines:
    """One line a peer. The last ones stay on the screen."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._live = rich.live.Live(
            console=console(stream, colour=colour),
            auto_refresh=False,  # it changes when we have asked: no thread for it
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> "LiveLines":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, runs: Sequence[Facts]) -> None:
        lines = rich.table.Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(no_wrap=True)
        lines.add_column()
        for run in runs:
            style = state_colour(run.text("state"))
            told = rich.text.Text(printable(run_line(run)), style=style)
            lines.add_row(rich.text.Text(run.text("peer"), style="bold"), told)
        self._live.update(lines, refresh=True)
