"""What is settled about a document before its signature is looked at.

Each is compared with what we hold at its key: the same one is never verified again, and
an older one not at all. That makes "nothing new" cheap, whoever says it. What is left
is new; and of that only what is wanted goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from esd import formats
from esd.formats import Document, Reason
from esd.formats.replication import Predicate
from esd.replica.marks import Marks
from esd.replica.tally import QUERY, Outcome, Verdict
from esd.store import Held, Reader

__all__ = ["Offer", "sift"]

_KNOWN = Outcome(Verdict.OBSOLETE)
_ELSEWHERE = Outcome(Verdict.REJECTED, Reason.WORKSPACE)
_UNWANTED = Outcome(Verdict.REJECTED, QUERY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Documents of one sender.

    *listed* gets the local index of each of ours that one of them at least matches; of
    new ones only those are taken that *wanted* matches.
    """

    documents: Sequence[Document]
    now: int
    listed: Marks | None = None
    wanted: Predicate | None = None


def sift(reader: Reader, workspace: str, offer: Offer) -> list[Outcome | None]:
    """What became of each document; None: it is new, and could replace what we hold."""
    held_at = reader.held(
        [
            (document.path, document.author)
            for document in offer.documents
            if document.workspace == workspace
        ],
        offer.now,
    )
    outcomes: list[Outcome | None] = []
    for document in offer.documents:
        outcome: Outcome | None = None
        if document.workspace != workspace:  # which is compared for all
            outcome = _ELSEWHERE
        elif held_at and (held := held_at.get((document.path, document.author))):
            outcome = _compared(reader, document, held, offer)
        if outcome is None and offer.wanted and not _matches(offer.wanted, document):
            outcome = _UNWANTED
        outcomes.append(outcome)
    return outcomes


def _compared(
    reader: Reader, document: Document, held: Held, offer: Offer
) -> Outcome | None:
    rank = f"{document.timestamp},{document.signature}"
    ours = held.rank
    if offer.listed is not None and ours <= rank:
        offer.listed.add(held.local_index)
    if ours > rank and held.delete_after is not None:
        return Outcome(Verdict.OBSOLETE, retry_at=held.delete_after + 1)
    if ours > rank or (ours == rank and _is_same(reader, document, held, offer.now)):
        return _KNOWN
    return None


def _is_same(reader: Reader, document: Document, held: Held, now: int) -> bool:
    json = held.json
    if json is None:
        wire = reader.wire_at(held.local_index, now)
        json = wire[1] if wire is not None else b""
    return json == formats.encode(document)


def _matches(wanted: Predicate, document: Document) -> bool:
    return wanted.matches(
        document.path, document.author, document.timestamp, document.format
    )
