"""What is told of a peer whose streams are followed."""

import json

import trio

from esd.formats import encode
from esd.store import KnownProtocol
from tests.control.calling import ask
from tests.control.node import a_node
from tests.control.written import strict
from tests.replicas import a_document
from tests.sync.pubs import PubWire, reply
from tests.sync.streamed import StreamWire, beating


async def shown(node):
    """The peer, and what is told of its only workspace's stream."""
    peer = (await ask(node, "GET", "/v1/peers/home")).json
    strict("Peer").validate(peer)
    (workspace,) = peer["runtime"]["workspaces"]
    return peer, workspace["live"]


async def test_one_that_is_not_followed_says_nothing_of_streams(
    tmp_path, autojump_clock
):
    async with a_node(tmp_path, {"home": StreamWire()}) as node:
        await node.peers.sync("home")
        peer, stream = await shown(node)
    assert stream is None
    assert peer["config"]["live"] is peer["runtime"]["live"] is False


async def test_one_that_is_live_says_since_when_and_what_came(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with a_node(tmp_path, {"home": wire}, live=True) as node:
        await node.peers.sync("home")
        await trio.sleep(60)
        wire.line.say(b"data: %b\n\ndata: x\n\n" % encode(a_document("/a")))
        await trio.testing.wait_all_tasks_blocked()
        peer, stream = await shown(node)
        (brief,) = (await ask(node, "GET", "/v1/status")).json["peers"]
        events = [event.data for _, event in node.events.after(0) if is_live(event)]
    assert peer["config"]["live"] is peer["runtime"]["live"] is brief["live"] is True
    assert stream.pop("since") <= peer["runtime"]["last_success"]
    assert stream == {
        "reason": "",
        "hint": "",
        "received": 1,
        "rejected": {"malformed": 1},
    }
    assert events == [
        {"peer": "home", "workspace": node.replica.local_id, "live": True}
    ]


def is_live(event):
    return event.kind == "peer.live"


async def why_not(node):
    peer, stream = await shown(node)
    assert stream["since"] is None
    assert peer["runtime"]["live"] is False
    assert "garden7q" not in json.dumps(peer)
    return stream["reason"], stream["hint"]


async def test_why_one_is_not_live_is_told(tmp_path, autojump_clock):
    wire = StreamWire()
    wire.answer = lambda _: reply(503)
    async with a_node(tmp_path, {"home": wire}, live=True) as node:
        assert await why_not(node) == ("no run has gone well yet", "")
        wire.answer, wire.greets = None, False
        await node.peers.sync("home")
        assert await why_not(node) == ("it is being opened", "")
        await trio.sleep(65)
        assert await why_not(node) == ("no byte within stream_idle", AGAIN)
        wire.stream_answer = lambda _: reply(401)
        await trio.sleep(65)
        reason, hint = await why_not(node)
        assert reason == "it answered 401"
        assert "login" in hint
        wire.answer = lambda _: reply(503)
        await trio.sleep(1000)
        assert await why_not(node) == ("the last run went wrong", "")
        await node.peers.pause("home")
        assert await why_not(node) == ("the peer is paused", "esdctl peer resume home")


AGAIN = "it, or the network to it, is overloaded or gone"


async def test_a_pub_without_streams_says_what_would_help(tmp_path, autojump_clock):
    wire = StreamWire()
    wire.stream_answer = lambda _: reply(404)
    async with a_node(tmp_path, {"home": wire, "away": PubWire()}, live=True) as node:
        await node.peers.sync("home")
        await trio.sleep(1)
        reason, hint = await why_not(node)
    assert reason == "it has no stream of the workspace"
    assert "5.5" in hint


async def test_a_graphql_server_is_told_to_have_none(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire()}, live=True) as node:
        await node.peers.sync("home")
        known = node.peers["home"].acquaintance
        known.protocol = KnownProtocol(b"", "graphql", 0)
        assert await why_not(node) == ("an earthstar-graphql has no streams", "")
