"""Tables on a terminal, by rich; loaded by nothing that must be quick without one."""

from typing import TextIO

import rich.console
import rich.table
import rich.text

from esd.ctl.table import Table
from esd.ctl.words import state_colour

__all__ = ["console", "draw"]


def console(stream: TextIO, *, colour: bool) -> rich.console.Console:
    """It draws what we decided: rich's own guesses about colour are not asked."""
    return rich.console.Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
    )


def draw(table: Table, stream: TextIO, *, colour: bool) -> None:
    drawn = rich.table.Table(box=None, pad_edge=False, header_style="bold")
    for name in table.header:
        drawn.add_column(
            name,
            justify="right" if name in table.right else "left",
            overflow="fold",
            no_wrap=name != table.header[-1],  # the last one is prose
        )
    for row in table.rows:
        drawn.add_row(*map(_cell, [table] * len(row), table.header, row))
    console(stream, colour=colour).print(drawn)


def _cell(table: Table, name: str, text: str) -> rich.text.Text:
    if name != table.state:
        return rich.text.Text(text)
    word = text.partition(" ")[2] or text
    return rich.text.Text(text, style=state_colour(word))
