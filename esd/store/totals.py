"""Three numbers about a replica's documents that would be dear to count.

`count` and `size` (bytes of JSON) are for bounds and people. `fingerprint` is the sum,
modulo 2^256, of sha256(hash, signature) over all documents: it does not depend on
order, costs one hash for each document that comes or goes, and differs as soon as the
sets do. Our ETag is made of it, so "nothing changed" never needs a look at the
documents.

They are changed in the transaction that changes the documents, hence always true.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Totals", "load_totals", "save_totals"]

_MODULUS = 1 << 256

Counted = tuple[bytes, str, int]
"""Of a document: its hash, its signature, and the size of its JSON."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Immutable; `plus` and `minus` give the totals with documents more or less."""

    count: int = 0
    size: int = 0
    fingerprint: int = 0

    def plus(self, documents: Iterable[Counted]) -> "Totals":
        count, size, marks = _sums(documents)
        return Totals(
            self.count + count, self.size + size, (self.fingerprint + marks) % _MODULUS
        )

    def minus(self, documents: Iterable[Counted]) -> "Totals":
        count, size, marks = _sums(documents)
        return Totals(
            self.count - count, self.size - size, (self.fingerprint - marks) % _MODULUS
        )


def _sums(documents: Iterable[Counted]) -> tuple[int, int, int]:
    count = size = marks = 0
    for document_hash, signature, document_size in documents:
        count += 1
        size += document_size
        marks += _mark(document_hash, signature)
    return count, size, marks


def _mark(document_hash: bytes, signature: str) -> int:
    digest = hashlib.sha256(document_hash + signature.encode("ascii")).digest()
    return int.from_bytes(digest, "little")


def load_totals(db: sqlite3.Connection) -> Totals:
    row = db.execute("SELECT value FROM meta WHERE name = 'totals'").fetchone()
    if row is None:
        return Totals()
    count, size, fingerprint = row[0].split()
    return Totals(int(count), int(size), int(fingerprint, 16))


def save_totals(db: sqlite3.Connection, totals: Totals) -> None:
    db.execute(
        "INSERT OR REPLACE INTO meta VALUES ('totals', :value)",
        {"value": f"{totals.count} {totals.size} {totals.fingerprint:x}"},
    )
