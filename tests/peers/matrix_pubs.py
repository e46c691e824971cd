"""The pubs with us as their client, which none of them ever is by itself."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial

from esd.sync import Direction
from esd.sync.status import Standing
from tests.daemons import a_peer
from tests.peers.matrix_stage import (
    ES4,
    GARDEN,
    LIVELY,
    PEER,
    Cells,
    Stage,
    Way,
    as_sent,
    check_level,
    check_quiet,
    give,
    held,
    of_both,
    some_of,
    texts,
    until_live,
    until_there,
    write,
)
from tests.peers.real import RealPub

__all__ = ["PubKind", "pub_cells"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PubKind:
    run: Callable[[], AbstractAsyncContextManager[RealPub]]
    format: str
    streams: bool


def pub_cells(pub: PubKind) -> Cells:
    cells = {
        Way.ESD_PULLS: partial(_esd_pulls, pub),
        Way.ESD_PUSHES: partial(_esd_pushes, pub),
    }
    return cells | ({Way.LIVE: partial(_live, pub)} if pub.streams else {})


async def _esd_pulls(kind: PubKind, stage: Stage) -> None:
    async with kind.run() as pub:
        theirs = some_of(kind.format, "/theirs")
        assert (await pub.push(GARDEN, as_sent(theirs))).json()["numIgnored"] == 0
        esd = await stage.esd(a_peer(PEER, pub.url, GARDEN, direction=Direction.PULL))
        await give(esd, of_both("/ours"))
        report = (await esd.sync_one(PEER)).report
        assert report.pulled.accepted == len(theirs)
        assert held(esd) == texts(as_sent([*of_both("/ours"), *theirs]))
        assert texts(await pub.documents(GARDEN)) == texts(as_sent(theirs))
        await check_quiet(esd)


async def _esd_pushes(kind: PubKind, stage: Stage) -> None:
    """It gets its own format only, and is level with a garden that has both."""
    async with kind.run() as pub:
        esd = await stage.esd(a_peer(PEER, pub.url, GARDEN, direction=Direction.PUSH))
        await give(esd, of_both("/ours"))
        check_level(await esd.sync(PEER))
        ours = some_of(kind.format, "/ours")
        assert texts(await pub.documents(GARDEN)) == texts(as_sent(ours))
        report = (await esd.sync_one(PEER)).report
        assert (report.sent, report.standing) == (0, Standing.LEVEL)


async def _live(kind: PubKind, stage: Stage) -> None:
    async with kind.run() as pub:
        peer = a_peer(PEER, pub.url, GARDEN, live=True)
        esd = await stage.esd(replace(peer, rhythm=LIVELY))
        await esd.sync(PEER)
        await until_live(esd)
        await pub.push(GARDEN, as_sent(some_of(kind.format, "/theirs")))
        for document in some_of(kind.format, "/theirs"):
            await until_there(esd, document.path)
        await write(esd, "/news/ours")
        await esd.daemon.peers.wait_idle()
        assert texts(await pub.documents(GARDEN)) == held(esd, ES4)
