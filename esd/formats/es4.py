"""The format es.4: its fields, its hash, and one function per rule of validity.

A document is valid or not at a moment: `now` comes in as microseconds. The rules run
cheapest first, which is not the reference's order; which documents are valid does not
depend on it. Whatever enters the hash text has passed a rule that lets only ASCII by.
The rules about fields are asked of one document after the other. What is written in
base32 is then read and written for all that are left at once (encoding.py).

What is signed is the 53 characters of the hash, not its 32 bytes. The content is not in
the hash text: its hash is.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from esd.formats.addresses import (
    WorkspaceAddress,
    is_author_address,
    is_workspace_address,
)
from esd.formats.document import (
    MAX_TIMESTAMP,
    MIN_TIMESTAMP,
    Document,
    InvalidDocument,
    Reason,
    check_timestamp,
    content_bytes,
    replace_lone_surrogates,
)
from esd.formats.encoding import (
    InvalidEncoding,
    decode_base32,
    decode_each,
    encode_base32,
    encode_hash,
    encode_hashes,
)
from esd.formats.keys import (
    HASH_SIZE,
    SIGNATURE_SIZE,
    InvalidKeypair,
    Keypair,
    author_key,
    sha256,
    sign,
    verify,
)
from esd.formats.paths import is_path, may_write

NAME = "es.4"
MAX_CONTENT = 4_000_000  # bytes of UTF-8


class Es4Document(Document, frozen=True, gc=False, tag=NAME):
    """The nine fields of es.4 in wire order; the first one, `format`, is the tag."""

    format: ClassVar[str] = NAME

    workspace: str
    path: str
    content_hash: str
    content: str
    author: str
    timestamp: int
    delete_after: int | None
    signature: str


def check(doc: Document, now: int) -> bytes:
    """The document's hash, if the document is valid at *now*; else InvalidDocument."""
    (found,) = check_all([doc], now)
    if isinstance(found, Reason):
        raise InvalidDocument(found)
    return found


def check_all(docs: Sequence[Document], now: int) -> list[bytes | Reason]:
    """For each document its hash, or what is wrong with it at *now*."""
    wrong = [_wrong_field(doc, now) for doc in docs]
    left = [doc for doc, reason in zip(docs, wrong, strict=True) if reason is None]
    signed = _check_signed(left)
    return [reason or next(signed) for reason in wrong]


def _wrong_field(doc: Document, now: int) -> Reason | None:
    try:
        _check_workspace(doc)
        _check_path(doc)
        _check_permission(doc)
        check_timestamp(doc, now)
        _check_delete_after(doc, now)
        _check_author(doc)
        _check_content_size(doc)
    except InvalidDocument as exc:
        return exc.reason
    return None


def _check_signed(docs: Sequence[Document]) -> Iterator[bytes | Reason]:
    """The rules that need more than a look at the fields."""
    claims = decode_each([doc.content_hash for doc in docs], HASH_SIZE)
    hashes = [sha256(content_bytes(doc)) for doc in docs]
    fits = [claim == found for claim, found in zip(claims, hashes, strict=True)]
    left = [doc for doc, fit in zip(docs, fits, strict=True) if fit]
    verified = iter(_verified(left))
    return (next(verified) if fit else Reason.CONTENT_HASH for fit in fits)


def _verified(docs: Sequence[Document]) -> list[bytes | Reason]:
    digests = [document_hash(doc) for doc in docs]
    # A signature fills the processor's cache: whatever else is done between one and the
    # next takes twice as long.
    signed = [
        verify(public_key or b"", signature or b"", text)
        for public_key, signature, text in zip(
            [author_key(doc.author) for doc in docs],
            decode_each([doc.signature for doc in docs], SIGNATURE_SIZE),
            encode_hashes(digests),
            strict=True,
        )
    ]
    return [
        digest if is_signed else Reason.SIGNATURE
        for digest, is_signed in zip(digests, signed, strict=True)
    ]


def _check_workspace(doc: Document) -> None:
    if not is_workspace_address(doc.workspace):
        raise InvalidDocument(Reason.WORKSPACE)


def _check_path(doc: Document) -> None:
    if not is_path(doc.path) or ("!" in doc.path) != (doc.delete_after is not None):
        raise InvalidDocument(Reason.PATH)


def _check_permission(doc: Document) -> None:
    if not may_write(doc.author, doc.path):
        raise InvalidDocument(Reason.PERMISSION)


def _check_delete_after(doc: Document, now: int) -> None:
    delete_after = doc.delete_after
    if delete_after is None:
        return
    if not MIN_TIMESTAMP <= delete_after <= MAX_TIMESTAMP:
        raise InvalidDocument(Reason.TIMESTAMP)
    if delete_after <= doc.timestamp:
        raise InvalidDocument(Reason.TIMESTAMP)
    if now > delete_after:
        raise InvalidDocument(Reason.EXPIRED)


def _check_author(doc: Document) -> None:
    if author_key(doc.author) is None:
        # An address of the right shape whose key has stray bits can never have signed.
        known = is_author_address(doc.author)
        raise InvalidDocument(Reason.SIGNATURE if known else Reason.AUTHOR)


def _check_content_size(doc: Document) -> None:
    # A character of UTF-8 has four bytes at most, so most need not be measured.
    if len(doc.content) > MAX_CONTENT // 4 and len(content_bytes(doc)) > MAX_CONTENT:
        raise InvalidDocument(Reason.CONTENT_SIZE)


def hash_text(doc: Document) -> str:
    """What is hashed: a line for each field in alphabetical order."""
    delete_after = doc.delete_after
    ephemeral = "" if delete_after is None else f"deleteAfter\t{delete_after}\n"
    return (
        f"author\t{doc.author}\ncontentHash\t{doc.content_hash}\n{ephemeral}"
        f"format\t{NAME}\npath\t{doc.path}\n"
        f"timestamp\t{doc.timestamp}\nworkspace\t{doc.workspace}\n"
    )


def document_hash(doc: Document) -> bytes:
    return sha256(hash_text(doc).encode())


def sign_document(keypair: Keypair, doc: Es4Document) -> Es4Document:
    """*doc* with its signature; its other fields are taken as they are."""
    if keypair.address != doc.author:
        raise InvalidKeypair("the key pair belongs to another author")
    signature = sign(keypair, encode_hash(document_hash(doc)))
    return msgspec.structs.replace(doc, signature=signature)


def new_document(
    keypair: Keypair,
    *,
    workspace: WorkspaceAddress,
    path: str,
    content: str,
    timestamp: int,
    delete_after: int | None = None,
) -> Es4Document:
    """A new document, hashed and signed, but not checked."""
    content = replace_lone_surrogates(content)
    unsigned = Es4Document(
        workspace=workspace.text,
        path=path,
        content_hash=encode_base32(sha256(content.encode())),
        content=content,
        author=keypair.address,
        timestamp=timestamp,
        delete_after=delete_after,
        signature="",
    )
    return sign_document(keypair, unsigned)


def shorten_signature(doc: Document) -> Document:
    """*doc* with what follows the 64 bytes of its signature cut off.

    Pubs on Node keep such documents, because their libsodium binding never looks
    behind the 64th byte: anyone can lengthen a signature, nobody needs the key.
    """
    try:
        signature = decode_base32(doc.signature)
    except InvalidEncoding:
        return doc
    if len(signature) <= SIGNATURE_SIZE:
        return doc
    shortened = encode_base32(signature[:SIGNATURE_SIZE])
    return msgspec.structs.replace(doc, signature=shortened)
