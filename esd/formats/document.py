"""What documents of every format have in common: attributes, JSON, rank, rejection.

Each format has a struct of its own whose fields are its wire fields in wire order, so
msgspec reads and writes them in one step; the format's name is the tag by which the
right struct is found. Whatever their wire names, all structs answer to the attributes
declared here, and nothing above this package needs to know which format it holds.

A document may be invalid: structs promise types only. The rules are in es4.py and
es3.py; the one that does not differ between them is here.
"""

import re
from enum import StrEnum
from typing import ClassVar

import msgspec

MIN_TIMESTAMP = 10**13  # tells microseconds from milliseconds and seconds
MAX_TIMESTAMP = 2**53 - 1  # the last integer that a double counts exactly
FUTURE_TOLERANCE = 10 * 60 * 1_000_000  # clocks differ; ten minutes, inclusive

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_json = msgspec.json.Encoder()


class Document(
    msgspec.Struct,
    frozen=True,
    gc=False,  # strings and numbers only: no cycle can pass through one
    forbid_unknown_fields=True,
    tag_field="format",
    rename="camel",
):
    """One author's signed write at one path."""

    format: ClassVar[str] = ""

    @property
    def workspace(self) -> str:
        raise NotImplementedError

    @property
    def path(self) -> str:
        raise NotImplementedError

    @property
    def content_hash(self) -> str:
        raise NotImplementedError

    @property
    def content(self) -> str:
        raise NotImplementedError

    @property
    def author(self) -> str:
        raise NotImplementedError

    @property
    def timestamp(self) -> int:
        raise NotImplementedError

    @property
    def delete_after(self) -> int | None:
        raise NotImplementedError

    @property
    def signature(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{self.format} document>"  # never an address, never content


class Reason(StrEnum):
    """Why a document is rejected; the values go to peers, logs and metrics."""

    FORMAT = "format"
    MALFORMED = "malformed"
    FIELDS = "fields"
    CONTENT_SIZE = "content-size"
    PERMISSION = "permission"
    TIMESTAMP = "timestamp"
    FUTURE = "future"
    EXPIRED = "expired"
    PATH = "path"
    AUTHOR = "author"
    WORKSPACE = "workspace"
    SIGNATURE = "signature"
    CONTENT_HASH = "content-hash"

    @property
    def passes(self) -> bool:
        """Whether the same document may be valid at another time."""
        return self is Reason.FUTURE


class InvalidDocument(ValueError):
    def __init__(self, reason: Reason) -> None:
        super().__init__(f"invalid document: {reason}")
        self.reason = reason


def rank(doc: Document) -> str:
    """What one author's versions at a path are compared by: as text, larger wins.

    Text, not numbers: 20000000000000 (the year 1970) beats 1600000000000000. Every
    Earthstar store does this, and two peers that disagreed would do so for ever. It
    asks for no format: where two of them met, their texts would be compared all the
    same. (They cannot: no author's address is good in both.)
    """
    return f"{doc.timestamp},{doc.signature}"


def check_timestamp(doc: Document, now: int) -> None:
    if not MIN_TIMESTAMP <= doc.timestamp <= MAX_TIMESTAMP:
        raise InvalidDocument(Reason.TIMESTAMP)
    if doc.timestamp > now + FUTURE_TOLERANCE:
        raise InvalidDocument(Reason.FUTURE)


def replace_lone_surrogates(text: str) -> str:
    """U+FFFD for each half of a surrogate pair: the same hash, and it can be stored."""
    return _LONE_SURROGATES.sub("\ufffd", text)


def content_bytes(doc: Document) -> bytes:
    """The content as it is hashed and measured."""
    try:
        return doc.content.encode()
    except UnicodeEncodeError:
        return replace_lone_surrogates(doc.content).encode()


def encode(doc: Document) -> bytes:
    """The document's JSON, byte for byte what JSON.stringify would write."""
    return _json.encode(doc)
