"""The format es.3, of June and July 2020: its fields, its hash, its rules of validity.

We write nothing in it, but two of its programs never moved on, and what was written
then is still there. It has no ephemeral documents and no limits of length: what bounds
a document is the largest element that is read (batches.py).

The hash text has the hash of the content, which is not a field of its own. What is
signed is the hash in 64 hexadecimal digits, not its 32 bytes.

The reference takes any number for a timestamp; here only integers are, as everything
that orders, compares and stores them knows integers only. No program of the time writes
a fraction.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from esd.formats.addresses import is_es3_author, is_es3_workspace
from esd.formats.document import (
    Document,
    InvalidDocument,
    Reason,
    check_timestamp,
    content_bytes,
)
from esd.formats.encoding import InvalidEncoding, decode_base58, encode_base58
from esd.formats.keys import SIGNATURE_SIZE, es3_author_key, sha256, verify
from esd.formats.paths import is_es3_path, may_write

NAME = "es.3"


class Es3Document(Document, frozen=True, gc=False, tag=NAME):
    """The seven fields of es.3 in wire order; the first one, `format`, is the tag."""

    format: ClassVar[str] = NAME

    workspace: str
    path: str
    content: str = msgspec.field(name="value")
    author: str
    timestamp: int
    signature: str

    @property
    def content_hash(self) -> str:
        """As the hash text has it."""
        return sha256(content_bytes(self)).hex()

    @property
    def delete_after(self) -> None:
        return None


def check(doc: Document, now: int) -> bytes:
    """The document's hash, if the document is valid at *now*; else InvalidDocument."""
    _check_workspace(doc)
    _check_path(doc)
    _check_permission(doc)
    check_timestamp(doc, now)
    public_key = _check_author(doc)
    digest = document_hash(doc)
    _check_signature(doc, public_key, digest)
    return digest


def check_all(docs: Sequence[Document], now: int) -> list[bytes | Reason]:
    """For each document its hash, or what is wrong with it at *now*."""
    return [_checked(doc, now) for doc in docs]


def _checked(doc: Document, now: int) -> bytes | Reason:
    try:
        return check(doc, now)
    except InvalidDocument as exc:
        return exc.reason


def _check_workspace(doc: Document) -> None:
    if not is_es3_workspace(doc.workspace):
        raise InvalidDocument(Reason.WORKSPACE)


def _check_path(doc: Document) -> None:
    if not is_es3_path(doc.path):
        raise InvalidDocument(Reason.PATH)


def _check_permission(doc: Document) -> None:
    if not may_write(doc.author, doc.path):
        raise InvalidDocument(Reason.PERMISSION)


def _check_author(doc: Document) -> bytes:
    public_key = es3_author_key(doc.author)
    if public_key is not None:
        return public_key
    # An address of the right shape that holds no key can never have signed.
    known = is_es3_author(doc.author)
    raise InvalidDocument(Reason.SIGNATURE if known else Reason.AUTHOR)


def _check_signature(doc: Document, public_key: bytes, digest: bytes) -> None:
    try:
        signature = decode_base58(doc.signature)
    except InvalidEncoding:
        raise InvalidDocument(Reason.SIGNATURE) from None
    if not verify(public_key, signature, digest.hex().encode()):
        raise InvalidDocument(Reason.SIGNATURE)


def hash_text(doc: Document) -> str:
    """What is hashed: six lines without names, and no newline after the last."""
    return (
        f"{NAME}\n{doc.workspace}\n{doc.path}\n{doc.content_hash}\n"
        f"{doc.timestamp}\n{doc.author}"
    )


def document_hash(doc: Document) -> bytes:
    return sha256(hash_text(doc).encode())


def shorten_signature(doc: Document) -> Document:
    """*doc* with what follows the 64 bytes of its signature cut off; see es4.py."""
    try:
        signature = decode_base58(doc.signature)
    except InvalidEncoding:
        return doc
    if len(signature) <= SIGNATURE_SIZE:
        return doc
    shortened = encode_base58(signature[:SIGNATURE_SIZE])
    return msgspec.structs.replace(doc, signature=shortened)
