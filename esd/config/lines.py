"""On which line of a TOML text a key is set.

tomli tells lines for syntax errors only. But it can be asked: a text cut after a line
parses exactly when no statement is left open there (an open string, array or table is a
syntax error), and what is set never vanishes further down. So the statement that sets a
key begins right after the last complete head that lacks it, and bisection finds that in
a dozen parses. A second, almost right, reader of TOML would be worse than no line.
"""

from typing import Any

import tomli

__all__ = ["Key", "Lines", "spell"]

Key = tuple[str | int, ...]
"""Where a value is: names of tables and keys, and positions in arrays."""


def spell(key: Key) -> str:
    """A key as people write it: `peer[2].interval`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}"
    return text.removeprefix(".")


def _shown(name: str) -> str:
    """A quoted key may hold anything, an address too."""
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else '"…"'


class Lines:
    """The lines of one text that parses as a whole."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def find(self, key: Key) -> int | None:
        """The line, from 1, where the statement begins that sets *key*.

        A key that is not set is looked for in the table where it belongs.
        """
        while key and not self._sets(len(self._lines), key):
            key = key[:-1]
        if not key:
            return None
        low, high = 0, len(self._lines)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._sets(middle, key) else (middle, high)
        return self._complete(high - 1)[0] + 1

    def _sets(self, count: int, key: Key) -> bool:
        """Whether the complete statements in the first *count* lines set *key*."""
        value: Any = self._complete(count)[1]
        for part in key:
            if isinstance(part, int):
                if not isinstance(value, list) or part >= len(value):
                    return False
            elif not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True

    def _complete(self, count: int) -> tuple[int, dict[str, Any]]:
        """The longest head of at most *count* lines with no statement left open."""
        while True:
            head = "".join(line + "\n" for line in self._lines[:count])
            try:
                return count, tomli.loads(head)
            except tomli.TOMLDecodeError:
                count -= 1
