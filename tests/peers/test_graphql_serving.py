"""earthstar-graphql as our caller: its syncWithPub, against our server.

The real 3.0.0 is told by its caller to speak as to a pub. Later ones (npm has none) ask
first: where a POST of an introspection to the url itself is answered 200 it is GraphQL
to them, else a pub.
"""

from pathlib import Path

import pytest
import trio

from esd.formats import Batch
from tests.daemons import a_config, start_daemon
from tests.peers.graphql import Graphql, check_graphql, real_graphql
from tests.peers.installed import PeersMissing
from tests.plain_http import plain_http
from tests.replicas import GARDEN, a_document
from tests.sync.graphqls import an_es3_document

WORKSPACE = GARDEN.text
SYNC = (
    "mutation($w:String!,$u:String!){syncWithPub(workspace:$w,pubUrl:$u){__typename}}"
)


@pytest.fixture(scope="module", autouse=True)
def graphql_peers(peers: None) -> None:
    """What this file speaks with is here."""
    try:
        check_graphql()
    except PeersMissing as exc:
        pytest.skip(str(exc))


async def told_to_sync(server: Graphql, url: str) -> str:
    answer = await server.ask(SYNC, w=WORKSPACE, u=url)
    typename: str = answer["syncWithPub"]["__typename"]
    return typename


async def test_its_sync_with_a_pub_brings_it_level_with_us(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, [WORKSPACE]))
    held = [an_es3_document("/ours"), a_document("/newer/format")]
    replica = esd.replica(WORKSPACE)
    await replica.ingest(Batch(held), origin="", now=esd.daemon.now())
    async with real_graphql(WORKSPACE) as server:
        await server.put(WORKSPACE, [an_es3_document("/theirs")])
        assert await told_to_sync(server, esd.url) == "SyncSuccess"
        heads = await server.heads(WORKSPACE)
        assert heads is not None
        assert set(heads) == {"/ours", "/theirs"}
        paths = replica.reader.paths(esd.daemon.now())
        assert paths == ["/newer/format", "/ours", "/theirs"]


async def test_it_can_do_so_again_and_again(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, [WORKSPACE]))
    async with real_graphql(WORKSPACE) as server:
        for number in range(3):
            await server.put(WORKSPACE, [an_es3_document(f"/{number}")])
            assert await told_to_sync(server, esd.url + "/") == "SyncSuccess"
        assert esd.replica(WORKSPACE).reader.totals().count == 3


async def test_a_workspace_that_we_do_not_hold_is_no_error_to_it(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path))
    async with real_graphql(WORKSPACE) as server:
        await server.put(WORKSPACE, [an_es3_document("/theirs")])
        assert await told_to_sync(server, esd.url) == "SyncSuccess"
    assert len(esd.daemon.replicas) == 0


async def test_later_releases_take_us_for_a_pub(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, [WORKSPACE]))
    asked = {"query": "{ __schema { queryType { name } } }"}
    async with plain_http() as http:
        answer = await http.post(esd.url, json=asked)
    assert answer.status_code == 404
