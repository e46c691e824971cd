"""`sync`: esd against a real earthstar-pub, beside the Syncer of earthstar 6.8.5.

Each measured round is what a person waits for: pull and push, until both are level. Our
side is durable on disk; the Syncer keeps its documents in memory or in SQLite. Both get
the same documents, by turns in either order, and each measured push a fresh pub. Times
are taken without the counting proxy, bytes (in unchanged.py) through it.
"""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import unchanged
from tests.bench.documents import Documents, made_by_earthstar
from tests.bench.esd_process import esd_process
from tests.bench.filled import fill_esd, post, pull_into_esd
from tests.bench.results import Row, ratios
from tests.peers.real import RealClient, real_client, real_pub

ESD, MEMORY, SQLITE = "esd", "Syncer, memory", "Syncer, sqlite"


@dataclass(slots=True)
class Rounds:
    """Seconds of each side, a number a round."""

    seconds: dict[str, list[float]] = field(
        default_factory=lambda: {ESD: [], MEMORY: [], SQLITE: []}
    )

    def rows(self, work: str, *, least: Sequence[float | None]) -> list[Row]:
        """The times, and how many times faster than memory and SQLite we are."""
        ours = self.seconds[ESD]
        times = [
            Row(work=work, side=side, runs=runs, unit="s")
            for side, runs in self.seconds.items()
        ]
        return times + [
            ratios(
                work, self.seconds[side], ours, side=f"faster than {side}", least=bound
            )
            for side, bound in zip((MEMORY, SQLITE), least, strict=True)
        ]


async def measure(count: int, runs: int, folder: Path) -> list[Row]:
    """All rows of this benchmark."""
    documents = await made_by_earthstar(count, folder)
    with TemporaryDirectory(dir=folder, prefix="sync-") as temporary:
        work = Path(temporary)
        rows = await _first_pulls(documents, runs, work)
        rows += await _first_pushes(documents, runs, work)
        rows += await unchanged.measure(documents, runs, work)
    return rows


# The first pull...


async def _first_pulls(documents: Documents, runs: int, work: Path) -> list[Row]:
    rounds = Rounds()
    async with real_pub() as pub:
        await post(pub.url, documents)
        for run in range(runs):
            for side in _order(run):
                seconds = await _first_pull(side, pub.url, documents, work)
                rounds.seconds[side].append(seconds)
    return rounds.rows(f"first pull of {len(documents):,}", least=(2, 10))


def _order(run: int) -> Sequence[str]:
    """Alternated, so that no side always has the warmer machine."""
    order = (ESD, MEMORY, SQLITE)
    return order[::-1] if run % 2 else order


async def _first_pull(side: str, url: str, documents: Documents, work: Path) -> float:
    if side == ESD:
        return await pull_into_esd(url, documents, work)
    with TemporaryDirectory(dir=work) as temporary:
        file = Path(temporary) / "client.sqlite" if side == SQLITE else None
        async with real_client(documents.workspace, sqlite_file=file) as client:
            synced = await client.sync(url)
            assert synced.pull is not None
            assert synced.pull.ingested == len(documents), synced
            return synced.seconds


# The first push...


async def _first_pushes(documents: Documents, runs: int, work: Path) -> list[Row]:
    """The Syncers are filled once and stay; a pub is new for every push."""
    rounds = Rounds()
    filled = work / "filled"
    filled.mkdir()
    await fill_esd(filled, documents)
    async with (
        real_client(documents.workspace) as memory,
        real_client(documents.workspace, sqlite_file=work / "push.sqlite") as sqlite,
    ):
        clients = {MEMORY: memory, SQLITE: sqlite}
        for client in clients.values():
            await client.ingest(documents.parsed())
        for run in range(runs):
            for side in _order(run):
                seconds = await _first_push(clients.get(side), filled, documents, work)
                rounds.seconds[side].append(seconds)
    return rounds.rows(f"first push of {len(documents):,}", least=(None, None))


async def _first_push(
    client: RealClient | None, filled: Path, documents: Documents, work: Path
) -> float:
    async with real_pub() as pub:
        if client is not None:
            synced = await client.sync(pub.url)
            assert synced.push is not None
            assert synced.push.ingested == len(documents), synced
            return synced.seconds
        async with _copy(filled, documents, pub.url, work) as done:
            assert done["taken"] == len(documents), done
            return float(done["seconds"])


@asynccontextmanager
async def _copy(
    filled: Path, documents: Documents, url: str, work: Path
) -> AsyncIterator[dict[str, float]]:
    """The first run of an esd that begins with the documents in *filled*."""
    with TemporaryDirectory(dir=work) as temporary:
        folder = Path(temporary)
        shutil.copytree(filled / "state", folder / "state")
        async with esd_process(
            folder, documents.workspace, peer_url=url, metered=True
        ) as esd:
            yield await esd.sync()
