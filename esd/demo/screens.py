"""What is shown while the demo runs: lines, or a picture that is drawn anew.

A terminal gets the picture, on its second screen, so that what was there before comes
back at the end. Whatever else reads gets a line for each thing that happens. Both look
at the same `Scene`; the last words are lines in either case.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TextIO

import trio

from esd.demo.sides import Side
from esd.demo.travels import Travel, Travels

__all__ = ["Scene", "Screen", "ms", "screen_for"]


@dataclass(frozen=True, slots=True)
class Scene:
    """All there is to see."""

    sides: tuple[Side, Side]
    travels: Travels
    begun: float
    seconds: float | None  # how long it goes on; None: until Ctrl-C

    def clock(self, at: float) -> str:
        return f"{at - self.begun:6.2f} s"

    def where(self, side: Side) -> str:
        return f"{side.name:5}  http://{side.daemon.addresses[0]}"

    def holds(self, side: Side) -> str:
        totals = side.replica.reader.totals()
        return f"{totals.count} documents, {totals.size / 1024:.1f} KiB"

    def hints(self) -> Iterator[str]:
        yield "What is new within half a second of other news travels with it."
        yield f"To look closer: esdctl --socket {self.sides[0].socket} status"

    def level(self) -> bool:
        """Whether both hold the same now."""
        one, other = (side.replica.reader.totals() for side in self.sides)
        return one == other


class Screen(Protocol):
    """`look` is called every so many seconds, `tell` when something happens."""

    every: float
    whole: bool  # it has the terminal for itself

    def begin(self, scene: Scene) -> None: ...

    def tell(self, travel: Travel) -> None: ...

    def look(self, now: float) -> None: ...

    def say(self, words: str) -> None:
        """Something about the demo itself."""
        ...

    def end(self) -> None:
        """Leave the terminal as it was found."""
        ...


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


@contextmanager
def screen_for(out: TextIO, environ: Mapping[str, str]) -> Iterator[Screen]:
    """The screen that suits *out*; whatever happens, it is ended."""
    dumb = environ.get("TERM", "dumb") == "dumb"
    coloured = not environ.get("NO_COLOR")
    screen = _Lines(out) if dumb or not out.isatty() else _Picture(out, coloured)
    try:
        yield screen
    finally:
        screen.end()


class _Lines:
    """A line for each thing that happens, and now and then how all stand."""

    every = 2.5
    whole = False

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._scene: Scene | None = None

    def begin(self, scene: Scene) -> None:
        self._scene = scene
        self.say("esd demo: two daemons, each a peer of the other; Ctrl-C ends it")
        for side in scene.sides:
            self.say(scene.where(side))
        for hint in scene.hints():
            self.say(hint)

    def tell(self, travel: Travel) -> None:
        if self._scene is None:
            return
        if travel.arrived is None or travel.took is None:
            at, what = travel.written, f"{travel.author} writes {travel.path}"
            self.say(f"{self._scene.clock(at)}  {travel.side:5}  {what}")
        else:
            what = f"{travel.path} has arrived after {ms(travel.took)}"
            at, there = travel.arrived, _other(self._scene, travel.side)
            self.say(f"{self._scene.clock(at)}  {there:5}  {what}")

    def look(self, now: float) -> None:
        assert self._scene is not None, "begin comes first"
        for side in self._scene.sides:
            facts = "; ".join([self._scene.holds(side), *side.peers()])
            self.say(f"{self._scene.clock(now)}  {side.name:5}  {facts}")

    def say(self, words: str) -> None:
        self._out.write(f"{words}\n")
        self._out.flush()

    def end(self) -> None:
        """There is nothing to be left."""


BOLD, DIM, GREEN, YELLOW = 1, 2, 32, 33
OPEN = "\x1b[?1049h\x1b[?25l"  # the second screen, without a cursor
CLOSE = "\x1b[?25h\x1b[?1049l"
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


class _Picture:
    """Everything at once, drawn anew whenever it has changed."""

    every = 0.1
    whole = True

    def __init__(self, out: TextIO, coloured: bool) -> None:
        self._out = out
        self._coloured = coloured
        self._scene: Scene | None = None
        self._words = "Ctrl-C ends it"
        self._drawn = ""

    def begin(self, scene: Scene) -> None:
        self._scene = scene
        self._put(OPEN)
        self.look(trio.current_time())

    def tell(self, travel: Travel) -> None:
        """It is seen at the next look."""

    def look(self, now: float) -> None:
        assert self._scene is not None, "begin comes first"
        columns, rows = shutil.get_terminal_size()
        lines = self._lines(self._scene, now, rows - 1)
        drawn = "".join(
            f"{self._styled(text[: columns - 1], style)}{REST_OF_LINE}\n"
            for text, style in lines[: rows - 1]
        )
        if drawn != self._drawn:
            self._drawn = drawn
            self._put(f"{HOME}{drawn}{REST_OF_SCREEN}")

    def say(self, words: str) -> None:
        self._words = words

    def _lines(self, scene: Scene, now: float, rows: int) -> list[tuple[str, int]]:
        """Texts, each with its style."""
        limit = "" if scene.seconds is None else f" of {scene.seconds:.0f}"
        lines = [
            (f"esd demo, {now - scene.begun:.0f}{limit} s; {self._words}", BOLD),
            *((hint, DIM) for hint in scene.hints()),
            ("", 0),
        ]
        for side in scene.sides:
            lines.append((f"{scene.where(side)}  {scene.holds(side)}", BOLD))
            lines += [(f"       {peer}", 0) for peer in side.peers()]
        if scene.level():
            lines.append(("both hold the same", GREEN))
        else:
            lines.append(("something is on its way", YELLOW))
        lines += [("", 0), (_row("at", "written", "by", "path", "other side"), DIM)]
        recent = list(scene.travels.recent)[-max(0, rows - len(lines)) :]
        return lines + [(_travel_row(scene, travel), 0) for travel in recent]

    def _styled(self, text: str, style: int) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._coloured and style else text

    def _put(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def end(self) -> None:
        if self._scene is not None:
            self._put(CLOSE)


def _travel_row(scene: Scene, travel: Travel) -> str:
    there = "on its way" if travel.took is None else f"after {ms(travel.took)}"
    at = scene.clock(travel.written)
    return _row(at, travel.side, travel.author, travel.path, there)


def _row(at: str, side: str, author: str, path: str, there: str) -> str:
    return f"{at:>9}  {side:7}  {author:6} {path:24} {there}"


def _other(scene: Scene, name: str) -> str:
    one, other = scene.sides
    return other.name if one.name == name else one.name
