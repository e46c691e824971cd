"""One connection that several threads may use, each in its turn.

Good for small, rare reads and writes only: a reader waits for a writer's commit.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from esd.store.schema import transaction, translated

__all__ = ["Turns"]


class Turns:
    """`reading` and `writing` give the connection for the length of a block."""

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        self._db = db
        self._name = name
        self._lock = Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Leave no cursor open behind it."""
        with self._lock, translated(self._name):
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block is left."""
        with self._lock, translated(self._name), transaction(self._db):
            yield self._db

    def close(self) -> None:
        self._db.close()
