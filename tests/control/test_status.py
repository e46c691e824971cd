"""How the node stands, in one answer."""

from esd.control import Severity
from tests.control.calling import ask
from tests.control.node import ALIAS, a_node
from tests.replicas import documents as many
from tests.sync.pubs import PubWire


async def test_the_root_tells_tools_of_any_version_what_answers(
    tmp_path, autojump_clock
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "GET", "/")
    assert answer.json == {"service": "esd", "version": "9.8.7", "api": ["v1"]}


async def test_the_status_counts_what_there_is(tmp_path, autojump_clock):
    wires = {"home": PubWire(*many(3)), "away": PubWire()}
    async with a_node(tmp_path, wires) as node:
        await node.peers.sync("home")
        status = (await ask(node, "GET", "/v1/status")).json
    assert status["state"] == "running"
    assert status["counts"]["documents"] == 3
    assert status["counts"]["workspaces"] == 1
    assert status["counts"]["peers"] == 2
    assert sum(status["counts"]["peers_by_state"].values()) == 2
    assert status["addresses"] == ["127.0.0.1:3333", "[::1]:3333"]
    assert status["workspaces"][0]["alias"] == ALIAS
    assert status["health"] == []


async def test_the_status_says_which_run_is_next(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire(), "away": PubWire()}) as node:
        await node.peers.sync("home")
        await node.peers.sync("away")
        soonest = min(node.peers, key=lambda peer: peer.schedule.next_run)
        status = (await ask(node, "GET", "/v1/status")).json
        assert status["next_run"]["peer"] == soonest.settings.name
        assert status["next_run"]["at"] > status["now"]


async def test_a_paused_peer_has_no_next_run(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        await node.peers.pause("home", None)
        assert (await ask(node, "GET", "/v1/status")).json["next_run"] is None


async def test_health_says_what_is_wrong_and_what_to_do(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        node.doubt()
        (health,) = (await ask(node, "GET", "/v1/status")).json["health"]
    assert health["code"] == "clock-jumped"
    assert health["severity"] == "warning"
    assert health["hint"] == "set the clock"


async def test_it_is_ready_when_nothing_is_broken(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        node.doubt(Severity.WARNING)
        answer = await ask(node, "GET", "/v1/health/ready")
    assert (answer.status, answer.json["ready"]) == (200, True)


async def test_it_is_not_ready_with_an_error(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        node.doubt(Severity.ERROR)
        answer = await ask(node, "GET", "/v1/health/ready")
    assert (answer.status, answer.json["ready"]) == (503, False)
    bad = [check for check in answer.json["checks"] if not check["ok"]]
    assert [check["name"] for check in bad] == ["health"]
    assert "clock" in bad[0]["message"]


async def test_it_is_alive_while_it_stops(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        node.stop()
        assert (await ask(node, "GET", "/v1/health/live")).status == 200
        assert (await ask(node, "GET", "/v1/health/ready")).status == 503
        assert (await ask(node, "GET", "/v1/status")).json["state"] == "stopping"
