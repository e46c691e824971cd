"""Workspaces: by name, and by address only where somebody asks for it."""

import pytest

from esd.formats import Halves, parse_halves
from tests.control.calling import ask
from tests.control.node import ALIAS, a_node
from tests.replicas import GARDEN, MATT, SUZY
from tests.sync.pubs import PubWire

KITCHEN = "+kitchen.friends"


async def test_workspaces_are_listed_by_local_id_and_alias(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        await node.replica.write(SUZY, "/a", "hello", now=node.now())
        (one,) = (await ask(node, "GET", "/v1/workspaces")).json["workspaces"]
        assert (one["id"], one["alias"]) == (node.replica.local_id, ALIAS)
        assert one["documents"] == 1
        assert one["bytes"] > 300
        assert one["peers"] == ["home"]


@pytest.mark.parametrize("by", ["id", "alias"])
async def test_a_workspace_is_shown_by_either_name(tmp_path, autojump_clock, by):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        for keypair in (SUZY, MATT):
            await node.replica.write(keypair, "/a", "hello", now=node.now())
        await node.peers.sync("home")
        name = ALIAS if by == "alias" else node.replica.local_id
        one = (await ask(node, "GET", f"/v1/workspaces/{name}")).json
    assert one["authors"] == sorted([SUZY.address, MATT.address])
    assert one["author_count"] == 2
    assert one["standings"] == [{"peer": "home", "standing": "level"}]


async def test_everything_moves_unless_told_otherwise(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        one = (await ask(node, "GET", f"/v1/workspaces/{ALIAS}")).json
    assert one["queries"].pop("digest") == Halves().digest
    assert one["queries"] == {"incoming": [{}], "outgoing": [{}], "refuse": []}
    assert one["anonymous"] is True


async def test_what_moves_is_told(tmp_path, autojump_clock):
    said = {
        "incoming": [{"pathPrefix": "/wiki/", "format": "es.4"}],
        "outgoing": [],
        "refuse": [{"versionsByAuthor": SUZY.address}, {"timestampAfter": "-30d"}],
    }
    async with a_node(tmp_path) as node:
        node.replica.halves = halves = parse_halves(said)
        node.replica.anonymous = False
        one = (await ask(node, "GET", f"/v1/workspaces/{ALIAS}")).json
    assert one["queries"] == said | {"digest": halves.digest}
    assert one["anonymous"] is False


@pytest.mark.parametrize("target", ["/v1/workspaces", f"/v1/workspaces/{ALIAS}"])
async def test_an_address_is_told_only_when_asked_for(tmp_path, autojump_clock, target):
    async with a_node(tmp_path) as node:
        assert "address" not in str((await ask(node, "GET", target)).json)
        assert "address" not in str((await ask(node, "GET", f"{target}?reveal=0")).json)
        revealed = await ask(node, "GET", f"{target}?reveal=1", reveals=True)
    assert GARDEN.text in revealed.body.decode()


async def test_a_workspace_is_added(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        body = {"address": KITCHEN, "alias": "kitchen"}
        answer = await ask(node, "POST", "/v1/workspaces", body)
        assert (answer.status, answer.json["changed"]) == (201, True)
        assert KITCHEN not in answer.body.decode()
        shown = await ask(node, "GET", "/v1/workspaces/kitchen")
        assert shown.json["id"] == answer.json["workspace"]["id"]


async def test_one_that_is_kept_already_is_left_as_it_is(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/workspaces", {"address": GARDEN.text})
    assert (answer.status, answer.json["changed"]) == (200, False)
    assert answer.json["workspace"]["alias"] == ALIAS


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ({"address": 3}, "$.address"),
        ({"address": "kitchen.friends"}, "$.address"),
        ({"address": KITCHEN, "alias": "ws-kitchen"}, "$.alias"),
        ({"address": KITCHEN, "alias": "Kit Chen"}, "$.alias"),
        ({"address": KITCHEN, "alias": ""}, "$.alias"),
        ({KITCHEN: KITCHEN}, "$"),
    ],
)
async def test_a_workspace_that_cannot_be_is_refused(
    tmp_path, autojump_clock, body, path
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/workspaces", body)
        assert (answer.status, answer.json["errors"][0]["path"]) == (422, path)
        assert "kitchen" not in answer.body.decode().lower()
        assert len(node.replicas) == 1


async def test_an_alias_that_is_taken_is_a_conflict(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        body = {"address": KITCHEN, "alias": ALIAS}
        answer = await ask(node, "POST", "/v1/workspaces", body)
    assert (answer.status, answer.code) == (409, "alias-taken")
    assert answer.json["hint"]


@pytest.mark.parametrize("purge", [False, True], ids=["put aside", "purged"])
async def test_a_workspace_is_removed(tmp_path, autojump_clock, purge):
    async with a_node(tmp_path) as node:
        await ask(node, "POST", "/v1/workspaces", {"address": KITCHEN, "alias": "k"})
        target = "/v1/workspaces/k" + ("?purge=1" if purge else "")
        answer = await ask(node, "DELETE", target)
        assert (answer.status, answer.json["purged"]) == (200, purge)
        assert (await ask(node, "GET", "/v1/workspaces/k")).status == 404
    assert (tmp_path / "removed").exists() is not purge


async def test_one_of_the_configuration_file_stays(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "DELETE", f"/v1/workspaces/{ALIAS}")
        assert (answer.status, answer.code) == (409, "workspace-configured")
        assert str(node.config_file) in answer.json["hint"]
        assert len(node.replicas) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_mistyped_workspace_gets_the_names_there_are(
    tmp_path, autojump_clock, method
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, method, "/v1/workspaces/gardn")
    assert (answer.status, answer.code) == (404, "workspace-not-found")
    assert answer.json["hint"] == "did you mean garden? there is: garden"
