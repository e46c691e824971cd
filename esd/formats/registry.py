"""The formats we know, by name: the one table that a new format is added to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from esd.formats import es4
from esd.formats.addresses import WorkspaceAddress
from esd.formats.document import Document, InvalidDocument, Reason


@dataclass(frozen=True, slots=True)
class Format:
    """What can be asked of a format; each function is described in es4.py."""

    document: type[Document]
    check: Callable[[Document, int], bytes]
    document_hash: Callable[[Document], bytes]


FORMATS = {
    es4.NAME: Format(es4.Es4Document, es4.check, es4.document_hash),
}


class _NoFormat(Document, frozen=True, gc=False, tag=""):
    """Nothing: its field can have no value.

    msgspec asks for the tag only where it has to choose, and a document without
    `format` is not valid. Goes when there is a second format.
    """

    impossible: Annotated[str, msgspec.Meta(min_length=1, max_length=0)]


AnyDocument = es4.Es4Document | _NoFormat


def check(doc: Document, workspace: WorkspaceAddress, now: int) -> bytes:
    """The document's hash, if it is valid at *now* in *workspace*.

    Raises InvalidDocument otherwise.
    """
    if doc.workspace != workspace.text:
        raise InvalidDocument(Reason.WORKSPACE)
    return FORMATS[doc.format].check(doc, now)


def document_hash(doc: Document) -> bytes:
    """The hash by which peers name the document, valid or not."""
    return FORMATS[doc.format].document_hash(doc)
