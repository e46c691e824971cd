"""Workspaces larger than a body of their day: through esd they sync all the same.

Every classic client pushes all it has in one body. The pubs took 100 KiB, later 10 MiB,
and a client whose workspace had grown beyond that was stuck; esd takes more from the
clients, and gives a pub as much at a time as it takes.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from esd.formats import encode
from tests.daemons import a_peer, push
from tests.peers.matrix_stage import (
    ADDRESS,
    GARDEN,
    PEER,
    Stage,
    check_level,
    give,
    held,
    texts,
)
from tests.peers.old_pubs import WITH_ES3_ONLY, WITH_STREAMS, old_pub
from tests.peers.real import (
    RELEASES,
    WITH_ES3,
    ClientRefused,
    Document,
    RealClient,
    Write,
    real_client,
    real_pub,
)
from tests.peers.test_harness import all_known, all_new
from tests.replicas import a_document, an_es3_document

pytestmark = pytest.mark.usefixtures("peers")

KIB = 1024
MIB = KIB * KIB
JSON = {"Content-Type": "application/json"}
EVERY = (*WITH_ES3, *RELEASES)
PARTS = 11  # documents of a MiB each: more than a pub takes in one body


@pytest.fixture
def stage(nursery: trio.Nursery, tmp_path: Path) -> Stage:
    return Stage(nursery=nursery, folder=tmp_path)


async def fill(client: RealClient) -> None:
    """Write more than 10 MiB."""
    await client.write(
        [
            Write(author="suzy", path=f"/big/{part}", content=f"{part}" * MIB)
            for part in range(PARTS)
        ]
    )


@pytest.mark.parametrize("release", EVERY)
async def test_clients_sync_more_than_10_mib_through_esd(
    release: str, stage: Stage
) -> None:
    esd = await stage.esd()
    async with (
        real_client(GARDEN, release=release) as writer,
        real_client(GARDEN, release=release) as reader,
    ):
        await fill(writer)
        assert (await writer.sync(esd.url)).push == all_new(PARTS)
        assert (await reader.sync(esd.url)).pull == all_new(PARTS)
        assert texts(await reader.documents()) == held(esd)
        await reader.write([Write(author="fern", path="/late", content="x")])
        assert (await reader.press_sync(esd.url)).button == "success"
        assert (await writer.sync(esd.url)).pull is not None
        assert texts(await writer.documents()) == held(esd)


@pytest.mark.parametrize("release", RELEASES)
async def test_a_pub_has_from_us_what_it_takes_from_no_client(
    release: str, stage: Stage
) -> None:
    async with real_pub() as pub, real_client(GARDEN, release=release) as client:
        await fill(client)
        with pytest.raises(ClientRefused):
            await client.sync(pub.url)
        assert await pub.documents(GARDEN) is None
        esd = await stage.esd(a_peer(PEER, pub.url, GARDEN))
        await client.sync(esd.url)
        check_level(await esd.sync(PEER))
        assert texts(await pub.documents(GARDEN)) == held(esd)


# Pubs, and clients, of 100 KiB...


async def test_a_pub_of_100_kib_gets_as_much_in_as_many_bodies(stage: Stage) -> None:
    async with old_pub(WITH_ES3_ONLY) as pub:
        esd = await stage.esd(a_peer(PEER, pub.url, GARDEN))
        ours = [an_es3_document(f"/{n}", "x" * 30 * KIB, to=ADDRESS) for n in range(20)]
        huge = an_es3_document("/huge", "x" * 101 * KIB, to=ADDRESS)
        await give(esd, [*ours, huge])
        report = (await esd.sync_one(PEER)).report
        assert (report.taken, report.too_big) == (len(ours), 1)
        assert len(texts(await pub.documents(GARDEN))) == len(ours)
        assert (await esd.sync_one(PEER)).report.sent == 0


@pytest.mark.parametrize("release", EVERY)
async def test_a_client_with_the_habit_of_small_bodies_meets_one_without(
    release: str, stage: Stage
) -> None:
    esd = await stage.esd()
    async with (
        real_client(GARDEN, release=release) as one,
        real_client(GARDEN, release=release) as other,
    ):
        for client, author in ((one, "suzy"), (other, "fern")):
            await client.write(
                [
                    Write(author=author, path=f"/{author}/{n}", content="x" * 20 * KIB)
                    for n in range(20)
                ]
            )
        await push_by_little(esd.url, await one.documents())
        assert (await other.sync(esd.url)).push is not None
        assert (await one.sync(esd.url)).push == all_known(40)
        assert texts(await one.documents()) == texts(await other.documents())
        assert texts(await one.documents()) == held(esd)


async def push_by_little(url: str, documents: Sequence[Document]) -> None:
    """Push as a client did that had learnt what its pub took: 100 KiB at a time."""
    place = f"{url}/earthstar-api/v1/{GARDEN}/documents"
    while documents:
        some, documents = documents[:4], documents[4:]
        body = json.dumps(some).encode()
        assert len(body) < 100 * KIB
        assert (await push(place, body, **JSON)).json()["numIngested"] == len(some)


async def test_no_type_of_body_has_the_limit_of_100_kib_here(stage: Stage) -> None:
    """The pubs kept that limit for whatever did not call itself JSON."""
    document = a_document("/a", "x" * 200 * KIB, to=ADDRESS)
    body = b"[" + encode(document) + b"]"
    esd = await stage.esd()
    async with old_pub(WITH_STREAMS) as pub:
        for url, status in ((pub.url, 413), (esd.url, 200)):
            place = f"{url}/earthstar-api/v1/{GARDEN}/documents"
            answer = await push(place, body, **{"Content-Type": "text/plain"})
            assert answer.status_code == status
