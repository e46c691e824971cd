"""What it costs to find out that nothing has changed on a real pub."""

from pathlib import Path

import pytest
import trio

from tests.daemons import Running, restarted
from tests.peers.garden import GARDEN, fill, listed, start_beside, write_some
from tests.peers.real import real_pub
from tests.peers.tcp_count import CountingProxy, run_counting_proxy

pytestmark = pytest.mark.usefixtures("peers")

CHEAP = 500  # bytes both ways, heads included, that "nothing new" may cost


async def cost_of_nothing_new(esd: Running, proxy: CountingProxy) -> int:
    """The bytes of a run that finds nothing, which is one request."""
    proxy.take()
    report = (await esd.sync_one("pub")).report
    assert report.unchanged
    assert report.traffic.requests == 1
    passed = proxy.take()
    assert passed.connections == 1
    return passed.both_ways


async def test_nothing_new_after_a_pull_costs_less_than_500_bytes(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(sqlite=in_sqlite) as pub:
        await fill(pub)
        proxy = await nursery.start(run_counting_proxy, pub.port)
        esd = await start_beside(nursery, tmp_path, proxy.url)
        await esd.sync_one("pub")
        esd = await restarted(nursery, esd)  # a run on a connection of its own
        assert await cost_of_nothing_new(esd, proxy) < CHEAP


async def test_nothing_new_right_after_our_own_push_costs_less_than_500_bytes(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(sqlite=in_sqlite) as pub:
        proxy = await nursery.start(run_counting_proxy, pub.port)
        esd = await start_beside(nursery, tmp_path, proxy.url)
        await write_some(esd)
        await esd.sync_one("pub")
        esd = await restarted(nursery, esd)
        assert await cost_of_nothing_new(esd, proxy) < CHEAP


async def test_nothing_new_costs_the_same_on_a_kept_connection(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        await fill(pub)
        proxy = await nursery.start(run_counting_proxy, pub.port)
        esd = await start_beside(nursery, tmp_path, proxy.url)
        await write_some(esd)
        await esd.sync_one("pub")
        for _ in range(3):
            proxy.take()
            assert (await esd.sync_one("pub")).report.unchanged
            assert 0 < proxy.take().both_ways < CHEAP


async def test_a_pub_that_took_a_foreign_push_is_not_taken_for_unchanged(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        await esd.sync_one("pub")
        await fill(pub)
        report = (await esd.sync_one("pub")).report
        assert not report.unchanged
        assert report.pulled.accepted == 4
        assert esd.documents(GARDEN) == await listed(pub)
