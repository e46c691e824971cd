"""Checking documents before they are stored: pure, and good for any thread."""

from collections.abc import Iterator, Sequence

from esd import formats
from esd.formats import Document, Reason, WorkspaceAddress
from esd.formats.document import FUTURE_TOLERANCE
from esd.replica.tally import Outcome, Verdict
from esd.store import Entry

__all__ = ["check_all"]

# Checked together. Except while a signature is verified a thread keeps the interpreter
# to itself, and others wait: a millisecond.
AT_ONCE = 128


def check_all(
    documents: Sequence[Document], address: WorkspaceAddress, origin: str, now: int
) -> list[Entry | Outcome]:
    """For each document its row, or why it is rejected."""
    checked: list[Entry | Outcome] = []
    for start in range(0, len(documents), AT_ONCE):
        some = documents[start : start + AT_ONCE]
        found = formats.check_all(some, address, now)
        checked += _rows(some, found, origin)
    return checked


def _rows(
    documents: Sequence[Document], found: Sequence[bytes | Reason], origin: str
) -> Iterator[Entry | Outcome]:
    for document, result in zip(documents, found, strict=True):
        if isinstance(result, Reason):
            retry_at = document.timestamp - FUTURE_TOLERANCE if result.passes else None
            yield Outcome(Verdict.REJECTED, result, retry_at)
        else:
            yield Entry(
                document.path,
                document.author,
                document.timestamp,
                document.signature,
                document.delete_after,
                len(document.content.encode()),
                document.format,
                origin,
                result,
                formats.encode(document),
            )
