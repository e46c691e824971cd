"""What runs with peers came to, how peers fail, what they speak, which are paused.

Kept so that a restart does not hammer a peer that is down, forgets no pause, and leaves
people something to look back at. A run has one record for each workspace it took part
in; the number of a run is never used again.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from esd.store.turns import Turns

__all__ = ["Backoff", "History", "KnownProtocol", "RunRecord"]

MAX_RUNS = 10_000  # some weeks of ten busy peers


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """What a restart must know of a failing peer, or it would hammer a dead one.

    Times are wall clock, µs; `failures` are consecutive.
    """

    failing_since: int
    last_attempt: int
    failures: int
    next_attempt: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One workspace in a finished run; `outcome` is a word, `detail` JSON."""

    run: int
    peer: str
    workspace: str
    cause: str
    started: int
    ended: int
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class KnownProtocol:
    """What a peer spoke when it was last asked (wall clock, µs), and at which place."""

    place: bytes
    protocol: str
    asked_at: int


class History:
    """Reads and writes of a node's file."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def note_run(
        self, peer: str, records: Sequence[RunRecord], backoff: Backoff | None
    ) -> None:
        """Keep a finished run, and how the peer is failing now (None: it is not).

        The oldest runs beyond MAX_RUNS go.
        """
        with self._turns.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [astuple(record) for record in records],
            )
            db.execute(
                "DELETE FROM runs WHERE run <= (SELECT max(run) FROM runs) - ?",
                (MAX_RUNS,),
            )
            if backoff is None:
                db.execute("DELETE FROM backoffs WHERE peer = ?", (peer,))
            else:
                db.execute(
                    "INSERT OR REPLACE INTO backoffs (failing_since, last_attempt,"
                    " failures, next_attempt, peer) VALUES (?, ?, ?, ?, ?)",
                    (*astuple(backoff), peer),
                )

    def last_run(self) -> int:
        """The highest number of a run that was kept."""
        with self._turns.reading() as db:
            (last,) = db.execute("SELECT max(run) FROM runs").fetchone()
        return int(last or 0)

    def runs(
        self, *, limit: int = 100, before: int | None = None, peer: str | None = None
    ) -> list[RunRecord]:
        """The latest records, newest run first; only runs below the number *before*."""
        with self._turns.reading() as db:
            rows = db.execute(
                "SELECT run, peer, workspace, cause, started, ended, outcome, detail"
                " FROM runs WHERE (:before IS NULL OR run < :before)"
                " AND (:peer IS NULL OR peer = :peer)"
                " ORDER BY run DESC, started LIMIT :limit",
                {"limit": limit, "before": before, "peer": peer},
            ).fetchall()
        return [RunRecord(*row) for row in rows]

    def records_of(self, run: int) -> list[RunRecord]:
        """The records of one run, in the order of its workspaces."""
        with self._turns.reading() as db:
            rows = db.execute(
                "SELECT run, peer, workspace, cause, started, ended, outcome, detail"
                " FROM runs WHERE run = ? ORDER BY started",
                (run,),
            ).fetchall()
        return [RunRecord(*row) for row in rows]

    def backoff(self, peer: str) -> Backoff | None:
        with self._turns.reading() as db:
            row = db.execute(
                "SELECT failing_since, last_attempt, failures, next_attempt"
                " FROM backoffs WHERE peer = ?",
                (peer,),
            ).fetchone()
        if row is None:
            return None
        since, last, failures, following = row
        return Backoff(
            failing_since=since,
            last_attempt=last,
            failures=failures,
            next_attempt=following,
        )

    def paused(self) -> dict[str, int | None]:
        """The paused peers, and until when (wall clock, µs; None: until resumed)."""
        with self._turns.reading() as db:
            return dict(db.execute("SELECT peer, until FROM paused").fetchall())

    def note_pause(self, peer: str, until: int | None) -> None:
        with self._turns.writing() as db:
            db.execute("INSERT OR REPLACE INTO paused VALUES (?, ?)", (peer, until))

    def note_resume(self, peer: str) -> None:
        with self._turns.writing() as db:
            db.execute("DELETE FROM paused WHERE peer = ?", (peer,))

    def protocol(self, peer: str) -> KnownProtocol | None:
        with self._turns.reading() as db:
            row = db.execute(
                "SELECT place, protocol, asked_at FROM peer_protocols WHERE peer = ?",
                (peer,),
            ).fetchone()
        return None if row is None else KnownProtocol(*row)

    def note_protocol(self, peer: str, known: KnownProtocol) -> None:
        with self._turns.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO peer_protocols VALUES (?, ?, ?, ?)",
                (peer, *astuple(known)),
            )

    def forget_protocol(self, peer: str) -> None:
        with self._turns.writing() as db:
            db.execute("DELETE FROM peer_protocols WHERE peer = ?", (peer,))
