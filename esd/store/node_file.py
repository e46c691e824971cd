"""The node's own file: what belongs to this esd and to no workspace.

Its install key makes local ids: a workspace's name in logs, file names, metrics and on
the control API, from which nobody who lacks the key can test a guessed address. A lost
node file is no lost data: replicas carry their address, and keep the id they are named
by.

It also keeps the latest time the clock is known to have shown, so that a machine
without a battery clock can tell that it woke up in the past. What peers did is in
`history`, the operator's key pairs are in `identities`.

And it keeps how far the order of arrival in each replica is known to have come. A
replica's file that is behind that was restored from an older copy, by whatever means:
what peers know of the time since then must not be taken for what comes next.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from esd.formats import WorkspaceAddress
from esd.store.history import History
from esd.store.identities import Identities
from esd.store.schema import Kind, connect, create_private
from esd.store.turns import Turns

__all__ = ["HighWater", "NodeFile"]

KEY_BYTES = 32
SALT_BYTES = 32
LOCAL_ID_BYTES = 10  # 16 letters: no two workspaces of one install ever share one


class HighWater(NamedTuple):
    """The last local index that was seen in a replica, and in which epoch."""

    epoch: bytes
    last_index: int


class NodeFile:
    """The open file. Small reads and writes, in any thread: they take turns."""

    def __init__(self, path: Path) -> None:
        create_private(path)
        self._turns = Turns(connect(path, Kind.NODE), path.name)
        self._install_key = self._made_once("install_key", KEY_BYTES)
        # Goes to every caller: ids of workspaces are made with it.
        self.salt = self._made_once("salt", SALT_BYTES)
        self.history = History(self._turns)
        self.identities = Identities(self._turns)

    def _made_once(self, name: str, size: int) -> bytes:
        with self._turns.writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, os.urandom(size))
            )
            (value,) = db.execute(
                "SELECT value FROM meta WHERE name = ?", (name,)
            ).fetchone()
        return bytes(value)

    def local_id(self, address: WorkspaceAddress) -> str:
        digest = hashlib.blake2b(
            address.text.encode("ascii"),
            key=self._install_key,
            digest_size=LOCAL_ID_BYTES,
        ).digest()
        return "ws-" + base64.b32encode(digest).decode("ascii").lower()

    def clock(self) -> int:
        """The latest wall clock (µs) that was noted; 0 at first."""
        with self._turns.reading() as db:
            row = db.execute("SELECT value FROM meta WHERE name = 'clock'").fetchone()
        return 0 if row is None else int(row[0])

    def note_clock(self, now: int) -> None:
        with self._turns.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('clock', :now)", {"now": now}
            )

    def high_water(self, local_id: str) -> HighWater | None:
        with self._turns.reading() as db:
            row = db.execute(
                "SELECT epoch, last_index FROM high_water WHERE workspace = ?",
                (local_id,),
            ).fetchone()
        return None if row is None else HighWater(*row)

    def note_high_water(self, marks: Mapping[str, HighWater]) -> None:
        """By local id."""
        with self._turns.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO high_water VALUES (?, ?, ?)",
                [(local_id, *mark) for local_id, mark in marks.items()],
            )

    def close(self) -> None:
        self._turns.close()
