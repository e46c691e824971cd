"""One garden of both formats: programs of es.3, others of es.4, and an esd between."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from esd.sync.status import Standing
from tests.daemons import Running, a_peer
from tests.peers.matrix_stage import (
    ES3,
    ES4,
    GARDEN,
    Stage,
    check_level,
    held,
    texts,
    write,
)
from tests.peers.old_pubs import WITH_ES3_ONLY, WITH_STREAMS, old_pub
from tests.peers.real import (
    RELEASES,
    WITH_ES3,
    RealClient,
    RealPub,
    Write,
    real_client,
    real_pub,
)

pytestmark = pytest.mark.usefixtures("peers")

EVERY = (*RELEASES, *WITH_ES3)
FORMAT = dict.fromkeys(RELEASES, ES4) | dict.fromkeys(WITH_ES3, ES3)


@dataclass(frozen=True, slots=True)
class Worlds:
    """An esd with an old and a new pub, and a client of each release: the oldest at the
    old pub, the newest at the new one, the others at the esd itself."""

    esd: Running
    old: RealPub
    new: RealPub
    clients: dict[str, RealClient]

    def url(self, release: str) -> str:
        at_pubs = {"earthstar-2": self.old.url, "earthstar-6": self.new.url}
        return at_pubs.get(release, self.esd.url)

    async def go_round(self) -> None:
        """Everybody syncs, there and back."""
        for _ in range(2):
            for release, client in self.clients.items():
                await client.sync(self.url(release))
            for peer in ("old", "new"):
                check_level(await self.esd.sync(peer))

    async def check_equal(self, count: int) -> None:
        """All hold what they can read of *count* documents, and the esd all of them."""
        assert len(held(self.esd)) == count
        for release, client in self.clients.items():
            documents = texts(await client.documents())
            assert documents == held(self.esd, FORMAT[release])
        assert texts(await self.old.documents(GARDEN)) == held(self.esd, ES3)
        assert texts(await self.new.documents(GARDEN)) == held(self.esd, ES4)


@pytest.fixture
async def worlds(nursery: trio.Nursery, tmp_path: Path) -> AsyncIterator[Worlds]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        old, new = await enter(old_pub(WITH_ES3_ONLY)), await enter(real_pub())
        clients = {
            release: await enter(real_client(GARDEN, release=release))
            for release in EVERY
        }
        stage = Stage(nursery=nursery, folder=tmp_path)
        esd = await stage.esd(
            a_peer("old", old.url, GARDEN), a_peer("new", new.url, GARDEN)
        )
        yield Worlds(esd, old, new, clients)


def a_write(path: str) -> list[Write]:
    return [Write(author="suzy", path=path, content="héllo")]


async def test_each_world_ends_up_level_with_its_own(worlds: Worlds) -> None:
    for release, client in worlds.clients.items():
        await client.write([*a_write("/wiki/Bees"), *a_write(f"/{release}")])
    await write(worlds.esd, "/wiki/Bees")
    await worlds.go_round()
    await worlds.check_equal(2 * len(EVERY) + 1)
    await worlds.go_round()
    await worlds.check_equal(2 * len(EVERY) + 1)


async def test_an_old_pub_is_offered_nothing_of_the_new_format(worlds: Worlds) -> None:
    """Once it is known; and it is in sync all the same."""
    for release, client in worlds.clients.items():
        await client.write(a_write(f"/{release}"))
    await worlds.go_round()
    await write(worlds.esd, "/news")
    report = (await worlds.esd.sync_one("old")).report
    assert (report.sent, report.standing) == (0, Standing.LEVEL)
    assert report.traffic.requests == 1, "it was not one 304"
    report = (await worlds.esd.sync_one("new")).report
    assert (report.sent, report.taken) == (1, 1)


@pytest.mark.parametrize("version", [WITH_ES3_ONLY, WITH_STREAMS])
async def test_documents_of_the_other_format_wait_without_a_fuss(
    version: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    """A garden with nothing in it that the pub could read is level with it too."""
    foreign = RELEASES[0] if version == WITH_ES3_ONLY else WITH_ES3[0]
    async with old_pub(version) as pub, real_client(GARDEN, release=foreign) as client:
        stage = Stage(nursery=nursery, folder=tmp_path)
        esd = await stage.esd(a_peer("pub", pub.url, GARDEN))
        await client.write(a_write("/a"))
        await client.sync(esd.url)
        await esd.sync_one("pub")
        assert await pub.documents(GARDEN) == []
        for _ in range(2):
            report = (await esd.sync_one("pub")).report
            assert (report.sent, report.standing) == (0, Standing.LEVEL)
