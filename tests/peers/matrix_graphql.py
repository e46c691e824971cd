"""earthstar-graphql, both ways: told to sync with a pub that is us, and synced with."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from esd.sync import Direction, PeerSettings
from tests.daemons import Running, a_peer, push
from tests.peers.graphql import Graphql
from tests.peers.matrix_clients import client_cells
from tests.peers.matrix_stage import (
    GARDEN,
    PEER,
    Cells,
    Conversation,
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
)

__all__ = ["GraphqlKind", "graphql_cells"]

SYNC = (
    "mutation($w:String!,$u:String!){syncWithPub(workspace:$w,pubUrl:$u){__typename}}"
)
PROBE = b'{"query": "{ __schema { queryType { name } } }"}'
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlKind:
    """A server, begun with the workspaces it is given. `within` is the release of
    earthstar whose Syncer it has inside; None where it syncs by itself when told."""

    run: Callable[[str], AbstractAsyncContextManager[Graphql]]
    format: str
    within: str | None = None


def graphql_cells(kind: GraphqlKind) -> Cells:
    return {
        **_served_cells(kind),
        Way.ESD_PULLS: partial(_esd_pulls, kind),
        Way.ESD_PUSHES: partial(_esd_pushes, kind),
    }


def _served_cells(kind: GraphqlKind) -> Cells:
    if kind.within is None:
        return {
            Way.IT_PULLS: partial(_it_pulls, kind),
            Way.IT_PUSHES: partial(_it_pushes, kind),
        }
    its = client_cells(kind.within)
    ways = (Way.IT_PULLS, Way.IT_PUSHES)
    return {way: partial(_after_asking, its[way]) for way in ways}


# It calls us...


async def _it_pulls(kind: GraphqlKind, stage: Stage) -> None:
    esd = await stage.esd()
    await give(esd, of_both("/ours"))
    async with kind.run(GARDEN) as server:
        await _told_to_sync(server, esd)
        assert await _heads(server) == newest(as_sent(some_of(kind.format, "/ours")))


async def _it_pushes(kind: GraphqlKind, stage: Stage) -> None:
    esd = await stage.esd()
    async with kind.run(GARDEN) as server:
        theirs = some_of(kind.format, "/theirs")
        await server.put(GARDEN, theirs)
        await _told_to_sync(server, esd)
        assert held(esd) == texts(as_sent(theirs))


async def _told_to_sync(server: Graphql, esd: Running) -> None:
    for _ in range(2):
        said = await server.ask(SYNC, w=GARDEN, u=esd.url)
        assert said["syncWithPub"]["__typename"] == "SyncSuccess"


async def _after_asking(conversation: Conversation, stage: Stage) -> None:
    """It asks what we are, takes us for a pub, and then is the Syncer within it."""
    esd = await stage.esd(name="asked")
    assert (await push(esd.url, PROBE, **JSON)).status_code != 200
    await conversation(stage)


# ...and we call it.


async def _esd_pulls(kind: GraphqlKind, stage: Stage) -> None:
    async with kind.run(GARDEN) as server:
        theirs = some_of(kind.format, "/theirs")
        await server.put(GARDEN, theirs)
        esd = await stage.esd(_peer(server, Direction.PULL))
        await give(esd, of_both("/ours"))
        check_level(await esd.sync(PEER))
        here = newest(json.loads(esd.documents(GARDEN)))
        assert here == newest(as_sent(of_both("/ours"))) | await _heads(server)
        await check_quiet(esd)


async def _esd_pushes(kind: GraphqlKind, stage: Stage) -> None:
    """It gets the heads of its own format, as history never travels in GraphQL."""
    async with kind.run(GARDEN) as server:
        esd = await stage.esd(_peer(server, Direction.PUSH))
        await give(esd, of_both("/ours"))
        check_level(await esd.sync(PEER))
        assert await _heads(server) == newest(as_sent(some_of(kind.format, "/ours")))
        check_level(await esd.sync(PEER))


def _peer(server: Graphql, direction: Direction) -> PeerSettings:
    """What it speaks is found out."""
    return a_peer(PEER, server.url, GARDEN, direction=direction)


async def _heads(server: Graphql) -> dict[str, str]:
    """The signatures, by path: a signature is of one document only."""
    heads = await server.heads(GARDEN)
    assert heads is not None
    return {path: one["signature"] for path, one in heads.items()}


def newest(documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    ordered = sorted(documents, key=lambda one: (one["timestamp"], one["signature"]))
    return {one["path"]: one["signature"] for one in ordered}
