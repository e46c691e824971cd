"""The authors of this node, and that their secrets stay where they are."""

import pytest

from esd.formats import Keypair, check_keypair
from tests.control.calling import ask
from tests.control.node import a_node
from tests.replicas import MATT, SUZY

IMPORT = "/v1/identities/import"


async def test_identities_are_listed_without_secrets(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "GET", "/v1/identities")
    (one,) = answer.json["identities"]
    assert (one["name"], one["address"]) == ("suzy", SUZY.address)
    assert one["created"] == "2023-11-14T22:13:20.000000Z"
    assert SUZY.secret not in answer.body.decode()


async def test_a_new_identity_is_kept(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        body = {"shortname": "fern", "name": "fern-at-home"}
        answer = await ask(node, "POST", "/v1/identities", body)
        assert answer.status == 201
        assert answer.json["address"].startswith("@fern.b")
        assert "secret" not in answer.json
        assert node.identities.get("fern-at-home").address == answer.json["address"]


async def test_a_new_secret_is_told_only_to_who_asks(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        body = {"shortname": "fern", "reveal": True}
        one = (await ask(node, "POST", "/v1/identities", body)).json
    assert one["name"] == "fern"
    check_keypair(Keypair(one["address"], one["secret"]))


async def test_a_key_pair_is_imported(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        body = {"address": MATT.address, "secret": MATT.secret}
        answer = await ask(node, "POST", IMPORT, body)
        assert (answer.status, answer.json["name"]) == (201, "matt")
        assert MATT.secret not in answer.body.decode()
        assert node.identities.get("matt") == MATT


@pytest.mark.parametrize(
    ("over", "path"),
    [
        ({"secret": SUZY.secret}, "$.secret"),
        ({"secret": "b" + "7" * 51}, "$.secret"),
        ({"secret": "hunter2"}, "$.secret"),
        ({"secret": None}, "$.secret"),
        ({"secret": ""}, "$.secret"),
        ({"address": "@matt"}, "$.address"),
        ({"address": MATT.address.upper()}, "$.address"),
        ({"name": "no name"}, "$.name"),
        ({"nam": "x"}, "$"),
    ],
)
async def test_what_is_no_key_pair_is_refused(tmp_path, autojump_clock, over, path):
    async with a_node(tmp_path) as node:
        body = {"address": MATT.address, "secret": MATT.secret} | over
        answer = await ask(node, "POST", IMPORT, body)
        assert (answer.status, answer.json["errors"][0]["path"]) == (422, path)
        for secret in ("hunter2", MATT.secret, SUZY.secret):
            assert secret not in answer.body.decode()
        assert len(node.identities.list()) == 1


@pytest.mark.parametrize("name", ["su", "suzyq", "9uzy", "SUZY", "", "sü@y"])
async def test_a_shortname_has_four_letters(tmp_path, autojump_clock, name):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/identities", {"shortname": name})
    assert (answer.status, answer.json["errors"][0]["path"]) == (422, "$.shortname")


async def test_a_name_that_is_taken_is_a_conflict(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/identities", {"shortname": "suzy"})
        assert (answer.status, answer.code) == (409, "name-taken")
        assert node.identities.get("suzy") == SUZY


@pytest.mark.parametrize("by", ["suzy", SUZY.address])
async def test_an_identity_is_removed_by_name_or_address(tmp_path, autojump_clock, by):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "DELETE", f"/v1/identities/{by}")
        assert answer.json["identity"]["name"] == "suzy"
        assert node.identities.list() == []
        answer = await ask(node, "DELETE", f"/v1/identities/{by}")
        assert (answer.status, answer.code) == (404, "identity-not-found")
        assert answer.json["hint"] == "there is no identity at all"
