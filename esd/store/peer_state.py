"""What we know of each peer about this one replica, kept in the replica's own file.

It lives beside the documents so that a restored file can never meet a newer memory of
itself: each remembered list carries the epoch it was compared under.

- A remembered *list* says: when the peer's list of documents has this ETag, it holds
  every document of ours with local_index <= cursor, refused ones aside.
- A *suspect* was pushed in a body of which the peer took fewer documents than we sent.
  If the peer's next list does not show it, it is *refused*: not pushed again before a
  retry time that moves away, a day first, doubling up to thirty. Both are bounded; past
  the bound we only push more often than we would have to.
- A *useless* document is one of the peer's that we cannot or need not take (invalid,
  or older than ours). We show the peer as if we held it, until its retry time; or the
  two sets would differ for ever. Refused ones of ours we show as if we held them not.
- A *fact* is a small number worth keeping, such as the largest body a peer takes.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from esd.store.by_hash import Item
from esd.store.schema import transaction, translated
from esd.store.waiting import DAY, LONGEST_RETRY, MAX_WAITING, drop, note

__all__ = ["PeerReader", "PeerWriter", "RememberedList"]

MAX_REFUSED = MAX_WAITING


_TABLES = ("peer_lists", "peer_refused", "peer_useless", "peer_facts")


@dataclass(frozen=True, slots=True)
class RememberedList:
    """See above. `digest` covers the rules it was compared under, `url` the peer's."""

    etag: str
    cursor: int
    digest: bytes
    url: str
    epoch: bytes


class PeerReader:
    """Small reads by the name of the peer, over one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def remembered(self, peer: str) -> RememberedList | None:
        row = self._db.execute(
            "SELECT etag, cursor, digest, url, epoch FROM peer_lists"
            " WHERE peer = :peer",
            {"peer": peer},
        ).fetchone()
        return None if row is None else RememberedList(*row)

    def waiting(self, peer: str, now: int) -> set[bytes]:
        """Not to be pushed now: suspects, and refused ones until their retry time."""
        return {
            row[0]
            for row in self._db.execute(
                "SELECT hash FROM peer_refused"
                " WHERE peer = ? AND (retry_at = 0 OR retry_at > ?)",
                (peer, now),
            )
        }

    def refused(self, peer: str, now: int) -> set[bytes]:
        """Judged, and their retry time has not come."""
        return {
            row[0]
            for row in self._db.execute(
                "SELECT hash FROM peer_refused WHERE peer = ? AND retry_at > ?",
                (peer, now),
            )
        }

    def useless(self, peer: str, now: int) -> list[Item]:
        """Those whose retry time has not come."""
        return self._db.execute(
            "SELECT timestamp, hash FROM peer_useless WHERE peer = ? AND retry_at > ?",
            (peer, now),
        ).fetchall()

    def has_due(self, peer: str, now: int) -> bool:
        """Whether the retry time of a refused one has come."""
        (found,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM peer_refused"
            " WHERE peer = ? AND retry_at > 0 AND retry_at <= ?)",
            (peer, now),
        ).fetchone()
        return bool(found)

    def has_suspects(self, peer: str) -> bool:
        """Whether some were never judged."""
        (found,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM peer_refused"
            " WHERE peer = ? AND retry_at = 0)",
            (peer,),
        ).fetchone()
        return bool(found)

    def in_vain(self, peer: str) -> set[bytes]:
        """All suspects and refused ones, whether waiting or not."""
        return {
            row[0]
            for row in self._db.execute(
                "SELECT hash FROM peer_refused WHERE peer = ?", (peer,)
            )
        }

    def fact(self, peer: str, name: str) -> int | None:
        row = self._db.execute(
            "SELECT value FROM peer_facts WHERE peer = ? AND name = ?", (peer, name)
        ).fetchone()
        return None if row is None else int(row[0])


class PeerWriter:
    """Small writes by the name of the peer, each durable when it returns."""

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        self._db = db
        self._name = name

    def remember(self, peer: str, remembered: RememberedList) -> None:
        with translated(self._name), transaction(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO peer_lists VALUES (?, ?, ?, ?, ?, ?)",
                (
                    peer,
                    remembered.etag,
                    remembered.cursor,
                    remembered.digest,
                    remembered.url,
                    remembered.epoch,
                ),
            )

    def forget_list(self, peer: str) -> None:
        with translated(self._name), transaction(self._db):
            self._db.execute("DELETE FROM peer_lists WHERE peer = ?", (peer,))

    def suspect(self, peer: str, hashes: Iterable[bytes]) -> None:
        """These were in a body of which the peer took fewer than we sent."""
        with translated(self._name), transaction(self._db):
            (count,) = self._db.execute(
                "SELECT count(*) FROM peer_refused WHERE peer = ?", (peer,)
            ).fetchone()
            room = max(0, MAX_REFUSED - count)
            self._db.executemany(
                "INSERT INTO peer_refused VALUES (?, ?, 0, 0)"
                " ON CONFLICT (peer, hash) DO UPDATE SET retry_at = 0",
                [(peer, document_hash) for document_hash in list(hashes)[:room]],
            )

    def judge(self, peer: str, missing: set[bytes], now: int) -> None:
        """The peer listed all it holds, and *missing* of ours were not there.

        Suspects among them were refused; what is there after all is no suspect.
        """
        with translated(self._name), transaction(self._db):
            for document_hash, tries, retry_at in self._db.execute(
                "SELECT hash, tries, retry_at FROM peer_refused WHERE peer = ?", (peer,)
            ).fetchall():
                if document_hash not in missing:
                    self._drop(peer, document_hash)
                elif retry_at == 0:
                    self._put_off(peer, document_hash, tries, now)

    def _drop(self, peer: str, document_hash: bytes) -> None:
        self._db.execute(
            "DELETE FROM peer_refused WHERE peer = ? AND hash = ?",
            (peer, document_hash),
        )

    def _put_off(self, peer: str, document_hash: bytes, tries: int, now: int) -> None:
        wait = min(DAY << min(tries, 5), LONGEST_RETRY)
        self._db.execute(
            "UPDATE peer_refused SET tries = ?, retry_at = ?"
            " WHERE peer = ? AND hash = ?",
            (tries + 1, now + wait, peer, document_hash),
        )

    def note_refused(
        self, peer: str, refused: Sequence[tuple[bytes, int | None]], now: int
    ) -> None:
        """The peer said so; with the time to offer each again, None: put it off."""
        with translated(self._name), transaction(self._db):
            note(self._db, peer, refused, now)

    def note_useless(
        self, peer: str, useless: Sequence[tuple[int, bytes, int | None]], now: int
    ) -> None:
        """We need none of these (timestamp, hash), each until a time, as above."""
        with translated(self._name), transaction(self._db):
            timestamps = {one: timestamp for timestamp, one, _ in useless}
            waits = [(one, retry_at) for _, one, retry_at in useless]
            note(self._db, peer, waits, now, timestamps)

    def drop_refused(self, peer: str, hashes: Iterable[bytes]) -> None:
        """The peer holds these after all."""
        with translated(self._name), transaction(self._db):
            drop(self._db, "peer_refused", peer, hashes)

    def drop_useless(self, peer: str, hashes: Iterable[bytes]) -> None:
        """We hold these after all, or the peer does no longer."""
        with translated(self._name), transaction(self._db):
            drop(self._db, "peer_useless", peer, hashes)

    def acquit(self, peer: str) -> None:
        """The peer lost everything, or holds all of ours: it refuses nothing."""
        with translated(self._name), transaction(self._db):
            self._db.execute("DELETE FROM peer_refused WHERE peer = ?", (peer,))

    def note_fact(self, peer: str, name: str, value: int) -> None:
        with translated(self._name), transaction(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO peer_facts VALUES (?, ?, ?)",
                (peer, name, value),
            )

    def forget(self, peer: str) -> None:
        """Everything about *peer*: an operator's reset."""
        with translated(self._name), transaction(self._db):
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table} WHERE peer = ?", (peer,))
