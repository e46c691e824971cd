"""A daemon that is killed at any moment has lost nothing that it acknowledged.

A few writers push without pause; at a random moment the daemon is killed. Then its
files are read without it, and it is started again over them. A moment is so many
pushes later, and then so many turns of our loop, while other pushes are under way. The
seed of the moments is printed; the moments themselves are also the machine's.
"""

import json
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import trio

from esd.bell import Bell
from esd.errors import PeerUnavailable
from esd.formats import WorkspaceAddress, encode, keypair_from_seed, new_document
from esd.sync import Client, RunLimits
from tests.daemons import fetch
from tests.programs import config_text, running_esd, started_esd

GARDEN = "+garden.killed"
API = f"/earthstar-api/v1/{GARDEN}/documents"
ROUNDS = 10
WRITERS = 3
A_PUSH = 20  # documents
LONGEST_LIFE = 20  # pushes after it is ready
TURNS = 100  # of the loop; a push takes some
PATIENCE = 60.0  # seconds; only to end what hangs
FIRST = 1_700_000_000_000_000  # µs


@dataclass(slots=True)
class Acknowledged:
    """The documents that the daemon said it has stored: path to timestamp."""

    stored: dict[str, int] = field(default_factory=dict)
    pushed: Bell = field(default_factory=Bell)

    def note(self, documents: dict[str, int]) -> None:
        self.stored.update(documents)
        self.pushed.ring()

    async def wait_more(self, pushes: int) -> None:
        """Return when so many more have been acknowledged."""
        enough = self.pushed.count + pushes
        with trio.fail_after(PATIENCE):
            while self.pushed.count < enough:
                await self.pushed.wait_after(self.pushed.count)


def pushes(writer: int, number: int) -> Iterator[tuple[bytes, dict[str, int]]]:
    """Bodies without end, each with what it holds: new paths, and old ones again."""
    name = f"aut{writer}"
    keypair = keypair_from_seed(name, name.encode() * 8)
    while True:
        number += 1
        timestamp = FIRST + number
        paths = [
            f"/{writer}/often",
            *(f"/{writer}/{number}/{i}" for i in range(A_PUSH)),
        ]
        documents = [
            new_document(
                keypair,
                workspace=WorkspaceAddress.parse(GARDEN),
                path=path,
                content="x" * 200,
                timestamp=timestamp,
            )
            for path in paths
        ]
        body = b"[" + b",".join(map(encode, documents)) + b"]"
        yield body, dict.fromkeys(paths, timestamp)


async def keep_pushing(
    url: str, writer: int, round_number: int, acknowledged: Acknowledged
) -> None:
    """Push until the daemon is no longer there."""
    async with Client(url, RunLimits()) as client:
        for body, documents in pushes(writer, round_number * 1_000_000):
            try:
                answer = await client.fetch("POST", API, {}, body)
            except PeerUnavailable:
                return
            assert json.loads(answer.body)["numIngested"] == len(documents)
            acknowledged.note(documents)


def stored(state: Path) -> dict[str, int]:
    """Path to timestamp, from a sound file, read without esd."""
    (path,) = (state / "replicas").glob("ws-*.db")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return dict(db.execute("SELECT path, timestamp FROM documents"))


async def test_nothing_acknowledged_is_missing_after_a_kill(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    chance = random.Random(seed)
    text = config_text(tmp_path, [GARDEN])
    acknowledged = Acknowledged()
    for round_number in range(ROUNDS):
        async with started_esd(text) as esd:
            await esd.wait_ready()
            async with trio.open_nursery() as writers:
                for writer in range(WRITERS):
                    writers.start_soon(
                        keep_pushing, esd.url, writer, round_number, acknowledged
                    )
                await acknowledged.wait_more(chance.randint(0, LONGEST_LIFE))
                for _ in range(chance.randint(0, TURNS)):
                    await trio.lowlevel.checkpoint()
                await esd.kill()
        if round_number % 2:  # else the next start finds the -wal as the kill left it
            check(stored(tmp_path), acknowledged)
    check(stored(tmp_path), acknowledged)
    assert acknowledged.pushed.count > ROUNDS


def check(kept: dict[str, int], acknowledged: Acknowledged) -> None:
    for path, timestamp in acknowledged.stored.items():
        assert kept.get(path, 0) >= timestamp, f"{path} is missing or older"


async def test_what_survived_a_kill_is_served_again(tmp_path: Path) -> None:
    text = config_text(tmp_path, [GARDEN])
    acknowledged = Acknowledged()
    async with started_esd(text) as esd:
        await esd.wait_ready()
        async with trio.open_nursery() as writers:
            writers.start_soon(keep_pushing, esd.url, 0, 0, acknowledged)
            await acknowledged.wait_more(1)
            await esd.kill()
    async with running_esd(text) as esd:
        listed = (await fetch(esd.url + API)).json()
        served = {one["path"]: one["timestamp"] for one in listed}
        check(served, acknowledged)
