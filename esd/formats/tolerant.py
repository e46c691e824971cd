"""Reading one document exactly as the reference's JSON.parse would, however odd.

The typed decoder refuses a whole text for things that the reference takes: a number
spelled 1.6e15, a lone surrogate, bytes that are not UTF-8, private fields. Here

- a number is first a double, then an integer if it has no fraction;
- a lone surrogate and what is not UTF-8 become U+FFFD, which has the same hash;
- fields that start with `_` are dropped where the format does: they are some store's
  own notes;
- of duplicate fields the last one counts;
- nesting thousands deep in a private field is fine, and is followed without recursion;
  past MAX_DEPTH it spoils the element, not the body around it.

Fields are looked at one by one as raw text, and a list or an object is never built, so
a hostile element costs no more memory than its bytes. One of very many fields would; it
is refused.
"""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from esd.formats.document import Document, InvalidDocument, Reason
from esd.formats.mending import mend
from esd.formats.registry import FORMATS
from esd.formats.scanner import BETWEEN_BRACKETS, IN_STRING

EXACT_DIGITS = 15  # integers this long are doubles without rounding
MAX_DEPTH = 5_000  # the reference parses more, but its store fails at some thousands
SAFE_DEPTH = 100  # what the parser may recurse, wherever on the stack it was called
MAX_STRINGS = 10_000  # keys and values; a document without private fields has 18
FLATTENED = 16  # levels checked at once; each copies what is in it

_MANY_STRINGS = re.compile(
    rb'(?:[^"]*+"' + IN_STRING + rb'"){%d}' % (MAX_STRINGS + 1), re.DOTALL
)
_UP_TO_BRACKET = re.compile(rb"(" + BETWEEN_BRACKETS + rb'"?+)([\[\]{}]?+)', re.DOTALL)
_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_skip = msgspec.json.Decoder(msgspec.Raw).decode

_FITS_NO_FIELD: Final[list[object]] = []


class NotJson(ValueError):
    """The text is not JSON: nobody's parser would take it."""


def read_document(text: bytes) -> Document:
    """Raises NotJson, or InvalidDocument where it is JSON but not a document."""
    fields = _read_fields(mend(text))
    name = _read_value(fields.get("format", msgspec.Raw(b"null")))
    if not isinstance(name, str) or name not in FORMATS:
        raise InvalidDocument(Reason.FORMAT)
    found = FORMATS[name]
    values = {
        key: _read_value(raw)
        for key, raw in fields.items()
        if not (found.drops_private_fields and key.startswith("_"))
    }
    if isinstance(values.get("timestamp"), float):
        raise InvalidDocument(found.fraction)
    try:
        return msgspec.convert(values, found.document)
    except msgspec.ValidationError:
        raise InvalidDocument(Reason.FIELDS) from None


def _read_fields(text: bytes) -> dict[str, msgspec.Raw]:
    if text.count(b'"') > 2 * MAX_STRINGS and _MANY_STRINGS.match(text):
        raise InvalidDocument(Reason.MALFORMED)
    # Always `from None`: a cause could carry a value into a traceback.
    try:
        if text.count(b"[") + text.count(b"{") > SAFE_DEPTH:
            text = _flatten(text)
        try:
            return _fields_of(text)
        except msgspec.ValidationError:  # no object; but is it JSON?
            _skip(text)
    except msgspec.DecodeError:
        raise NotJson("the text is not JSON") from None
    raise InvalidDocument(Reason.MALFORMED) from None


@dataclass(slots=True)
class _Open:
    """A list or object that has begun: its text so far, and the levels within."""

    text: bytearray
    height: int = 0


def _flatten(text: bytes) -> bytes:
    """The same fields, with 0 for what lies deep inside them.

    Checks what it takes out; raises DecodeError where that is not JSON.
    """
    nest = [_Open(bytearray())]
    for match in _UP_TO_BRACKET.finditer(text):
        plain, bracket = match.groups()
        nest[-1].text += plain
        if bracket in (b"[", b"{"):
            nest.append(_Open(bytearray(bracket)))
        elif bracket:
            _close(nest, bracket)
        if len(nest) > MAX_DEPTH:
            raise InvalidDocument(Reason.MALFORMED)
    return bytes(b"".join(part.text for part in nest))


def _close(nest: list[_Open], bracket: bytes) -> None:
    inner = nest.pop()
    if not nest:
        raise NotJson("a bracket closes nothing")
    inner.text += bracket
    if inner.height == FLATTENED:
        _skip(inner.text)
        inner = _Open(bytearray(b"0"), height=-1)
    nest[-1].text += inner.text
    nest[-1].height = max(nest[-1].height, inner.height + 1)


def _read_value(raw: msgspec.Raw) -> object:
    text = bytes(raw)
    first = text[:1]
    if first in (b"[", b"{"):
        return _FITS_NO_FIELD
    if first in (b'"', b"n", b"t", b"f"):
        return msgspec.json.decode(text)
    return _read_number(text.decode())


def _read_number(text: str) -> int | float:
    # int() has a limit of 4,300 digits, and is quadratic below it; float() is neither.
    if len(text) <= EXACT_DIGITS and text.isdigit():
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() else number
