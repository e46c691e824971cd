"""Checking documents before they are stored: pure, and good for any thread."""

from esd import formats
from esd.formats import Document, InvalidDocument, WorkspaceAddress
from esd.formats.document import FUTURE_TOLERANCE
from esd.replica.tally import Outcome, Verdict
from esd.store import Entry

__all__ = ["check_all"]


def check_all(
    documents: list[Document], address: WorkspaceAddress, origin: str, now: int
) -> list[Entry | Outcome]:
    """For each document its row, or why it is rejected."""
    return [_checked(document, address, origin, now) for document in documents]


def _checked(
    document: Document, address: WorkspaceAddress, origin: str, now: int
) -> Entry | Outcome:
    try:
        document_hash = formats.check(document, address, now)
    except InvalidDocument as exc:
        retry_at = document.timestamp - FUTURE_TOLERANCE if exc.reason.passes else None
        return Outcome(Verdict.REJECTED, exc.reason, retry_at)
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
