"""The long way round: client, pub, esd, esd, pub, client, and all of it back.

At the end everybody holds the same documents, byte for byte.
"""

from pathlib import Path

import pytest
import trio

from esd.formats import keypair_from_seed
from tests.daemons import Running, a_config, a_peer, fetch, start_daemon
from tests.peers.real import (
    NEWEST,
    OLDEST,
    RealClient,
    RealPub,
    Write,
    real_client,
    real_pub,
)
from tests.peers.test_harness import as_set, some_writes

pytestmark = pytest.mark.usefixtures("peers")

GARDEN = "+garden.longway"
FERN = keypair_from_seed("fern", bytes(32))


async def served(url: str) -> bytes:
    return (await fetch(f"{url}/earthstar-api/v1/{GARDEN}/documents")).content


async def write(esd: Running, path: str, content: str) -> None:
    await esd.replica(GARDEN).write(FERN, path, content, now=esd.daemon.now())


async def start_between(
    nursery: trio.Nursery, state: Path, pub: RealPub, *others: Running
) -> Running:
    """A daemon whose peers are *pub* and the other daemons, as `esd`."""
    peers = [a_peer("pub", pub.url, GARDEN)]
    peers += [a_peer("esd", other.url, GARDEN) for other in others]
    return await start_daemon(nursery, a_config(state, [GARDEN], peers))


async def carry_on(one: Running, two: Running, *clients: tuple[RealClient, str]) -> int:
    """Sync once along the whole chain, there and back; how much was accepted by ours.

    Real clients push back what they pulled, so one round there and back is enough.
    """
    for client, url in clients:
        await client.sync(url)
    accepted = 0
    for running, peer in [(one, "pub"), (two, "esd"), (two, "pub"), (two, "esd")]:
        report = (await running.sync_one(peer)).report
        accepted += report.pulled.accepted + report.taken
    await one.sync_one("pub")
    for client, url in clients:
        await client.sync(url)
    return accepted


async def test_everybody_holds_the_same_at_the_end_of_the_long_way(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with (
        real_pub(sqlite=in_sqlite) as near,
        real_pub(sqlite=in_sqlite) as far,
        real_client(GARDEN, release=NEWEST) as newest,
        real_client(GARDEN, release=OLDEST) as oldest,
    ):
        one = await start_between(nursery, tmp_path / "one", near)
        two = await start_between(nursery, tmp_path / "two", far, one)
        ends = (newest, near.url), (oldest, far.url)
        await newest.write(some_writes())
        await oldest.write([Write(author="zach", path="/wiki/Bees", content="5.7.6")])
        await write(one, "/wiki/Bees", "written at the first daemon")
        await write(two, "/wiki/Ants", "written at the second")

        await carry_on(one, two, *ends)

        whole = one.documents(GARDEN)
        assert len(as_set(await newest.documents())) == 7
        assert two.documents(GARDEN) == whole
        for url in (near.url, one.url, two.url, far.url):
            assert await served(url) == whole
        assert as_set(await newest.documents()) == as_set(await near.documents(GARDEN))
        assert as_set(await oldest.documents()) == as_set(await near.documents(GARDEN))

        assert await carry_on(one, two, *ends) == 0, "they went on talking"


async def test_what_is_overwritten_at_one_end_is_gone_at_the_other(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with (
        real_pub() as near,
        real_pub() as far,
        real_client(GARDEN) as here,
        real_client(GARDEN) as there,
    ):
        one = await start_between(nursery, tmp_path / "one", near)
        two = await start_between(nursery, tmp_path / "two", far, one)
        ends = (here, near.url), (there, far.url)
        await here.write([Write(author="suzy", path="/a", content="first")])
        await carry_on(one, two, *ends)
        await here.write([Write(author="suzy", path="/a", content="")])
        await carry_on(one, two, *ends)
        (document,) = await there.documents()
        assert document["content"] == ""
        for url in (near.url, one.url, two.url, far.url):
            assert b"first" not in await served(url)


@pytest.mark.parametrize("release", [NEWEST, OLDEST])
async def test_clients_of_two_daemons_meet_without_any_pub(
    release: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    one = await start_daemon(nursery, a_config(tmp_path / "one", [GARDEN]))
    two = await start_daemon(
        nursery,
        a_config(tmp_path / "two", [GARDEN], [a_peer("esd", one.url, GARDEN)]),
    )
    async with (
        real_client(GARDEN, release=release) as here,
        real_client(GARDEN, release=release) as there,
    ):
        await here.write(some_writes())
        await there.write([Write(author="zach", path="/b", content="b")])
        for client, esd in [(here, one), (there, two)]:
            await client.sync(esd.url)
        await two.sync_one("esd")
        for client, esd in [(here, one), (there, two)]:
            await client.sync(esd.url)
        assert as_set(await here.documents()) == as_set(await there.documents())
        assert one.documents(GARDEN) == two.documents(GARDEN)
