"""The account of old pubs says what was seen of the real ones. No esd takes part."""

import pytest

from tests.daemons import fetch, push
from tests.peers.old_pubs import WITH_ES3_ONLY, WITH_STREAMS, old_pub
from tests.peers.pub import real_pub
from tests.peers.real import RELEASES, WITH_ES3, Write, real_client
from tests.peers.test_harness import all_new, as_set

pytestmark = pytest.mark.usefixtures("peers")

GARDEN = "+garden.oldpubs"
KIB = 1024
JSON = {"Content-Type": "application/json"}
ITS_OWN = {WITH_ES3_ONLY: WITH_ES3, WITH_STREAMS: RELEASES}
VERSIONS = list(ITS_OWN)


@pytest.mark.parametrize("version", VERSIONS)
async def test_clients_of_its_day_meet_at_it(version: str) -> None:
    newer, older = ITS_OWN[version]
    async with (
        old_pub(version) as pub,
        real_client(GARDEN, release=newer) as one,
        real_client(GARDEN, release=older) as other,
    ):
        await one.write([Write(author="suzy", path="/a", content="héllo")])
        assert (await one.sync(pub.url)).push == all_new(1)
        assert (await other.sync(pub.url)).pull == all_new(1)
        assert as_set(await other.documents()) == as_set(await one.documents())
        assert as_set(await pub.documents(GARDEN)) == as_set(await one.documents())


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_it_does_not_know_it_only_counts(version: str) -> None:
    foreign = RELEASES if version == WITH_ES3_ONLY else WITH_ES3
    async with old_pub(version) as pub, real_client(GARDEN, release=foreign[0]) as one:
        await one.write([Write(author="suzy", path="/a", content="x")])
        counted = (await one.sync(pub.url)).push
        assert counted is not None
        assert (counted.ingested, counted.ignored) == (0, 1)
        assert await pub.documents(GARDEN) == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_it_answers_as_the_newest_does(version: str) -> None:
    """Where the newest was seen to do no otherwise than they."""
    async with old_pub(version) as old, real_pub() as new:
        for pub in (old, new):
            url = pub.documents_url(GARDEN)
            unknown = await fetch(url)
            assert (unknown.status_code, unknown.text) == (404, "Not Found")
            assert (await push(url, b"{", **JSON)).status_code == 400
            made = await pub.push(GARDEN, [])
            assert made.json() == {"numIngested": 0, "numIgnored": 0, "numTotal": 0}
            listed = await fetch(url)
            assert listed.text == "[]"
            tag = {"If-None-Match": listed.headers["etag"]}
            assert (await fetch(url, **tag)).status_code == 304
            assert (await push(pub.url, b"{}")).status_code == 404


@pytest.mark.parametrize(
    ("version", "limit"), [(WITH_ES3_ONLY, 100 * KIB), (WITH_STREAMS, 10 * KIB * KIB)]
)
async def test_its_limit_is_that_of_its_day(version: str, limit: int) -> None:
    async with old_pub(version) as pub:
        for size, status in ((limit, 200), (limit + 1, 413)):
            body = b"[" + b" " * (size - 2) + b"]"
            answer = await push(pub.documents_url(GARDEN), body, **JSON)
            assert answer.status_code == status


async def test_there_was_no_stream_in_its_day() -> None:
    async with old_pub(WITH_ES3_ONLY) as pub:
        await pub.push(GARDEN, [])
        stream = pub.documents_url(GARDEN).replace("documents", "stream")
        assert (await fetch(stream)).status_code == 404
