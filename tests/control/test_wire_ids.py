"""The name of a workspace at a server, for tools that speak its protocol."""

import json

import httpx
import pytest
import trio

from esd.control import Control
from esd.formats.wire_ids import wire_id
from tests.control.calling import ask
from tests.control.esds import HELLO, SALT, HelloWire
from tests.control.node import ALIAS, a_node
from tests.sync.pubs import reply

PLACE = f"/v1/workspaces/{ALIAS}/id"
SERVER = "http://127.0.0.1:3333"


async def asked_of(node, wire, url=SERVER, place=PLACE):
    control = Control(node, wire.connect)
    return await ask(node, "POST", place, {"for": url}, control=control)


@pytest.mark.parametrize(
    ("url", "host", "hello"),
    [
        (SERVER, "127.0.0.1:3333", f"{SERVER}/earthstar-sync/v1/hello"),
        (f"{SERVER}/", "127.0.0.1:3333", f"{SERVER}/earthstar-sync/v1/hello"),
        (
            "HTTPS://Pub.Example.org:443/earth/Star",
            "pub.example.org",
            "https://pub.example.org/earth/Star/earthstar-sync/v1/hello",
        ),
        ("http://[::1]:80", "[::1]", "http://[::1]/earthstar-sync/v1/hello"),
    ],
    ids=["root", "slash", "path", "ipv6"],
)
async def test_the_name_is_of_the_salt_and_the_host_that_is_dialled(
    tmp_path, autojump_clock, url, host, hello
):
    wire = HelloWire()
    async with a_node(tmp_path) as node:
        answer = await asked_of(node, wire, url)
        name = wire_id(await node.replica.make_wire_key(), SALT, host)
    assert answer.status == 200
    header = f"Earthstar-Workspace: {name}"
    assert answer.json == {"header": header, "id": name, "host": host}
    assert wire.asked == [hello]


async def test_the_server_is_told_nothing(tmp_path, autojump_clock):
    wire = HelloWire()
    async with a_node(tmp_path) as node:
        answer = await asked_of(node, wire)
    assert answer.json["id"].encode() not in wire.sent
    assert b"authorization" not in wire.sent.lower()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pub.example.org",
        "ftp://pub.example.org",
        "http://",
        "http://pub.example.org:65536",
        "http://1.2.3.999",
        "http://[::1",
        "http://[1:2]",
        "http://suzy:secret@pub.example.org",
        "http://pub.example.org/?a=b",
        "http://pub.example.org/#a",
        "http://pub.example.org/+kitchen.friends",
        "http://pub.example.org/%2bkitchen.friends",
        "http://pub.example.org/a b",
        "http://pub.example.org\n",
        "http://pub..org",
        f"http://{'a' * 64}.org",
        "http://pub\u00e9.example.org",
    ],
)
async def test_what_is_no_root_of_a_server_is_refused(tmp_path, autojump_clock, url):
    wire = HelloWire()
    async with a_node(tmp_path) as node:
        answer = await asked_of(node, wire, url)
    assert (answer.status, answer.json["errors"][0]["path"]) == (422, "$.for")
    assert "kitchen" not in answer.body.decode()
    assert "secret" not in answer.body.decode()
    assert wire.asked == []


@pytest.mark.parametrize("body", [{}, {"for": 1}, {"for": SERVER, "to": SERVER}])
async def test_the_question_names_one_server(tmp_path, autojump_clock, body):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", PLACE, body)
    assert (answer.status, answer.code) == (422, "invalid-value")


async def test_a_mistyped_workspace_asks_nobody(tmp_path, autojump_clock):
    wire = HelloWire()
    async with a_node(tmp_path) as node:
        answer = await asked_of(node, wire, place="/v1/workspaces/gardn/id")
    assert (answer.status, answer.code) == (404, "workspace-not-found")
    assert wire.asked == []


def moved():
    return reply(301, headers={"Location": "https://new.example/+canary.garden7q"})


@pytest.mark.parametrize(
    ("hello", "code", "told"),
    [
        (reply(404), "peer-misbehaved", "does not speak earthstar-sync"),
        (reply(200, b"<html>"), "peer-misbehaved", "its hello cannot be read"),
        (
            reply(200, json.dumps(HELLO | {"salt": "baa"}).encode()),
            "peer-misbehaved",
            "its hello",
        ),
        (reply(503), "peer-unavailable", "it answered 503"),
        (httpx.ConnectError("x"), "peer-unavailable", "no connection"),
        (moved(), "peer-moved", "it redirects"),
    ],
    ids=["a pub", "a web site", "no salt", "down", "nobody", "moved"],
)
async def test_a_server_that_does_not_say_hello_is_told_of_with_a_hint(
    tmp_path, autojump_clock, hello, code, told
):
    async with a_node(tmp_path) as node:
        answer = await asked_of(node, HelloWire(hello))
    assert (answer.status, answer.code) == (502, code)
    assert told in answer.json["detail"]
    assert answer.json["hint"]


async def test_a_server_that_moved_is_told_of_with_its_new_place(
    tmp_path, autojump_clock
):
    async with a_node(tmp_path) as node:
        answer = await asked_of(node, HelloWire(moved()))
    assert "https://new.example" in answer.json["hint"]


class Silent(HelloWire):
    async def handle_async_request(self, request):
        await trio.sleep_forever()


async def test_a_silent_server_is_not_waited_for_long(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        began = trio.current_time()
        answer = await asked_of(node, Silent())
        assert (answer.status, answer.code) == (504, "peer-silent")
        assert trio.current_time() - began == 10
