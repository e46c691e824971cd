"""Our GraphQL conversation with earthstar-graphql: the real 3.0.0, and one of es.4.

3.0.0 is the only release that npm has, and it speaks es.3. Of es.4 (4.0 to 6.1) npm has
no version: there an answerer stands in, graphql_es4.js, with the schema and the ways of
those, the real earthstar 5.7.6 inside and the real apollo-server around it. So what is
true there is true of that answerer, and of the real one as far as it is like it.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from esd.daemon import wall_clock
from esd.errors import PeerMisbehaved
from esd.formats import Batch, Document
from esd.sync import Client, Direction, RunLimits
from esd.sync.graphql.answers import is_graphql
from esd.sync.status import Standing
from esd.sync.talk import Report
from tests.peers.graphql import (
    Graphql,
    check_graphql,
    es4_graphql,
    real_graphql,
)
from tests.peers.installed import PeersMissing
from tests.peers.real import real_pub
from tests.peers.test_harness import TRICKY
from tests.replicas import GARDEN, MATT, NOW, SUZY, a_document, a_replica
from tests.sync.graphql_side import LATER, converse, halves_of
from tests.sync.graphqls import an_es3_document

WORKSPACE = GARDEN.text


@pytest.fixture(scope="module", autouse=True)
def graphql_peers(peers: None) -> None:
    """What this file speaks with is here."""
    try:
        check_graphql()
    except PeersMissing as exc:
        pytest.skip(str(exc))


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two, and how to write for it."""

    name: str

    def serve(self, *workspaces: str, **how: object) -> AbstractAsyncContextManager:
        serve = real_graphql if self.name == "es.3" else es4_graphql
        return serve(*workspaces, **how)

    def document(self, path: str, content: str = "hello", **how: object) -> Document:
        make = an_es3_document if self.name == "es.3" else a_document
        return make(path, content, **how)

    def documents(self, count: int, prefix: str = "/doc") -> list[Document]:
        return [
            self.document(f"{prefix}/{number:04}", f"content {number}", at=NOW + number)
            for number in range(count)
        ]


@pytest.fixture(params=["es.3", "es.4"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


class RealSide:
    """Our side, talking to a server on loopback."""

    def __init__(self, replica, server: Graphql) -> None:
        self.replica = replica
        self.server = server
        self.now = LATER

    async def hold(self, *held: Document) -> None:
        await self.replica.ingest(Batch(list(held)), origin="", now=self.now)

    async def run(
        self, direction: Direction = Direction.BOTH, **over: object
    ) -> Report:
        url = self.server.url
        async with Client(url, RunLimits()) as client:
            report = await converse(
                self.replica, client, url, self.now, direction, **over
            )
            report.traffic = client.traffic
            return report

    def contents(self) -> dict[str, str]:
        """Of our heads."""
        found: dict[str, tuple[tuple[int, str], str]] = {}
        for text in json.loads(b"[" + b",".join(self.pages()) + b"]"):
            order = (text["timestamp"], text["signature"])
            content = text.get("content", text.get("value"))
            if text["path"] not in found or found[text["path"]][0] < order:
                found[text["path"]] = (order, content)
        return {path: content for path, (_, content) in found.items()}

    def pages(self) -> list[bytes]:
        page = self.replica.reader.page(self.now, rows=1 << 20, size=1 << 40)
        return list(page.documents)


async def contents_of(server: Graphql) -> dict[str, str]:
    heads = await server.heads(WORKSPACE)
    assert heads is not None
    return {path: one.get("content", one.get("value")) for path, one in heads.items()}


@pytest.fixture
async def pair(kind: Kind, tmp_path: Path) -> AsyncIterator[RealSide]:
    with a_replica(tmp_path) as replica:
        async with kind.serve(WORKSPACE) as server:
            yield RealSide(replica, server)


# What moves...


async def test_both_sides_end_with_the_same_heads(pair, kind) -> None:
    await pair.server.put(
        WORKSPACE,
        [
            *kind.documents(40, "/theirs"),
            kind.document("/a", "new", by=MATT, at=NOW + 1),
            kind.document("/b", "old", by=MATT),
            kind.document("/tricky", TRICKY),
        ],
    )
    await pair.hold(
        *kind.documents(40, "/ours"),
        kind.document("/a", "old"),
        kind.document("/b", "new", at=NOW + 1),
        kind.document("/tricky/too", TRICKY),
    )
    report = await pair.run()
    # Its head at /b came too, and is history here.
    assert (report.pulled.accepted, report.sent, report.taken) == (43, 42, 42)
    assert dict(report.pulled.rejected) == {}
    assert pair.contents() == await contents_of(pair.server)
    assert pair.contents()["/a"] == pair.contents()["/b"] == "new"
    assert pair.contents()["/tricky"] == TRICKY


async def test_an_emptied_document_travels_both_ways(pair, kind) -> None:
    await pair.server.put(WORKSPACE, [kind.document("/theirs", "")])
    await pair.hold(kind.document("/ours", ""))
    await pair.run()
    assert pair.contents() == await contents_of(pair.server)
    assert len(pair.contents()) == 2


async def test_ties_end_with_the_same_head(pair, kind) -> None:
    await pair.server.put(WORKSPACE, [kind.document("/a", "suzy's", by=SUZY)])
    await pair.hold(kind.document("/a", "matt's", by=MATT))
    for _ in range(2):
        report = await pair.run()
    assert report.unchanged
    suzy, matt = (kind.document("/a", "x", by=by) for by in (SUZY, MATT))
    assert {suzy.path, matt.path} == set(await contents_of(pair.server))


@pytest.mark.parametrize("direction", [Direction.PULL, Direction.PUSH])
async def test_one_way_is_one_way(direction, pair, kind) -> None:
    await pair.server.put(WORKSPACE, kind.documents(2, "/theirs"))
    await pair.hold(*kind.documents(3, "/ours"))
    await pair.run(direction)
    ours, theirs = len(pair.contents()), len(await contents_of(pair.server))
    assert (ours, theirs) == ((5, 2) if direction.pulls else (3, 5))


async def test_hundreds_of_documents_of_many_sizes_move_both_ways(pair, kind) -> None:
    sizes = [10, 1_000, 30_000, 200]
    await pair.server.put(
        WORKSPACE,
        [
            kind.document(f"/theirs/{n}", "y" * sizes[n % 4], at=NOW + n)
            for n in range(300)
        ],
    )
    await pair.hold(
        *(
            kind.document(f"/ours/{n}", "x" * sizes[n % 4], at=NOW + n)
            for n in range(450)
        )
    )
    report = await pair.run()
    assert (report.pulled.accepted, report.taken) == (300, 450)
    assert pair.contents() == await contents_of(pair.server)


async def test_documents_of_the_other_format_stay_here(pair, kind) -> None:
    other = Kind("es.4" if kind.name == "es.3" else "es.3")
    await pair.hold(kind.document("/same"), other.document("/other"))
    report = await pair.run()
    assert report.sent == 1
    assert set(await contents_of(pair.server)) == {"/same"}


# What nothing new costs...


async def test_nothing_new_is_one_request_without_an_answer_after_a_pull(
    pair, kind
) -> None:
    await pair.server.put(WORKSPACE, kind.documents(50))
    await pair.run()
    report = await pair.run()
    assert report.unchanged
    assert (report.traffic.requests, report.traffic.received) == (1, 0)


async def test_the_tag_of_what_we_hold_is_the_servers_own_after_a_push(
    pair, kind
) -> None:
    await pair.server.put(WORKSPACE, kind.documents(20, "/theirs"))
    same_time = [kind.document(f"/same/{n}", at=NOW + 5) for n in range(20)]
    await pair.hold(*kind.documents(20, "/ours"), *same_time)
    await pair.run()
    report = await pair.run()
    assert report.unchanged
    assert (report.traffic.requests, report.traffic.received) == (1, 0)


async def test_so_it_is_under_filters(kind, tmp_path) -> None:
    queries = [{"pathPrefix": "/ours/"}, {"pathPrefix": "/ours/000"}]
    with a_replica(tmp_path) as replica:
        async with kind.serve(WORKSPACE) as server:
            side = RealSide(replica, server)
            await server.put(WORKSPACE, kind.documents(20, "/theirs"))
            await side.hold(*kind.documents(20, "/ours"))
            await side.run(halves=halves_of(queries))
            report = await side.run(halves=halves_of(queries))
            assert report.unchanged
            assert len(await contents_of(server)) == 40
            assert len(side.contents()) == 20


async def test_a_write_is_three_small_requests(pair, kind) -> None:
    await pair.server.put(WORKSPACE, kind.documents(200))
    await pair.run()
    await pair.hold(kind.document("/mine"))
    report = await pair.run()
    assert (report.taken, report.traffic.requests) == (1, 3)
    assert report.traffic.received + report.traffic.sent < 2_500
    assert (await pair.run()).unchanged


# Filters...


async def test_only_what_its_filters_want_is_pushed(kind, tmp_path) -> None:
    matts = kind.document("/b", by=MATT)
    wants = {"pathPrefixes": ["/wiki/"], "versionsByAuthors": [matts.author]}
    with a_replica(tmp_path) as replica:
        async with kind.serve(WORKSPACE, wants=wants) as server:
            side = RealSide(replica, server)
            await side.hold(kind.document("/wiki/a"), matts, kind.document("/c"))
            report = await side.run()
            assert (report.taken, report.standing) == (2, Standing.LEVEL)
            assert set(await contents_of(server)) == {"/wiki/a", "/b"}


async def test_our_incoming_queries_are_its_filters(pair, kind) -> None:
    await pair.server.put(
        WORKSPACE, [*kind.documents(300, "/other"), *kind.documents(3, "/wiki")]
    )
    halves = halves_of([{"pathPrefix": "/wiki/"}])
    report = await pair.run(halves=halves)
    assert (report.to_pull, len(pair.contents())) == (3, 3)
    assert report.traffic.received < 10_000


async def test_an_author_is_its_filter_too(pair, kind) -> None:
    matts = kind.document("/b", by=MATT)
    await pair.server.put(WORKSPACE, [*kind.documents(300), matts])
    halves = halves_of([{"versionsByAuthor": matts.author}])
    report = await pair.run(Direction.PULL, halves=halves)
    assert set(pair.contents()) == {"/b"}
    assert report.traffic.received < 10_000


async def test_a_default_3_0_0_wants_nothing_and_gives_everything(tmp_path) -> None:
    three = Kind("es.3")
    with a_replica(tmp_path) as replica:
        async with real_graphql(WORKSPACE, wants=None) as server:
            side = RealSide(replica, server)
            await server.put(WORKSPACE, three.documents(3, "/theirs"))
            await side.hold(three.document("/ours"))
            report = await side.run()
            assert (report.pulled.accepted, report.sent) == (3, 0)
            assert report.standing is Standing.READ_ONLY


# Workspaces...


async def test_a_workspace_it_lacks_is_a_state(kind, tmp_path) -> None:
    with a_replica(tmp_path) as replica:
        async with kind.serve() as server:
            side = RealSide(replica, server)
            await side.hold(kind.document("/a"))
            assert (await side.run()).standing is Standing.ABSENT
            assert await server.heads(WORKSPACE) is None


async def test_it_hosts_one_where_that_is_wanted(kind, tmp_path) -> None:
    with a_replica(tmp_path) as replica:
        async with kind.serve() as server:
            side = RealSide(replica, server)
            await side.hold(kind.document("/a"))
            report = await side.run(creates=True)
            assert (report.standing, report.taken) == (Standing.LEVEL, 1)
            assert set(await contents_of(server)) == {"/a"}


async def test_one_that_hosts_nobody_is_a_state(kind, tmp_path) -> None:
    with a_replica(tmp_path) as replica:
        async with kind.serve(hosts=False) as server:
            side = RealSide(replica, server)
            await side.hold(kind.document("/a"))
            assert (await side.run(creates=True)).standing is Standing.ABSENT


# Its storages, releases and ways...


@pytest.mark.usefixtures("sqlite_peers")
async def test_3_0_0_in_sqlite_is_the_same(tmp_path) -> None:
    three = Kind("es.3")
    (folder := tmp_path / "graphql").mkdir()
    with a_replica(tmp_path) as replica:
        async with real_graphql(WORKSPACE, folder=folder) as server:
            side = RealSide(replica, server)
            await server.put(WORKSPACE, three.documents(30, "/theirs"))
            await side.hold(*three.documents(30, "/ours"))
            await side.run()
            assert side.contents() == await contents_of(server)
            assert (await side.run()).unchanged
        async with real_graphql(WORKSPACE, folder=folder) as server:
            side = RealSide(replica, server)
            await side.run()
            assert len(await contents_of(server)) == 60


async def test_4_0_is_the_same(tmp_path) -> None:
    four = Kind("es.4")
    with a_replica(tmp_path) as replica:
        async with es4_graphql(WORKSPACE, old=True) as server:
            side = RealSide(replica, server)
            await server.put(WORKSPACE, four.documents(3, "/theirs"))
            await side.hold(*four.documents(3, "/ours"), four.document("/gone", ""))
            await side.run()
            assert len(side.contents()) == 7
            assert (await side.run()).unchanged


async def test_one_that_does_not_tell_its_schema_is_spoken_to_all_the_same(
    tmp_path,
) -> None:
    with a_replica(tmp_path) as replica:
        async with es4_graphql(WORKSPACE, introspection=False) as server:
            side = RealSide(replica, server)
            await side.hold(a_document("/a"))
            assert (await side.run()).taken == 1


async def test_a_document_that_it_rejects_waits(pair, kind) -> None:
    ahead = pair.now = wall_clock() + 3_600_000_000  # its own clock is an hour behind
    await pair.hold(kind.document("/early", at=ahead), kind.document("/good"))
    report = await pair.run()
    assert (report.sent, report.taken) == (2, 1)
    report = await pair.run()
    assert (report.sent, report.waiting) == (0, 1)
    assert (await pair.run()).unchanged


# Finding out what it is...


async def test_it_is_known_by_its_answer(kind) -> None:
    async with kind.serve() as server, Client(server.url, RunLimits()) as client:
        assert await is_graphql(client)


async def test_a_pub_is_not_taken_for_one() -> None:
    async with real_pub() as pub, Client(pub.url, RunLimits()) as client:
        assert not await is_graphql(client)


async def test_a_pub_spoken_to_in_graphql_is_told_from_one(tmp_path) -> None:
    with a_replica(tmp_path) as replica:
        async with real_pub() as pub:
            side = RealSide(replica, pub)
            with pytest.raises(PeerMisbehaved) as caught:
                await side.run()
            assert "graphql" in caught.value.hint
