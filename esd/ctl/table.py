"""A table as a value, and as plain aligned text.

A column's width is counted in characters, which is right for everything esd prints of
its own. The last column is not padded, so that no line ends in blanks.
"""

import unicodedata
from collections.abc import Iterator, Sequence, Set

__all__ = ["Table", "printable"]

GAP = "  "


class Table:
    """Rows of texts under a header; `right` names the columns of numbers.

    `state` names the column whose words have colours.
    """

    def __init__(
        self, header: Sequence[str], right: Set[str] = frozenset(), state: str = ""
    ) -> None:
        self.header = header
        self.right = right
        self.state = state
        self.rows: list[Sequence[str]] = []

    def add(self, *cells: str) -> None:
        assert len(cells) == len(self.header)
        self.rows.append([printable(cell) for cell in cells])

    def plain_lines(self) -> Iterator[str]:
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            yield GAP.join(map(self._padded, self.header, line, widths)).rstrip()

    def _padded(self, name: str, cell: str, width: int) -> str:
        return cell.rjust(width) if name in self.right else cell.ljust(width)


def printable(text: str) -> str:
    """Without control characters: what a peer says must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in _STEERING else one
        for one in text
    )


_STEERING = {"Cc", "Cf", "Zl", "Zp"}
