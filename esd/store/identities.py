"""The operator's key pairs, by a name of their own.

Secrets lie in the node's file, which only its owner can read, like every file of the
state directory. Whoever lists them sees addresses only.
"""

from dataclasses import dataclass

from esd.formats import Keypair
from esd.store.turns import Turns

__all__ = ["Identities", "Identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What is said of a key pair; `created` is wall clock, µs."""

    name: str
    address: str
    created: int


class Identities:
    """Reads and writes of a node's file."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def list(self) -> list[Identity]:
        with self._turns.reading() as db:
            rows = db.execute(
                "SELECT name, address, created FROM identities ORDER BY name"
            ).fetchall()
        return [Identity(*row) for row in rows]

    def get(self, name: str) -> Keypair | None:
        """The key pair of that name, or of that author's address."""
        with self._turns.reading() as db:
            row = db.execute(
                "SELECT address, secret FROM identities"
                " WHERE name = :name OR address = :name ORDER BY name <> :name LIMIT 1",
                {"name": name},
            ).fetchone()
        return None if row is None else Keypair(address=row[0], secret=row[1])

    def add(self, name: str, keypair: Keypair, now: int) -> bool:
        """Keep a checked key pair; False: the name is taken, and nothing changed."""
        with self._turns.writing() as db:
            cursor = db.execute(
                "INSERT OR IGNORE INTO identities VALUES (?, ?, ?, ?)",
                (name, keypair.address, keypair.secret, now),
            )
            return cursor.rowcount == 1

    def remove(self, name: str) -> bool:
        """Forget the key pair for good; False: there was none of that name."""
        with self._turns.writing() as db:
            cursor = db.execute("DELETE FROM identities WHERE name = ?", (name,))
            return cursor.rowcount == 1
