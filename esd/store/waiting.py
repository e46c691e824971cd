"""Differences with a peer that are let be for a while, as talking changes nothing.

Each has a time to try again. Where nobody knows a better one, that is a day later, and
at each further try twice as late, up to thirty days. There are at most MAX_WAITING of a
kind for a peer, and those give way whose time comes first; what was pushed and never
judged gives way last, because only then its judgement is missed. Past the bound it only
costs a peer's repetitions.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["DAY", "LONGEST_RETRY", "MAX_WAITING", "drop", "note"]

DAY = 86_400_000_000  # µs
LONGEST_RETRY = 30 * DAY
MAX_WAITING = 10_000  # of a kind, a peer and replica; 1 MB at the most

# The number of tries so far says how long to wait.
_LATER = f"""ON CONFLICT (peer, hash) DO UPDATE SET
    tries = tries + 1,
    retry_at = coalesce(
      :retry_at, :now + min({DAY} << min(tries, 5), {LONGEST_RETRY})
    )"""
_NOTE_REFUSED = (
    "INSERT INTO peer_refused (peer, hash, tries, retry_at)"
    f" VALUES (:peer, :hash, 1, coalesce(:retry_at, :now + {DAY})) {_LATER}"
)
_NOTE_USELESS = (
    "INSERT INTO peer_useless (peer, hash, timestamp, tries, retry_at) VALUES"
    f" (:peer, :hash, :timestamp, 1, coalesce(:retry_at, :now + {DAY})) {_LATER}"
)


def note(
    db: sqlite3.Connection,
    peer: str,
    waits: Sequence[tuple[bytes, int | None]],
    now: int,
    timestamps: Mapping[bytes, int] | None = None,
) -> None:
    """Keep (hash, retry time): refused ones; or useless ones, with *timestamps*."""
    table = "peer_refused" if timestamps is None else "peer_useless"
    some = waits[:MAX_WAITING]
    db.executemany(
        _NOTE_REFUSED if timestamps is None else _NOTE_USELESS,
        [
            {
                "peer": peer,
                "hash": one,
                "timestamp": (timestamps or {}).get(one),
                "now": now,
                "retry_at": _bounded(retry_at, now),
            }
            for one, retry_at in some
        ],
    )
    _make_room(db, table, peer)


def _bounded(retry_at: int | None, now: int) -> int | None:
    """A peer's document may name any time; and 0 would say that it was never judged."""
    return None if retry_at is None else min(max(retry_at, 1), now + LONGEST_RETRY)


def _make_room(db: sqlite3.Connection, table: str, peer: str) -> None:
    db.execute(
        f"DELETE FROM {table} WHERE peer = :peer AND hash IN (SELECT hash FROM {table}"
        " WHERE peer = :peer ORDER BY retry_at = 0 DESC, retry_at DESC"
        " LIMIT -1 OFFSET :most)",
        {"peer": peer, "most": MAX_WAITING},
    )


def drop(
    db: sqlite3.Connection, table: str, peer: str, hashes: Iterable[bytes]
) -> None:
    db.executemany(
        f"DELETE FROM {table} WHERE peer = ? AND hash = ?",
        [(peer, one) for one in hashes],
    )
