"""A garden that a daemon and a real pub share: where most tests of our client begin."""

from collections.abc import Sequence
from pathlib import Path

import trio

from esd.formats import keypair_from_seed
from tests.daemons import Running, a_config, a_peer, fetch, start_daemon
from tests.peers.real import RealPub, Write, real_client
from tests.peers.test_harness import some_writes

GARDEN = "+garden.esdpulls"
FERN = keypair_from_seed("fern", bytes(32))


async def start_beside(
    nursery: trio.Nursery, state: Path, url: str, **over: object
) -> Running:
    """A daemon that holds the garden and has the pub at *url* as its only peer."""
    config = a_config(state, [GARDEN], [a_peer("pub", url, GARDEN, **over)])
    return await start_daemon(nursery, config)


async def listed(pub: RealPub) -> bytes:
    return (await fetch(pub.documents_url(GARDEN))).content


async def fill(pub: RealPub, writes: Sequence[Write] | None = None) -> None:
    """Have a real client write to *pub*."""
    async with real_client(GARDEN) as client:
        await client.write(some_writes() if writes is None else writes)
        await client.sync(pub.url)


async def write_some(esd: Running, count: int = 20) -> None:
    for number in range(count):
        now = esd.daemon.now()
        await esd.replica(GARDEN).write(FERN, f"/notes/{number}", "héllo", now=now)
