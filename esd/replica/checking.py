"""Checking documents before they are stored: pure, and good for any thread."""

from esd import formats
from esd.formats import Document, InvalidDocument, WorkspaceAddress
from esd.replica.tally import Tally
from esd.store import Entry

__all__ = ["check_all"]


def check_all(
    documents: list[Document],
    address: WorkspaceAddress,
    origin: str,
    now: int,
    tally: Tally,
) -> list[Entry]:
    """The rows of the valid ones; the others are counted in *tally*."""
    entries = []
    for document in documents:
        try:
            document_hash = formats.check(document, address, now)
        except InvalidDocument as exc:
            tally.rejected[exc.reason] += 1
            tally.may_pass = tally.may_pass or exc.reason.passes
        else:
            entries.append(_entry(document, document_hash, origin))
    return entries


def _entry(document: Document, document_hash: bytes, origin: str) -> Entry:
    return Entry(
        document.path,
        document.author,
        document.timestamp,
        document.signature,
        document.delete_after,
        len(document.content.encode()),
        document.format,
        origin,
        document_hash,
        formats.encode(document),
    )
