"""What is told of a peer, and pausing it."""

import json
from typing import get_args

import pytest

from esd.control.peer_shapes import STATES
from esd.formats import ReplicationQuery
from esd.sync.status import PeerStatus
from tests.control.calling import ask
from tests.control.esds import HELLO, HelloWire
from tests.control.node import ALIAS, a_node
from tests.replicas import NOW, SECOND
from tests.replicas import documents as many
from tests.sync.pubs import PubWire, reply


def failing(status=503, headers=None):
    wire = PubWire()
    wire.answer = lambda _: reply(status, headers=headers)
    return wire


async def shown(node, name="home"):
    return (await ask(node, "GET", f"/v1/peers/{name}")).json


def test_every_state_has_its_word():
    assert set(STATES) == set(get_args(PeerStatus))


async def test_peers_are_listed_with_their_settings(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire(), "away": PubWire()}) as node:
        peers = (await ask(node, "GET", "/v1/peers")).json["peers"]
    assert [peer["name"] for peer in peers] == ["home", "away"]
    assert peers[0]["config"] == {
        "url": "http://home",
        "direction": "both",
        "protocol": "auto",
        "interval_seconds": 300.0,
        "shares": "listed",
        "incoming": None,
        "outgoing": None,
        "key": False,
        "create_workspaces": False,
        "live": False,
    }


async def test_what_was_agreed_with_a_peer_is_told_without_its_key(
    tmp_path, autojump_clock
):
    agreed = {
        "incoming": (ReplicationQuery(path_prefix="/wiki/"),),
        "outgoing": (),
        "key": "the-secret-key-of-home",
        "creates": True,
        "common": True,
        "workspaces": (),
    }
    async with a_node(tmp_path, {"home": PubWire()}, **agreed) as node:
        answer = await ask(node, "GET", "/v1/peers/home")
    config = answer.json["config"]
    assert (config["shares"], config["key"]) == ("common", True)
    assert config["incoming"] == [{"pathPrefix": "/wiki/"}]
    assert config["outgoing"] == []
    assert config["create_workspaces"] is True
    assert b"the-secret-key" not in answer.body


async def test_what_is_in_common_is_told_when_the_peer_has_proved_it(
    tmp_path, autojump_clock
):
    shared = {"common": True, "workspaces": ()}
    async with a_node(tmp_path, {"home": PubWire()}, **shared) as node:
        assert (await shown(node))["runtime"]["workspaces"] == []
        place = f"/v1/workspaces/{ALIAS}"
        assert (await ask(node, "GET", place)).json["peers"] == []
        node.peers["home"].acquaintance.shared[node.replica.local_id] = "bname"
        (workspace,) = (await shown(node))["runtime"]["workspaces"]
        assert workspace["alias"] == ALIAS
        assert (await ask(node, "GET", place)).json["peers"] == ["home"]


async def test_a_peer_that_speaks_ours_no_more_says_what_to_do(
    tmp_path, autojump_clock
):
    hello = reply(200, json.dumps(HELLO).encode())
    wire = HelloWire(hello, reply(404))
    async with a_node(tmp_path, {"home": wire}) as node:
        await node.peers.sync("home")
        runtime = (await shown(node))["runtime"]
        (brief,) = (await ask(node, "GET", "/v1/status")).json["peers"]
    assert runtime["state"] == brief["state"] == "downgraded"
    assert "earthstar-sync" in runtime["reason"]
    assert "esdctl peer reset home" in runtime["hint"]
    assert "2023-11-14T23:07" <= runtime["next_run"] <= "2023-11-14T23:14"  # in an hour


async def test_a_peer_in_sync_says_since_when_and_when_next(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire(*many(2))}) as node:
        await node.peers.sync("home")
        runtime = (await shown(node))["runtime"]
        assert runtime["state"] == "in-sync"
        assert runtime["last_success"] <= runtime["next_run"]
        assert runtime["reason"] == runtime["hint"] == ""
        (workspace,) = runtime["workspaces"]
        assert workspace["id"] == node.replica.local_id
        assert (workspace["alias"], workspace["standing"]) == (ALIAS, "level")


async def test_a_workspace_that_is_not_there_is_told(tmp_path, autojump_clock):
    wire = PubWire(exists=False)
    wire.closed = True
    async with a_node(tmp_path, {"home": wire}) as node:
        await node.peers.sync("home")
        (workspace,) = (await shown(node))["runtime"]["workspaces"]
    assert workspace["standing"] == "not held there, nor wanted"


async def test_a_failing_peer_says_what_is_wrong_and_what_to_do(
    tmp_path, autojump_clock
):
    async with a_node(tmp_path, {"home": failing()}) as node:
        await node.peers.sync("home")
        runtime = (await shown(node))["runtime"]
    assert runtime["state"] == "retrying"
    assert runtime["reason"] == runtime["last_failure"]["reason"] != ""
    assert runtime["hint"]
    assert runtime["reason"] in runtime["description"]
    assert runtime["last_success"] is None


async def test_a_peer_that_moved_says_where_to(tmp_path, autojump_clock):
    wire = failing(301, {"Location": "https://new.example/+canary.garden7q"})
    async with a_node(tmp_path, {"home": wire}) as node:
        await node.peers.sync("home")
        runtime = (await shown(node))["runtime"]
    assert runtime["state"] == "moved"
    assert "https://new.example" in runtime["hint"]
    assert "2023-11-14T23:07" <= runtime["next_run"] <= "2023-11-14T23:14"  # in an hour


async def test_a_peer_is_paused_until_it_is_resumed(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        answer = await ask(node, "POST", "/v1/peers/home/pause")
        assert answer.json["changed"] is True
        runtime = answer.json["peer"]["runtime"]
        assert runtime["state"] == "paused"
        assert runtime["next_run"] is runtime["paused_until"] is None
        assert node.node_file.history.paused() == {"home": None}
        answer = await ask(node, "POST", "/v1/peers/home/resume")
        assert answer.json["changed"] is True
        assert answer.json["peer"]["runtime"]["state"] == "idle"


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_asking_for_what_is_so_already_is_no_error(
    tmp_path, autojump_clock, verb
):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        await ask(node, "POST", f"/v1/peers/home/{verb}")
        answer = await ask(node, "POST", f"/v1/peers/home/{verb}")
    assert (answer.status, answer.json["changed"]) == (200, False)


@pytest.mark.parametrize(
    "body",
    [{"seconds": 3600}, {"until": "2023-11-14T23:13:20Z"}],
    ids=["for so long", "until then"],
)
async def test_a_pause_may_have_an_end(tmp_path, autojump_clock, body):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        runtime = (await ask(node, "POST", "/v1/peers/home/pause", body)).json["peer"][
            "runtime"
        ]
        assert runtime["paused_until"].startswith("2023-11-14T23:13:20.")
        (until,) = node.node_file.history.paused().values()
        assert abs(until - (NOW + 3600 * SECOND)) < SECOND


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"seconds": 0}, "$.seconds"),
        ({"seconds": -1}, "$.seconds"),
        ({"seconds": 1e300}, "$.seconds"),
        ({"seconds": "1h"}, "$.seconds"),
        ({"until": "tomorrow"}, "$.until"),
        ({"until": "2023-11-14T23:13:20"}, "$.until"),
        ({"until": "2023-11-14T00:00:00Z"}, "$.until"),
        ({"until": "9999-11-14T00:00:00Z"}, "$.until"),
        ({"until": "2024-11-14T00:00:00Z", "seconds": 1}, "$"),
        ({"untill": "2024-11-14T00:00:00Z"}, "$"),
    ],
)
async def test_a_pause_that_cannot_be_is_refused(tmp_path, autojump_clock, body, path):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        answer = await ask(node, "POST", "/v1/peers/home/pause", body)
        assert answer.status == 422
        assert answer.json["errors"][0]["path"] == path
        assert node.peers["home"].paused_until is None


async def test_a_reset_forgets_the_failures_and_tries_now(tmp_path, autojump_clock):
    wire = failing()
    async with a_node(tmp_path, {"home": wire}) as node:
        await node.peers.sync("home")
        wire.answer = None
        answer = await ask(node, "POST", "/v1/peers/home/reset")
        await node.peers.runs.get(answer.json["sync"]).wait()
        assert (await shown(node))["runtime"]["state"] == "in-sync"


async def test_a_reset_of_a_paused_peer_starts_nothing(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": failing()}) as node:
        await node.peers.pause("home", None)
        answer = await ask(node, "POST", "/v1/peers/home/reset")
        assert (answer.status, answer.json["sync"]) == (200, None)


@pytest.mark.parametrize(
    ("method", "verb"),
    [("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/reset")],
)
async def test_a_mistyped_peer_gets_the_names_there_are(
    tmp_path, autojump_clock, method, verb
):
    async with a_node(tmp_path, {"home": PubWire(), "away": PubWire()}) as node:
        answer = await ask(node, method, f"/v1/peers/hme{verb}")
    assert (answer.status, answer.code) == (404, "peer-not-found")
    assert answer.json["hint"] == "did you mean home? there is: away, home"
