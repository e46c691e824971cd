"""Documents that real pubs hold and that are not as they should be.

Each was seen on a real pub. Whatever one document is, the others of its list arrive.
"""

import json
import time
from functools import partial
from pathlib import Path

import pytest
import trio

from esd.daemon import wall_clock
from esd.formats import Reason, decode_base32, encode_base32
from tests.daemons import Running, a_config, a_peer, fetch, restarted, start_daemon
from tests.peers.real import Document, RealPub, Write, real_client, real_pub
from tests.peers.test_harness import as_set

pytestmark = pytest.mark.usefixtures("peers")

GARDEN = "+garden.esdodd"
HOUR = 3_600_000_000  # µs


async def start_beside(
    nursery: trio.Nursery, state: Path, pub: RealPub, **how: object
) -> Running:
    config = a_config(state, [GARDEN], [a_peer("pub", pub.url, GARDEN)])
    return await start_daemon(nursery, config, **how)


async def signed(*writes: Write) -> list[Document]:
    """Documents as a real client makes them."""
    async with real_client(GARDEN) as client:
        await client.write(list(writes))
        return await client.documents()


async def fill(pub: RealPub, documents: list[Document]) -> None:
    answer = await pub.push(GARDEN, documents)
    assert answer.json()["numIngested"] == len(documents)


def lengthened(document: Document) -> Document:
    """The document with bytes after the 64 of its signature, as anyone can make it.

    The zero keeps the text a longer one of the same beginning: it wins on the pub.
    """
    signature = decode_base32(document["signature"])
    return {**document, "signature": encode_base32(signature + b"\0longer")}


async def test_a_lengthened_signature_is_cut_to_what_was_signed(
    in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    longer, other = await signed(
        Write(author="suzy", path="/a", content="lengthened"),
        Write(author="suzy", path="/b", content="as it was"),
    )
    async with real_pub(sqlite=in_sqlite) as pub:
        await fill(pub, [lengthened(longer), other])
        esd = await start_beside(nursery, tmp_path, pub)
        report = (await esd.sync_one("pub")).report
        assert (report.pulled.accepted, report.pulled.invalid) == (2, 0)
        held = json.loads(esd.documents(GARDEN))
        assert as_set(held) == as_set([longer, other])


async def test_a_lengthened_signature_does_not_cost_a_list_or_a_push_for_ever(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    (longer,) = await signed(Write(author="suzy", path="/a", content="lengthened"))
    async with real_pub() as pub:
        await fill(pub, [lengthened(longer)])
        esd = await start_beside(nursery, tmp_path, pub)
        await esd.sync_one("pub")
        report = (await esd.sync_one("pub")).report
        assert (report.unchanged, report.sent) == (True, 0)


async def test_a_short_signature_that_was_here_first_stays(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    (longer,) = await signed(Write(author="suzy", path="/a", content="lengthened"))
    async with real_pub() as pub:
        await fill(pub, [longer])
        esd = await start_beside(nursery, tmp_path, pub)
        await esd.sync_one("pub")
        before = esd.documents(GARDEN)
        await fill(pub, [lengthened(longer)])
        report = (await esd.sync_one("pub")).report
        assert (report.pulled.accepted, report.pulled.obsolete) == (0, 1)
        assert report.sent == 0
        assert esd.documents(GARDEN) == before


LONE = Write(author="suzy", path="/lone", content="half a pair: \ud83c!")
WHOLE = Write(author="suzy", path="/whole", content="a pair: 🌍")


async def test_a_lone_surrogate_passes_through_a_memory_pub(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub, real_client(GARDEN) as reader:
        await fill(pub, await signed(LONE, WHOLE))
        esd = await start_beside(nursery, tmp_path, pub)
        report = (await esd.sync_one("pub")).report
        assert (report.pulled.accepted, report.pulled.invalid) == (2, 0)
        await reader.sync(esd.url)
        assert len(await reader.documents()) == 2


@pytest.mark.usefixtures("sqlite_peers")
async def test_a_lone_surrogate_broken_by_sqlite_is_counted_alone(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub(sqlite=True) as pub:
        await fill(pub, await signed(LONE, WHOLE))
        esd = await start_beside(nursery, tmp_path, pub)
        report = (await esd.sync_one("pub")).report
        assert report.pulled.accepted == 1
        assert dict(report.pulled.rejected) == {Reason.CONTENT_HASH: 1}
        report = (await esd.sync_one("pub")).report
        assert report.unchanged


async def test_ephemeral_documents_travel_both_ways_while_they_live(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    soon = time.time_ns() // 1000 + HOUR
    note = Write(author="suzy", path="/chat/!hi", content="soon", delete_after=soon)
    async with real_pub() as pub, real_client(GARDEN) as reader:
        await fill(pub, await signed(note))
        esd = await start_beside(nursery, tmp_path, pub)
        assert (await esd.sync_one("pub")).report.pulled.accepted == 1
        await reader.sync(esd.url)
        assert as_set(await reader.documents()) == as_set(await pub.documents(GARDEN))


async def test_an_expired_document_is_neither_served_nor_pushed_nor_pulled_again(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    soon = time.time_ns() // 1000 + HOUR
    note = Write(author="suzy", path="/chat/!hi", content="soon", delete_after=soon)
    stays = Write(author="suzy", path="/chat/ho", content="stays")
    async with real_pub() as pub:
        await fill(pub, await signed(note, stays))
        esd = await start_beside(nursery, tmp_path, pub)
        await esd.sync_one("pub")
        esd = await restarted(nursery, esd, now=partial(later, 2 * HOUR))
        report = (await esd.sync_one("pub")).report
        assert (report.pulled.accepted, report.sent) == (0, 0)
        served = await fetch(f"{esd.url}/earthstar-api/v1/{GARDEN}/documents")
        assert [document["path"] for document in served.json()] == ["/chat/ho"]


def later(by: int) -> int:
    return wall_clock() + by


async def test_a_future_document_arrives_in_its_time_although_the_list_is_unchanged(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    early = time.time_ns() // 1000 - HOUR
    documents = await signed(
        Write(author="suzy", path="/now", content="from the future", timestamp=None),
        Write(author="suzy", path="/then", content="old", timestamp=early - HOUR),
    )
    async with real_pub() as pub:
        await fill(pub, documents)
        esd = await start_beside(nursery, tmp_path, pub, now=partial(later, -HOUR))
        report = (await esd.sync_one("pub")).report
        assert dict(report.pulled.rejected) == {Reason.FUTURE: 1}
        esd = await restarted(nursery, esd)
        report = (await esd.sync_one("pub")).report
        assert report.pulled.accepted == 1
        assert as_set(json.loads(esd.documents(GARDEN))) == as_set(documents)


async def test_a_peer_that_says_null_between_documents_does_no_harm(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    """No real pub serves one, but a real pub keeps what stood before it in a push."""
    documents = await signed(Write(author="suzy", path="/a", content="x"))
    async with real_pub() as pub:
        answer = await pub.push(GARDEN, [*documents, None])  # type: ignore[list-item]
        assert answer.status_code == 500
        esd = await start_beside(nursery, tmp_path, pub)
        assert (await esd.sync_one("pub")).report.pulled.accepted == 1
