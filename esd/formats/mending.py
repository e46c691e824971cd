"""The same JSON text without what is not Unicode.

A lone surrogate, spelled as an escape, and bytes that are not UTF-8 become U+FFFD: that
is what the reference hashes. Whole elements of 24 MB come here, and nobody else in the
process runs Python while a regular expression or a codec works, so each step takes a
bounded stretch of the text. Nor is more mended than a valid content can hold.
"""

import codecs
import re

from esd.formats.document import InvalidDocument, Reason

__all__ = ["mend"]

STRETCH = 64 * 1024  # bytes of one step, a millisecond or two
MOST_MENDED = 1_400_000  # each is three bytes of a content of 4,000,000

_SURROGATE = rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_WELL = re.compile(
    rb"(?:[^\\]{1,64}+|\\(?!%b)(?:.|\Z)|%b){0,%d}" % (_SURROGATE, _PAIR, STRETCH // 64),
    re.DOTALL,
)
_LONE = re.compile(rb"(?:(?!%b)\\%b){1,1024}" % (_PAIR, _SURROGATE))
_ESCAPE = len(rb"\ud800")


def mend(text: bytes) -> bytes:
    """Raises InvalidDocument where too much of it is not Unicode."""
    if not text.isascii():
        text = _as_utf8(text)
    return _without_lone_surrogates(text) if b"\\u" in text else text


def _as_utf8(text: bytes) -> bytes:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    mended, count = bytearray(), 0
    for at in range(0, len(text), STRETCH):
        part = decoder.decode(text[at : at + STRETCH])
        count = _bounded(count + part.count("\ufffd"))
        mended += part.encode()
    mended += decoder.decode(b"", final=True).encode()
    return bytes(mended)


def _without_lone_surrogates(text: bytes) -> bytes:
    mended, count, place = bytearray(), 0, 0
    while place < len(text):
        well = _WELL.match(text, place)
        end = place if well is None else well.end()
        mended += text[place:end]
        lone = _LONE.match(text, end)
        place = end if lone is None else lone.end()
        mended += rb"\ufffd" * ((place - end) // _ESCAPE)
        count = _bounded(count + (place - end) // _ESCAPE)
    return bytes(mended)


def _bounded(count: int) -> int:
    if count > MOST_MENDED:
        raise InvalidDocument(Reason.MALFORMED)
    return count
