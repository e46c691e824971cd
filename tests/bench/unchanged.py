"""What it costs to find out that nothing has changed: the bytes of a re-sync.

Part of `sync`. All bytes both ways count, with headers, of a whole round of pull and
push through the counting proxy: after each way to become level with a real pub, and
after a restart; beside it what the Syncer moves. And the same between two of ours.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from tests.bench.documents import Documents
from tests.bench.esd_process import EsdProcess, esd_process
from tests.bench.filled import fill_esd, post, pull_into_esd
from tests.bench.results import Row
from tests.peers.real import real_client, real_pub
from tests.peers.tcp_count import CountingProxy, run_counting_proxy

UNCHANGED_BYTES = 500

Moved = tuple[float, float]
"""Bytes both ways, and requests."""


async def measure(documents: Documents, runs: int, work: Path) -> list[Row]:
    """Rows for a pub, and for another esd."""
    work_name = f"re-sync of {len(documents):,} unchanged"
    pulled = await _after_pull(documents, work)
    pushed = await _after_push(documents, work)
    rows = []
    for way, moved in {**pulled, **pushed}.items():
        rows += _moved_rows(work_name, f"esd, {way}", [moved])
    rows += await _syncer_again(documents, runs, work_name)
    return rows + await _esd_to_esd(documents, runs, work)


async def _after_pull(documents: Documents, work: Path) -> dict[str, Moved]:
    async with real_pub() as pub, trio.open_nursery() as nursery:
        await post(pub.url, documents)
        proxy = await nursery.start(run_counting_proxy, pub.port)
        with TemporaryDirectory(dir=work) as temporary:
            moved = await _level_and_again("pull", proxy, documents, Path(temporary))
        nursery.cancel_scope.cancel()
    return moved


async def _after_push(documents: Documents, work: Path) -> dict[str, Moved]:
    async with real_pub() as pub, trio.open_nursery() as nursery:
        proxy = await nursery.start(run_counting_proxy, pub.port)
        with TemporaryDirectory(dir=work) as temporary:
            await fill_esd(Path(temporary), documents)
            moved = await _level_and_again("push", proxy, documents, Path(temporary))
        nursery.cancel_scope.cancel()
    return moved


async def _level_and_again(
    way: str, proxy: CountingProxy, documents: Documents, folder: Path
) -> dict[str, Moved]:
    """Get level, then count the next run, and the first one after a restart."""
    moved = {}
    workspace = documents.workspace
    async with esd_process(folder, workspace, peer_url=proxy.url, metered=True) as esd:
        await esd.sync()
        moved[f"after our {way}"] = await _counted(esd, proxy)
    async with esd_process(folder, workspace, peer_url=proxy.url, metered=True) as esd:
        moved[f"after our {way} and a restart"] = await _counted(esd, proxy)
    return moved


async def _counted(esd: EsdProcess, proxy: CountingProxy) -> Moved:
    proxy.take()
    done = await esd.sync()
    return proxy.take().both_ways, done["requests"]


async def _syncer_again(documents: Documents, runs: int, work: str) -> list[Row]:
    sizes, seconds = [], []
    async with real_pub() as pub, trio.open_nursery() as nursery:
        await post(pub.url, documents)
        proxy = await nursery.start(run_counting_proxy, pub.port)
        async with real_client(documents.workspace) as client:
            await client.sync(pub.url)
            for _ in range(runs):
                proxy.take()
                await client.sync(proxy.url)
                sizes.append(proxy.take().both_ways)
                seconds.append((await client.sync(pub.url)).seconds)
        nursery.cancel_scope.cancel()
    return [
        Row(work=work, side="Syncer, memory", runs=sizes, unit="bytes"),
        Row(work=work, side="Syncer, memory", runs=seconds, unit="s"),
    ]


# Between two of ours...


async def _esd_to_esd(documents: Documents, runs: int, work: Path) -> list[Row]:
    with TemporaryDirectory(dir=work) as temporary:
        async with (
            esd_process(Path(temporary), documents.workspace) as other,
            trio.open_nursery() as nursery,
        ):
            await post(other.url, documents)
            first = [
                await pull_into_esd(other.url, documents, work) for _ in range(runs)
            ]
            proxy = await nursery.start(run_counting_proxy, other.port)
            again = await _again(proxy, documents, runs, work)
            nursery.cancel_scope.cancel()
    count = f"{len(documents):,}"
    work_name, side = f"re-sync of {count} unchanged", "esd with esd"
    moved = [one for one, _ in again]
    times = [1000 * seconds for _, seconds in again]
    return [
        Row(work=f"first pull of {count}", side="esd from esd", runs=first, unit="s"),
        *_moved_rows(work_name, side, moved),
        Row(work=work_name, side=side, runs=times, unit="ms"),
    ]


async def _again(
    proxy: CountingProxy, documents: Documents, runs: int, work: Path
) -> list[tuple[Moved, float]]:
    """What each of some runs moved that found nothing new, and its seconds."""
    again: list[tuple[Moved, float]] = []
    with TemporaryDirectory(dir=work) as temporary:
        async with esd_process(
            Path(temporary), documents.workspace, peer_url=proxy.url, metered=True
        ) as esd:
            await esd.sync()
            for _ in range(runs):
                proxy.take()
                done = await esd.sync()
                moved = proxy.take().both_ways, done["requests"]
                again.append((moved, done["seconds"]))
    return again


def _moved_rows(work: str, side: str, moved: Sequence[Moved]) -> list[Row]:
    sizes, requests = [size for size, _ in moved], [count for _, count in moved]
    return [
        Row(work=work, side=side, runs=sizes, unit="bytes", most=UNCHANGED_BYTES),
        Row(work=work, side=side, runs=requests, unit="requests", most=1),
    ]
