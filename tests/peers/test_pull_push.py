"""Our client and the real pub: what travels each way, and what a refusal means."""

from pathlib import Path

import pytest
import trio

from esd.sync import Direction, SyncRun
from esd.sync.rhythm import Rhythm
from esd.sync.status import Standing
from tests.peers.garden import (
    FERN,
    GARDEN,
    fill,
    listed,
    start_beside,
    write_some,
)
from tests.peers.real import Write, real_client, real_pub
from tests.peers.test_harness import as_set

pytestmark = pytest.mark.usefixtures("peers")


def standing_of(outcome: SyncRun) -> Standing:
    assert not outcome.trouble
    ((_, standing),) = outcome.standings
    return standing


# First pull, first push...


async def test_a_first_pull_brings_the_pubs_list_byte_for_byte(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(sqlite=in_sqlite) as pub:
        await fill(pub)
        esd = await start_beside(nursery, tmp_path, pub.url)
        finding = await esd.sync_one("pub")
        assert finding.report.pulled.accepted == 4
        assert finding.report.sent == 0
        assert esd.documents(GARDEN) == await listed(pub)


async def test_a_first_push_gives_the_pub_our_list_byte_for_byte(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(sqlite=in_sqlite) as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        finding = await esd.sync_one("pub")
        assert (finding.report.sent, finding.report.taken) == (20, 20)
        assert finding.report.standing is Standing.LEVEL
        assert esd.documents(GARDEN) == await listed(pub)


async def test_both_directions_meet_in_one_run(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(sqlite=in_sqlite) as pub:
        await fill(pub)
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        report = (await esd.sync_one("pub")).report
        assert (report.pulled.accepted, report.sent, report.taken) == (4, 20, 20)
        assert esd.documents(GARDEN) == await listed(pub)


@pytest.mark.parametrize("direction", [Direction.PULL, Direction.PUSH])
async def test_a_one_way_peer_gets_one_way(
    direction: Direction, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        await fill(pub)
        esd = await start_beside(nursery, tmp_path, pub.url, direction=direction)
        await write_some(esd)
        await esd.sync_one("pub")
        pulled = esd.replica(GARDEN).reader.totals().count - 20
        pushed = len(as_set(await pub.documents(GARDEN))) - 4
        assert (pulled, pushed) == ((4, 0) if direction.pulls else (0, 20))


async def test_an_overwritten_document_replaces_the_old_one_on_both_sides(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub, real_client(GARDEN) as client:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await client.write([Write(author="suzy", path="/a", content="first")])
        await client.sync(pub.url)
        await esd.sync_one("pub")
        await client.write([Write(author="suzy", path="/a", content="second")])
        await client.sync(pub.url)
        report = (await esd.sync_one("pub")).report
        assert report.pulled.accepted == 1
        assert esd.documents(GARDEN) == await listed(pub)
        assert b"first" not in esd.documents(GARDEN)


async def test_history_by_several_authors_keeps_one_version_each(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    names = ["suzy", "fern", "zach"]
    async with real_pub() as pub:
        await fill(
            pub, [Write(author=name, path="/wiki/Bees", content=name) for name in names]
        )
        esd = await start_beside(nursery, tmp_path, pub.url)
        await esd.sync_one("pub")
        await esd.replica(GARDEN).write(FERN, "/wiki/Bees", "4", now=esd.daemon.now())
        await esd.sync_one("pub")
        assert len(as_set(await pub.documents(GARDEN))) == 4
        assert esd.documents(GARDEN) == await listed(pub)


async def test_a_local_write_is_pushed_unasked(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        esd = await start_beside(nursery, tmp_path, pub.url, rhythm=Rhythm())
        await esd.sync("pub")
        await write_some(esd, 3)
        await esd.daemon.peers.wait_idle()
        assert esd.documents(GARDEN) == await listed(pub)


# Pubs that refuse, and pubs that forget...


async def test_a_closed_pub_is_a_state_and_no_failure(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(closed=True) as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        assert standing_of(await esd.sync("pub")) is Standing.ABSENT
        assert await pub.documents(GARDEN) is None


async def test_a_readonly_pub_is_a_state_and_no_failure(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(readonly=True) as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        assert standing_of(await esd.sync("pub")) is Standing.READ_ONLY


@pytest.mark.usefixtures("sqlite_peers")
async def test_a_readonly_pub_is_still_pulled_from(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    (folder := tmp_path / "pub").mkdir()
    async with real_pub(sqlite=True, folder=folder) as pub:
        await fill(pub)
    async with real_pub(sqlite=True, folder=folder, readonly=True) as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        finding = await esd.sync_one("pub")
        assert finding.report.pulled.accepted == 4
        assert finding.report.standing is Standing.READ_ONLY
        assert len(as_set(await pub.documents(GARDEN))) == 4


async def test_a_memory_pub_that_was_restarted_gets_everything_again(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        await fill(pub)
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        await esd.sync_one("pub")
        await esd.sync_one("pub")
    async with real_pub(port=pub.port) as pub:
        report = (await esd.sync_one("pub")).report
        assert (report.sent, report.taken) == (24, 24)
        assert esd.documents(GARDEN) == await listed(pub)


async def test_a_pub_that_came_back_with_other_documents_gets_what_it_lacks(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await write_some(esd)
        await esd.sync_one("pub")
        await esd.sync_one("pub")
    async with real_pub(port=pub.port) as pub:
        await fill(pub)
        report = (await esd.sync_one("pub")).report
        assert (report.pulled.accepted, report.sent, report.taken) == (4, 20, 20)
        assert esd.documents(GARDEN) == await listed(pub)


async def test_a_pub_that_is_down_is_trouble_that_passes(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        await fill(pub)
        esd = await start_beside(nursery, tmp_path, pub.url)
        await esd.sync_one("pub")
    assert (await esd.sync("pub")).trouble
    async with real_pub(port=pub.port) as pub:
        assert (await esd.sync_one("pub")).report.taken == 4
