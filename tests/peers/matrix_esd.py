"""Another esd, in the conversation that only esds have."""

from dataclasses import replace

from esd.sync import Direction, PeerSettings
from tests.daemons import Running, a_peer
from tests.peers.matrix_stage import (
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
    texts,
    until_live,
    until_there,
    write,
)

__all__ = ["esd_cells"]


def esd_cells() -> Cells:
    return {
        Way.IT_PULLS: _it_pulls,
        Way.IT_PUSHES: _it_pushes,
        Way.ESD_PULLS: _it_pulls,
        Way.ESD_PUSHES: _it_pushes,
        Way.LIVE: _live,
    }


async def _it_pulls(stage: Stage) -> None:
    one, other = await _two(stage, Direction.PULL)
    check_level(await other.sync(PEER))
    assert held(other) == texts(as_sent([*of_both("/theirs"), *of_both("/ours")]))
    assert held(one) == texts(as_sent(of_both("/ours")))
    await check_quiet(other)


async def _it_pushes(stage: Stage) -> None:
    one, other = await _two(stage, Direction.PUSH)
    check_level(await other.sync(PEER))
    assert held(one) == texts(as_sent([*of_both("/theirs"), *of_both("/ours")]))
    assert held(other) == texts(as_sent(of_both("/theirs")))
    check_level(await other.sync(PEER))


async def _live(stage: Stage) -> None:
    one = await stage.esd(name="one")
    other = await stage.esd(replace(_peer(one), live=True, rhythm=LIVELY), name="other")
    await other.sync(PEER)
    await until_live(other)
    await write(one, "/news/ours")
    await until_there(other, "/news/ours")
    await write(other, "/news/theirs")
    await until_there(one, "/news/theirs")


async def _two(stage: Stage, direction: Direction) -> tuple[Running, Running]:
    """Two that hold something; the other one calls."""
    one = await stage.esd(name="one")
    other = await stage.esd(replace(_peer(one), direction=direction), name="other")
    await give(one, of_both("/ours"))
    await give(other, of_both("/theirs"))
    return one, other


def _peer(esd: Running) -> PeerSettings:
    return a_peer(PEER, esd.url, GARDEN)
