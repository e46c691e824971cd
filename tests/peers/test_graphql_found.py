"""A whole daemon finds out that its peer is an earthstar-graphql."""

from dataclasses import replace

import pytest
import trio

from esd.formats import Batch
from tests.daemons import a_config, a_peer, start_daemon
from tests.peers.graphql import check_graphql, real_graphql
from tests.peers.installed import PeersMissing
from tests.replicas import GARDEN, NOW, an_es3_document


@pytest.fixture(scope="module", autouse=True)
def graphql_peers(peers: None) -> None:
    try:
        check_graphql()
    except PeersMissing as exc:
        pytest.skip(str(exc))


@pytest.mark.parametrize("protocol", ["auto", "graphql"])
async def test_it_is_spoken_to_in_its_own_words(protocol, tmp_path):
    async with (
        real_graphql(GARDEN.text) as server,
        trio.open_nursery() as nursery,
    ):
        peer = a_peer("graphql", server.url, GARDEN.text)
        peer = replace(peer, protocol=type(peer.protocol)(protocol))
        running = await start_daemon(nursery, a_config(tmp_path, [GARDEN.text], [peer]))
        await running.replica(GARDEN.text).ingest(
            Batch([an_es3_document(at=NOW)]), origin="", now=running.daemon.now()
        )
        finding = await running.sync_one("graphql")
        assert finding.report.level == "graphql"
        again = await running.sync_one("graphql")
        assert (again.report.level, again.report.sent) == ("graphql", 0)
        await running.stop()
        nursery.cancel_scope.cancel()
