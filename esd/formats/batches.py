"""Bytes to batches of documents: a JSON array read while it arrives.

Fast first: the piece up to the last `},{` of the new bytes is decoded as a list of
typed documents in one go. Where that is refused (one odd document among a thousand, or
`},{` inside a content) the exact scanner takes the elements one by one, each typed and
then tolerantly, until the piece ends. Nothing is rescanned: whatever the bytes are and
however they are cut, `examined` stays within a small multiple of what was fed; and how
they are cut makes no difference to what comes out.

One bad element costs only itself. A body that is not a JSON array of elements is
malformed from there on; what stood before the fault is in the exception's `batch`.

How much may be fed in all is bounded by the caller; what is held back here, by the
largest element that can be a document.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto

import msgspec

from esd.formats.document import Document, InvalidDocument, Reason
from esd.formats.registry import AnyDocument
from esd.formats.scanner import ElementScanner
from esd.formats.tolerant import NotJson, read_document

PIECE = 64 * 1024  # bytes tried in one go, so what one odd document slows down
MAX_REJECTED = 128 * 1024  # elements of a body; 64 MiB hold no more real documents
MAX_ELEMENT = 25 << 20  # bytes: the largest content, each byte spelled with six
MAX_NESTED = 1_000_000  # lists and objects inside elements: a second of scanning
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_SPACE = re.compile(rb"[ \t\n\r]*+")
_typed: msgspec.json.Decoder[Document] = msgspec.json.Decoder(AnyDocument)
_typed_list = msgspec.json.Decoder(list[AnyDocument])
_TYPED_REFUSES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class Batch:
    """Documents whose fields have the right types; the others are only counted."""

    documents: list[Document] = field(default_factory=list)
    rejected: Counter[Reason] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return len(self.documents) + self.rejected.total()


class MalformedBody(ValueError):
    """Not a JSON array. `batch`: what this call had read before the fault."""

    def __init__(self, message: str, batch: Batch) -> None:
        super().__init__(message)
        self.batch = batch


class TooManyRejected(MalformedBody):
    """More elements than `max_rejected` are no documents."""


def decode_one(text: bytes) -> Document:
    """The document that *text* is; raises InvalidDocument."""
    try:
        return _typed.decode(text)
    except _TYPED_REFUSES:
        if text.count(b"[") + text.count(b"{") > MAX_NESTED:
            raise InvalidDocument(Reason.MALFORMED) from None
    try:
        return read_document(text)
    except NotJson:
        raise InvalidDocument(Reason.MALFORMED) from None


def _read_element(text: bytes) -> Document:
    try:
        return _typed.decode(text)
    except _TYPED_REFUSES:
        return read_document(text)


class _Expected(Enum):
    """What the first of the held bytes belongs to."""

    BODY = auto()
    ARRAY = auto()
    FIRST_ELEMENT = auto()
    ELEMENT = auto()
    REST_OF_ELEMENT = auto()
    COMMA = auto()
    NOTHING = auto()


_BETWEEN = (_Expected.FIRST_ELEMENT, _Expected.ELEMENT)


class BatchDecoder:
    """Feed it one body's bytes in any pieces, then close it."""

    def __init__(
        self, *, max_rejected: int = MAX_REJECTED, max_nested: int = MAX_NESTED
    ) -> None:
        self.examined = 0  # bytes looked at, each as often as it was
        self._held = bytearray()
        self._searched = 0  # of the held bytes: no `},{` in them
        self._expected = _Expected.BODY
        self._scanner = ElementScanner()
        self._rejected_left = max_rejected
        self._nested_left = max_nested

    @property
    def held(self) -> int:
        """Bytes of an element whose end has not come."""
        return len(self._held)

    def feed(self, data: bytes) -> Batch:
        """What *data* completes; raises MalformedBody."""
        batch = Batch()
        for start in range(0, len(data), PIECE):
            self._held += data[start : start + PIECE]
            if self._expected not in _BETWEEN:
                self._scan(batch, until=_BETWEEN)
            if self._expected in _BETWEEN and not self._take_list(batch):
                self._scan(batch)
        return batch

    def close(self) -> Batch:
        """What was still held back; raises MalformedBody if the array has no end."""
        batch = Batch()
        self._scan(batch)
        if self._expected is not _Expected.NOTHING:
            raise MalformedBody("the body ends before its array does", batch)
        return batch

    def _take_list(self, batch: Batch) -> bool:
        """Try all whole documents at once; False where only the scanner can go on."""
        cut = self._held.rfind(b"},{", max(self._searched - 2, 0))
        self.examined += len(self._held) - self._searched
        self._searched = len(self._held)
        if cut < 0:
            return len(self._held) < PIECE  # wait for more, but not for ever
        text = b"".join((b"[", self._held[: cut + 1], b"]"))
        self.examined += len(text)
        try:
            batch.documents += _typed_list.decode(text)
        except _TYPED_REFUSES:
            return False
        self._drop(cut + len("},"))
        self._searched = len(self._held)  # the cut was the last one
        self._expected = _Expected.ELEMENT
        return True

    def _scan(self, batch: Batch, until: tuple[_Expected, ...] = ()) -> None:
        """Go through the held bytes exactly, as far as they reach."""
        while self._held and self._expected not in until:
            if self._expected is _Expected.REST_OF_ELEMENT:
                going_on = self._take_element(batch)
            elif self._expected is _Expected.BODY:
                going_on = self._take_byte_order_mark()
            else:
                going_on = self._take_mark(batch)
            if not going_on:
                return

    def _take_byte_order_mark(self) -> bool:
        if len(self._held) < len(BYTE_ORDER_MARK):
            if BYTE_ORDER_MARK.startswith(self._held):
                return False
        elif self._held.startswith(BYTE_ORDER_MARK):
            self._drop(len(BYTE_ORDER_MARK))
        self._expected = _Expected.ARRAY
        return True

    def _take_mark(self, batch: Batch) -> bool:
        """Go past white space, and a bracket or comma of the array itself."""
        space = _SPACE.match(self._held)
        self._drop(space.end() if space else 0)
        if not self._held:
            return False
        after = _after(self._expected, bytes(self._held[:1]))
        if after is None:
            raise MalformedBody("the body is not a JSON array", batch)
        if after is _Expected.REST_OF_ELEMENT:
            self._scanner = ElementScanner()
        else:
            self._drop(1)
        self._expected = after
        return True

    def _take_element(self, batch: Batch) -> bool:
        before = self._scanner.place
        end = self._scanner.find_end(self._held)
        self.examined += (len(self._held) if end is None else end) - before
        if self._scanner.nested > self._nested_left:
            raise MalformedBody("the body's elements hold too much inside", batch)
        if (len(self._held) if end is None else end) > MAX_ELEMENT:
            raise MalformedBody("an element of the array is too long", batch)
        if end is None:
            return False
        self._nested_left -= self._scanner.nested
        with memoryview(self._held) as held:
            text = bytes(held[:end])
        self._drop(end)
        self._expected = _Expected.COMMA
        self._read_element(text, batch)
        return True

    def _read_element(self, text: bytes, batch: Batch) -> None:
        try:
            batch.documents.append(_read_element(text))
        except InvalidDocument as exc:
            batch.rejected[exc.reason] += 1
            self._rejected_left -= 1
        except NotJson:
            raise MalformedBody("an element of the array is not JSON", batch) from None
        if self._rejected_left < 0:
            raise TooManyRejected("too many elements are no documents", batch)

    def _drop(self, size: int) -> None:
        self.examined += size
        self._searched = 0
        del self._held[:size]


def _after(expected: _Expected, mark: bytes) -> _Expected | None:
    """What is expected after *mark*, or None where it must not stand."""
    match expected, mark:
        case _Expected.ARRAY, b"[":
            return _Expected.FIRST_ELEMENT
        case ((_Expected.FIRST_ELEMENT | _Expected.COMMA), b"]"):
            return _Expected.NOTHING
        case _Expected.COMMA, b",":
            return _Expected.ELEMENT
        case ((_Expected.FIRST_ELEMENT | _Expected.ELEMENT), _):
            return _Expected.REST_OF_ELEMENT
        case _:
            return None
