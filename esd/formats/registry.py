"""The formats we know, by name: the one table that a new format is added to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from esd.formats import es3, es4
from esd.formats.addresses import WorkspaceAddress
from esd.formats.document import Document, InvalidDocument, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What can be asked of a format; each function is described in es4.py."""

    document: type[Document]
    check_all: Callable[[Sequence[Document], int], list[bytes | Reason]]
    document_hash: Callable[[Document], bytes]
    shorten_signature: Callable[[Document], Document]
    drops_private_fields: bool  # those that start with `_`, instead of refusing them
    fraction: Reason  # what is wrong with a timestamp that is no integer


FORMATS = {
    es4.NAME: Format(
        document=es4.Es4Document,
        check_all=es4.check_all,
        document_hash=es4.document_hash,
        shorten_signature=es4.shorten_signature,
        drops_private_fields=True,
        fraction=Reason.FIELDS,
    ),
    es3.NAME: Format(
        document=es3.Es3Document,
        check_all=es3.check_all,
        document_hash=es3.document_hash,
        shorten_signature=es3.shorten_signature,
        drops_private_fields=False,
        fraction=Reason.TIMESTAMP,
    ),
}

AnyDocument = es4.Es4Document | es3.Es3Document


def check(doc: Document, workspace: WorkspaceAddress, now: int) -> bytes:
    """The document's hash, if it is valid at *now* in *workspace*.

    Raises InvalidDocument otherwise.
    """
    (found,) = check_all([doc], workspace, now)
    if isinstance(found, Reason):
        raise InvalidDocument(found)
    return found


def check_all(
    docs: Sequence[Document], workspace: WorkspaceAddress, now: int
) -> list[bytes | Reason]:
    """For each document its hash, or what is wrong with it.

    Those of one format are checked together, which costs less than one by one.
    """
    found: list[bytes | Reason] = [Reason.WORKSPACE] * len(docs)
    address = workspace.text
    for name, known in FORMATS.items():
        places = [
            place
            for place, doc in enumerate(docs)
            if doc.format == name and doc.workspace == address
        ]
        checked = known.check_all([docs[place] for place in places], now)
        for place, result in zip(places, checked, strict=True):
            found[place] = result
    return found


def document_hash(doc: Document) -> bytes:
    """The hash by which peers name the document, valid or not."""
    return FORMATS[doc.format].document_hash(doc)


def shorten_signature(doc: Document) -> Document:
    """*doc*, its signature cut to the 64 bytes that count where it is longer."""
    return FORMATS[doc.format].shorten_signature(doc)
