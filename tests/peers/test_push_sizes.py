"""Pushing more than a real pub takes: in one body, and in one document."""

from pathlib import Path

import pytest
import trio

from esd.formats import Es4Document, encode, new_document
from esd.formats import WorkspaceAddress as Address
from tests.daemons import Running, push
from tests.peers.garden import FERN, GARDEN, listed, start_beside
from tests.peers.real import real_pub
from tests.peers.test_harness import as_set

pytestmark = pytest.mark.usefixtures("peers")


def a_document(path: str, content: str) -> Es4Document:
    return new_document(
        FERN,
        workspace=Address.parse(GARDEN),
        path=path,
        content=content,
        timestamp=1_700_000_000_000_000,
    )


async def give(esd: Running, *documents: Es4Document) -> None:
    """Have *esd* hold documents, as if somebody had pushed them."""
    url = f"{esd.url}/earthstar-api/v1/{GARDEN}/documents"
    body = b"[" + b",".join(map(encode, documents)) + b"]"
    answer = await push(url, body)
    assert answer.json()["numIngested"] == len(documents)


async def test_more_than_a_pub_takes_at_once_goes_in_several_bodies(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await give(esd, *[a_document(f"/{n}", "x" * 1_000_000) for n in range(12)])
        report = (await esd.sync_one("pub")).report
        assert (report.sent, report.taken, report.too_big) == (12, 12, 0)
        assert esd.documents(GARDEN) == await listed(pub)


QUOTED = '"'  # two bytes of JSON
CONTROL = "\x01"  # six bytes of JSON


async def test_a_document_that_alone_fits_a_pub_is_sent_alone(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        await give(esd, a_document("/big", QUOTED * 3_900_000), a_document("/b", "x"))
        report = (await esd.sync_one("pub")).report
        assert (report.taken, report.too_big) == (2, 0)
        assert esd.documents(GARDEN) == await listed(pub)


async def test_a_document_that_no_pub_takes_is_skipped_while_the_rest_goes_on(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_pub() as pub:
        esd = await start_beside(nursery, tmp_path, pub.url)
        big = a_document("/m/big", CONTROL * 3_900_000)
        await give(esd, a_document("/a", "x"), big, a_document("/z", "x"))
        report = (await esd.sync_one("pub")).report
        assert (report.sent, report.taken, report.too_big) == (2, 2, 1)
        assert len(as_set(await pub.documents(GARDEN))) == 2
        report = (await esd.sync_one("pub")).report
        assert (report.sent, report.waiting) == (0, 1)
