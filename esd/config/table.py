"""Reading one TOML table: each key by its kind, every mistake noted, none fatal."""

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import TypeVar

from esd.config.lines import Key, spell
from esd.config.values import BadValue, array

__all__ = ["Note", "Table", "near", "note_twins"]

T = TypeVar("T")
D = TypeVar("D")

Note = Callable[[Key, str], None]
"""Takes a mistake: where, and what."""


class Table:
    """Keys are taken by name; what nobody took when it is left is unknown.

    A bad value is noted and the default taken in its place, so that reading goes on.
    """

    def __init__(self, data: dict[str, object], where: Key, note: Note) -> None:
        self.where = where
        self.note = note
        self._known: list[str] = []
        self._data = data

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._data:
            if name not in self._known:
                self.note(
                    (*self.where, name), "is an unknown key" + near(name, self._known)
                )

    def __str__(self) -> str:
        return spell(self.where)

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def take(self, name: str, kind: Callable[[object], T], default: T) -> T:
        """The value of a key that may be left out."""
        self._known.append(name)
        if name not in self._data:
            return default
        return self._read((*self.where, name), kind, self._data[name], default)

    def need(self, name: str, kind: Callable[[object], T]) -> T | None:
        """The value of a key that must be there; None once a mistake is noted."""
        self._known.append(name)
        if name not in self._data:
            self.note((*self.where, name), "is missing")
            return None
        return self._read((*self.where, name), kind, self._data[name], None)

    def take_all(
        self, name: str, kind: Callable[[object], T], default: Sequence[T]
    ) -> tuple[T, ...]:
        """The good values of an array that may be left out."""
        if name not in self._data:
            self._known.append(name)
            return tuple(default)
        return tuple(value for _, value in self.numbered(name, kind))

    def numbered(
        self,
        name: str,
        kind: Callable[[object], T],
        whole: Callable[[object], list[object]] = array,
    ) -> Iterator[tuple[int, T]]:
        """The good values of an array, with their positions."""
        nothing: list[object] = []
        for place, item in enumerate(self.take(name, whole, nothing)):
            value = self._read((*self.where, name, place), kind, item, None)
            if value is not None:
                yield place, value

    def table(self, name: str) -> "Table":
        nothing: dict[str, object] = {}
        return Table(self.take(name, _one, nothing), (*self.where, name), self.note)

    def tables(self, name: str) -> "list[Table]":
        return [
            Table(item, (*self.where, name, place), self.note)
            for place, item in self.numbered(name, _one, whole=_several)
        ]

    def _read(
        self, where: Key, kind: Callable[[object], T], value: object, default: D
    ) -> T | D:
        try:
            return kind(value)
        except BadValue as exc:
            self.note(where, str(exc))
            return default


def _one(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadValue("must be a table")
    return value


def _several(value: object) -> list[object]:
    if isinstance(value, dict):
        raise BadValue("must be written in double brackets, as there may be several")
    return array(value)


def near(name: str, known: Sequence[str]) -> str:
    """A suggestion; it holds only names we know."""
    close = get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def note_twins(
    table: Table, name: str, value: object, taken: dict[object, Table]
) -> None:
    """Note a mistake where an earlier table has the same *value*."""
    if value is None:
        return
    first = taken.setdefault(value, table)
    if first is not table:
        table.note((*table.where, name), f"is the same as in {first}")
