"""Where each cell of the matrix is played: one garden, an esd that keeps it, and what
is in it. Every conversation moves documents of all the kinds that peers may stumble on,
of both formats: history by two authors, a tricky text, an emptied and a dying document.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import trio

from esd.daemon import wall_clock
from esd.formats import Batch, Document, WorkspaceAddress, encode
from esd.sync import PeerSettings, SyncRun
from esd.sync.rhythm import Rhythm
from esd.sync.status import Standing
from tests.daemons import Running, a_config, start_daemon
from tests.peers.test_harness import FAR_AWAY, TRICKY
from tests.replicas import MATT, SUZY, a_document, an_es3_document

GARDEN = "+garden.matrix"
ADDRESS = WorkspaceAddress.parse(GARDEN)
ES3, ES4 = "es.3", "es.4"
SOON = 60.0  # seconds; it takes some ten milliseconds, where nothing else is going on
PEER = "peer"
LIVELY = Rhythm(interval=300.0, settle=0.0)
ANOTHERS_SEED = b"\3" * 32  # es.3 wants a key that begins with a letter


class Way(StrEnum):
    """Who begins, and which way documents go; the columns of the matrix."""

    IT_PULLS = "it pulls"
    IT_PUSHES = "it pushes"
    ESD_PULLS = "esd pulls"
    ESD_PUSHES = "esd pushes"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    nursery: trio.Nursery
    folder: Path

    async def esd(self, *peers: PeerSettings, name: str = "esd") -> Running:
        """A daemon that keeps the garden and has those peers."""
        config = a_config(self.folder / name, [GARDEN], peers)
        return await start_daemon(self.nursery, config)


Conversation = Callable[[Stage], Awaitable[None]]
Cells = Mapping[Way, Conversation]


def some_of(name: str, place: str) -> list[Document]:
    """Documents of the format of that *name*, all under *place*."""
    return _es3(place) if name == ES3 else _es4(place)


def _es3(place: str) -> list[Document]:
    return [
        an_es3_document(f"{place}/three/Bees", TRICKY, to=ADDRESS),
        an_es3_document(f"{place}/three/Bees", "older", seed=ANOTHERS_SEED, to=ADDRESS),
        an_es3_document(f"{place}/three/Wasps", "", to=ADDRESS),
    ]


def _es4(place: str) -> list[Document]:
    return [
        a_document(f"{place}/Bees", TRICKY, by=SUZY, to=ADDRESS),
        a_document(f"{place}/Bees", "by another author", by=MATT, to=ADDRESS),
        a_document(f"{place}/!hi", "soon gone", until=FAR_AWAY, to=ADDRESS),
        a_document(f"{place}/Wasps", "", to=ADDRESS),
    ]


def of_both(place: str) -> list[Document]:
    return [*_es3(place), *_es4(place)]


async def give(esd: Running, documents: Sequence[Document]) -> None:
    """Have *esd* hold *documents*."""
    tally = await esd.replica(GARDEN).ingest(
        Batch(list(documents)), origin="", now=esd.daemon.now()
    )
    assert tally.accepted == len(documents)


def held(esd: Running, *formats: str) -> set[str]:
    """What *esd* holds of those formats (of all, where none is named)."""
    return texts(
        one
        for one in json.loads(esd.documents(GARDEN))
        if not formats or one["format"] in formats
    )


def as_sent(documents: Iterable[Document]) -> list[Mapping[str, Any]]:
    """Documents as they are in a list on the wire."""
    return [json.loads(encode(document)) for document in documents]


def texts(documents: Iterable[object] | None) -> set[str]:
    """Documents in any order, each compared whole."""
    assert documents is not None
    return {json.dumps(document, sort_keys=True) for document in documents}


def check_level(run: SyncRun) -> None:
    assert not run.trouble
    assert {standing for _, standing in run.standings} == {Standing.LEVEL}


async def check_quiet(esd: Running) -> None:
    """The next run finds at once that there is nothing to do."""
    report = (await esd.sync_one(PEER)).report
    assert report.unchanged
    assert (report.sent, report.pulled.total) == (0, 0)


async def until_live(esd: Running) -> None:
    """Wait until *esd* follows its peer, and has compared once more."""
    events = esd.daemon.events.bell
    with trio.fail_after(SOON):
        while not esd.daemon.peers[PEER].streams.all_live:
            await events.wait_after(events.count)
        await esd.daemon.peers.wait_idle()


async def until_there(esd: Running, path: str) -> None:
    replica = esd.replica(GARDEN)
    with trio.fail_after(SOON):
        while path not in replica.reader.paths(wall_clock()):
            await replica.bell.wait_after(replica.bell.count)


async def write(esd: Running, path: str) -> None:
    await esd.replica(GARDEN).write(SUZY, path, "héllo", now=esd.daemon.now())
