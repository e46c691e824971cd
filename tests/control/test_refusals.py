"""What is refused whoever asks: browsers, addresses in URLs, and what nobody knows."""

import logging

import pytest

from tests.control.calling import CALLER, ask, connected
from tests.control.node import ALIAS, a_node
from tests.replicas import GARDEN
from tests.sync.pubs import PubWire

ENCODED = GARDEN.text.replace("+", "%2B")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Referer": "http://esd/"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:8080"},
        {"Host": "esd.evil.example"},
        {"Host": "evil.example:80"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("POST", "/v1/shutdown"), ("GET", "/v1/events")],
)
async def test_a_browser_is_refused(tmp_path, autojump_clock, headers, method, target):
    async with a_node(tmp_path) as node:
        answer = await ask(node, method, target, **headers)
        assert (answer.status, answer.code) == (403, "browser-refused")
        assert not node.stopping


@pytest.mark.parametrize(
    "host", ["esd", "ESD", "localhost", "localhost:3333", "esd:80", ""]
)
async def test_tools_are_served(tmp_path, autojump_clock, host):
    async with a_node(tmp_path) as node:
        assert (await ask(node, "GET", "/v1/status", Host=host)).status == 200


@pytest.mark.parametrize(
    "target",
    [
        f"/v1/workspaces/{GARDEN.text}",
        f"/v1/workspaces/{ENCODED}",
        f"/v1/workspaces/{ENCODED.upper()}",
        f"/v1/workspaces/{GARDEN.text}/documents",
        f"/{GARDEN.text}",
        f"/v1/syncs?peer={ENCODED}",
        f"/v1/status?{ENCODED}",
    ],
)
async def test_an_address_in_a_url_is_refused(tmp_path, autojump_clock, target, caplog):
    caplog.set_level(logging.DEBUG)
    async with a_node(tmp_path) as node:
        answer = await ask(node, "GET", target)
        assert (answer.status, answer.code) == (400, "address-in-url")
        assert answer.json["hint"]
        await ask(node, "DELETE", target)
    assert "garden7q" not in caplog.text.lower()


async def test_a_path_that_only_resembles_an_address_is_none(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        target = f"/v1/workspaces/{ALIAS}/documents/%2F%2Bgarden.friends"
        assert (await ask(node, "PUT", target, {"content": "x"})).status == 200


@pytest.mark.parametrize(
    ("method", "target", "status", "allow"),
    [
        ("GET", "/v1/nothing", 404, None),
        ("GET", "/v2/status", 404, None),
        ("GET", "/v1//status", 404, None),
        ("DELETE", "/v1/status", 405, "GET, HEAD"),
        ("GET", "/v1/shutdown", 405, "POST"),
        ("PUT", "/v1/syncs", 405, "GET, HEAD, POST"),
        ("OPTIONS", "/v1/status", 405, "GET, HEAD"),
    ],
)
async def test_what_is_not_there_says_what_is(
    tmp_path, autojump_clock, method, target, status, allow
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, method, target)
    assert answer.status == status
    assert answer.headers.get("allow") == allow
    assert answer.json["hint"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'peers': []}",
        b'{"a": 1}x',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"a": "\\ud800"}',
    ],
    ids=["cut short", "python", "trailing", "bytes", "deep", "half a pair"],
)
@pytest.mark.parametrize(
    "target",
    [
        "/v1/syncs",
        "/v1/workspaces",
        "/v1/identities",
        "/v1/identities/import",
        "/v1/peers/home/pause",
        f"/v1/workspaces/{ALIAS}/documents/query",
    ],
)
async def test_a_body_that_is_no_json_is_refused(
    tmp_path, autojump_clock, target, body
):
    async with a_node(tmp_path, {"home": PubWire()}) as node:
        answer = await ask(node, "POST", target, body)
    assert (answer.status, answer.code) == (400, "not-json")


async def test_a_body_that_is_too_large_is_refused(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/syncs", b'{"peers":[' + b" " * 65536)
    assert (answer.status, answer.code) == (413, "body-too-large")


async def test_garbage_gets_a_problem_too(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        await client.stream.send_all(b"HELO esd\r\n\r\n")
        said = await client.stream.receive_some(65536)
    assert b"400 Bad Request" in said
    assert b"application/problem+json" in said
    assert b"Esd-Api: 1" in said


@pytest.mark.parametrize("target", ["/v1/status?verbose=1", "/v1/peers?all"])
async def test_an_unknown_parameter_is_refused(tmp_path, autojump_clock, target):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "GET", target)
    assert (answer.status, answer.code) == (400, "unknown-parameter")
    assert answer.json["hint"] == "the parameters of this request: none"


async def test_a_bug_is_a_500_that_tells_nothing(tmp_path, autojump_clock, caplog):
    async with a_node(tmp_path) as node:
        node.troubles = None
        answer = await ask(node, "GET", "/v1/status")
    assert (answer.status, answer.code) == (500, "internal-error")
    assert "TypeError" not in answer.body.decode()
    assert "TypeError" in caplog.text


async def test_a_head_is_a_get_without_its_body(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "HEAD", "/v1/status")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"


async def test_who_changed_what_is_logged_by_route(tmp_path, autojump_clock, caplog):
    caplog.set_level(logging.INFO, "esd.control")
    async with a_node(tmp_path) as node:
        target = f"/v1/workspaces/{ALIAS}/documents/%2Fsecret"
        await ask(node, "PUT", target, {"content": "x"})
        await ask(node, "GET", target)
        await ask(node, "DELETE", "/v1/nothing")
    lines = [one.getMessage() for one in caplog.records if "control" in one.name]
    assert lines == [
        f"PUT /v1/workspaces/{{workspace}}/documents/{{path}}: 200, for {CALLER}",
        f"DELETE an unknown route: 404, for {CALLER}",
    ]
