"""Where one element of a JSON array ends, found exactly in bytes that come in pieces.

The scanner keeps its place: each byte is looked at a bounded number of times, however
small the pieces are and whatever is in them. It knows strings and brackets only; that
an element is JSON is for those to find out who read it.

The regular expressions cannot run wild. Runs of characters are possessive: they never
go back and remember nothing. Whole strings are repeated by a plain group with a bound,
whose parts exclude each other, so going back is linear; a possessive group would leave
its place wrong in Python 3.11.2, which is Debian 12's, when a string has no end.
"""

import re

STRINGS_AT_ONCE = 20_000  # a match remembers some bytes for each

IN_STRING = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
BETWEEN_BRACKETS = rb'[^"{}\[\]]*+(?:"%b"[^"{}\[\]]*+){0,%d}' % (
    IN_STRING,
    STRINGS_AT_ONCE,
)

_FLAT_OBJECT = re.compile(rb"\{%b\}" % BETWEEN_BRACKETS, re.DOTALL)  # the usual one
_REST_OF_STRING = re.compile(IN_STRING, re.DOTALL)
_UP_TO_BRACKET = re.compile(BETWEEN_BRACKETS, re.DOTALL)
_BRACKETS = re.compile(rb"[\[{]++|[\]}]++")
_SCALAR = re.compile(rb"[^ \t\n\r,\]]*+")

_QUOTE = ord('"')
_OPENING = b"[{"


class ElementScanner:
    """Tells where the element at the start of a growing buffer ends.

    One scanner is for one element: from call to call its buffer may only grow.
    """

    def __init__(self) -> None:
        self.place = 0  # what is before it is never looked at again
        self.nested = 0  # values inside the element that are lists or objects
        self._depth = 0
        self._in_string = False
        self._is_scalar = False

    def find_end(self, buffer: bytearray) -> int | None:
        """Where the element ends, or None while its end has not arrived."""
        if self.place == 0:
            flat = _FLAT_OBJECT.match(buffer)
            if flat is not None:
                return flat.end()
            self._begin(buffer[0])
        if self._is_scalar:
            return self._end_of_scalar(buffer)
        while self.place < len(buffer):
            if not self._in_string:
                self._take_brackets(buffer)
            elif not self._leave_string(buffer):
                return None
            if self._depth == 0 and not self._in_string:
                return self.place
        return None

    def _begin(self, first: int) -> None:
        self._in_string = first == _QUOTE
        self._is_scalar = not self._in_string and first not in _OPENING
        self.place = 1 if self._in_string else 0

    def _end_of_scalar(self, buffer: bytearray) -> int | None:
        self.place = _matched(_SCALAR, buffer, self.place)
        return self.place if self.place < len(buffer) else None

    def _take_brackets(self, buffer: bytearray) -> None:
        """Go to the next bracket and past its like, or into the next string."""
        self.place = _matched(_UP_TO_BRACKET, buffer, self.place)
        if self.place == len(buffer):
            return
        if buffer[self.place] == _QUOTE:
            self._in_string = True
            self.place += 1
            return
        run = _matched(_BRACKETS, buffer, self.place) - self.place
        if buffer[self.place] in _OPENING:
            self.nested += run if self._depth else run - 1
            self._depth += run
        else:
            run = min(run, self._depth)  # what is behind the element is not its own
            self._depth -= run
        self.place += run

    def _leave_string(self, buffer: bytearray) -> bool:
        """Go past the string's closing quote; False where it has not arrived."""
        self.place = _matched(_REST_OF_STRING, buffer, self.place)
        if self.place == len(buffer) or buffer[self.place] != _QUOTE:
            return False  # in the second case a backslash waits for its letter
        self._in_string = False
        self.place += 1
        return True


def _matched(pattern: re.Pattern[bytes], buffer: bytearray, start: int) -> int:
    match = pattern.match(buffer, start)
    return start if match is None else match.end()
