"""The node's own file: what belongs to this esd and to no workspace.

Its install key makes local ids: a workspace's name in logs, file names, metrics and on
the control API, from which nobody who lacks the key can test a guessed address. A lost
node file is no lost data: replicas carry their address, and keep the id they are named
by.

It also keeps, for each peer, how its last runs failed (so that a restart does not
hammer a peer that is down), the runs themselves for people to look back at, and the
latest time the clock is known to have shown (so that a machine without a battery clock
can tell that it woke up in the past).
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from threading import Lock

from esd.formats import WorkspaceAddress
from esd.store.schema import Kind, connect, create_private, transaction, translated

__all__ = ["Backoff", "NodeFile", "RunRecord"]

KEY_BYTES = 32
LOCAL_ID_BYTES = 10  # 16 letters: no two workspaces of one install ever share one
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
    """One finished run; `outcome` is a word, `detail` JSON for people and tools."""

    peer: str
    workspace: str
    cause: str
    started: int
    ended: int
    outcome: str
    detail: str


class NodeFile:
    """The open file. Small reads and writes, in any thread: they take turns."""

    def __init__(self, path: Path) -> None:
        create_private(path)
        self._name = path.name
        self._turn = Lock()
        self._db = connect(path, Kind.NODE)
        self._install_key = self._load_key()

    def _load_key(self) -> bytes:
        with self._turn, translated(self._name), transaction(self._db):
            self._db.execute(
                "INSERT OR IGNORE INTO meta VALUES ('install_key', ?)",
                (os.urandom(KEY_BYTES),),
            )
            (key,) = self._db.execute(
                "SELECT value FROM meta WHERE name = 'install_key'"
            ).fetchone()
        return bytes(key)

    def local_id(self, address: WorkspaceAddress) -> str:
        digest = hashlib.blake2b(
            address.text.encode("ascii"),
            key=self._install_key,
            digest_size=LOCAL_ID_BYTES,
        ).digest()
        return "ws-" + base64.b32encode(digest).decode("ascii").lower()

    def clock(self) -> int:
        """The latest wall clock (µs) that was noted; 0 at first."""
        with self._turn:
            row = self._db.execute(
                "SELECT value FROM meta WHERE name = 'clock'"
            ).fetchone()
        return 0 if row is None else int(row[0])

    def note_clock(self, now: int) -> None:
        with self._turn, translated(self._name), transaction(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('clock', :now)", {"now": now}
            )

    def backoff(self, peer: str) -> Backoff | None:
        with self._turn:
            row = self._db.execute(
                "SELECT failing_since, last_attempt, failures, next_attempt"
                " FROM backoffs WHERE peer = :peer",
                {"peer": peer},
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

    def note_run(
        self, peer: str, runs: Sequence[RunRecord], backoff: Backoff | None
    ) -> None:
        """Keep a finished run, and how the peer is failing now (None: it is not).

        The oldest runs beyond MAX_RUNS go.
        """
        with self._turn, translated(self._name), transaction(self._db):
            self._db.executemany(
                "INSERT INTO runs (peer, workspace, cause, started, ended, outcome,"
                " detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [astuple(run) for run in runs],
            )
            self._db.execute(
                "DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?",
                (MAX_RUNS,),
            )
            self._keep_backoff(peer, backoff)

    def _keep_backoff(self, peer: str, backoff: Backoff | None) -> None:
        if backoff is None:
            self._db.execute("DELETE FROM backoffs WHERE peer = ?", (peer,))
            return
        self._db.execute(
            "INSERT OR REPLACE INTO backoffs (failing_since, last_attempt, failures,"
            " next_attempt, peer) VALUES (?, ?, ?, ?, ?)",
            (*astuple(backoff), peer),
        )

    def runs(self, *, limit: int = 100) -> list[RunRecord]:
        """The latest runs, newest first."""
        with self._turn:
            rows = self._db.execute(
                "SELECT peer, workspace, cause, started, ended, outcome, detail"
                " FROM runs ORDER BY id DESC LIMIT :limit",
                {"limit": limit},
            ).fetchall()
        return [RunRecord(*row) for row in rows]

    def close(self) -> None:
        self._db.close()
