"""The stream of events: nothing is missed unnoticed, and nobody is waited for."""

import json

import pytest
import trio
from trio.testing import lockstep_stream_pair

from esd.events import Event
from tests.control.calling import connected
from tests.control.node import a_node
from tests.control.written import strict
from tests.replicas import NOW


class Lines:
    """The lines of a stream, each checked against openapi.json."""

    def __init__(self, client):
        self.client = client
        self.buffer = b""
        self.ready = []

    async def next(self):
        """The next line; None at the end."""
        while not self.ready:
            piece = await self.client.piece()
            if not piece:
                return None
            *lines, self.buffer = (self.buffer + piece).split(b"\n")
            self.ready += lines
        line = json.loads(self.ready.pop(0))
        strict("EventLine").validate(line)
        return line

    async def rest(self):
        found = []
        while (line := await self.next()) is not None:
            found.append(line)
        return found


async def follow(client, query=""):
    await client.send("GET", f"/v1/events{query}")
    status, headers = await client.head()
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    assert headers["esd-api"] == "1"
    return Lines(client)


def happen(node, count, kind="sync.finished"):
    for number in range(count):
        node.events.note(Event(kind, node.now(), {"peer": "home", "run": number}))


async def test_the_first_line_is_how_things_stand(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        happen(node, 3)
        line = await (await follow(client)).next()
        assert (line["type"], line["boot_id"]) == ("state", node.events.boot_id)
        assert (line["id"], line["gap"]) == (3, False)
        assert line["status"]["state"] == "running"


async def test_events_follow_with_ids_that_rise_by_one(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        lines = await follow(client)
        first = await lines.next()
        happen(node, 250)
        told = [await lines.next() for _ in range(250)]
    assert [line["id"] for line in told] == list(
        range(first["id"] + 1, first["id"] + 251)
    )
    assert told[0]["type"] == "sync.finished"
    assert told[0]["data"] == {"peer": "home", "run": 0}


async def test_a_reader_that_comes_back_misses_nothing(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        happen(node, 5)
        lines = await follow(client, f"?since=2&boot_id={node.events.boot_id}")
        state = await lines.next()
        assert (state["id"], state["gap"]) == (5, False)
        assert [(await lines.next())["id"] for _ in range(3)] == [3, 4, 5]


@pytest.mark.parametrize("query", ["?since=2", "?since=9", "?since=7&boot_id=another"])
async def test_a_gap_is_told(tmp_path, autojump_clock, query):
    """The ring is too short, or the numbers are those of another life."""
    async with a_node(tmp_path, kept=3) as node, connected(node) as client:
        happen(node, 8)
        lines = await follow(client, f"{query}&follow=0")
        state, *events = await lines.rest()
    assert state["gap"] is True
    assert [event["id"] for event in events] == [6, 7, 8]


async def test_no_gap_is_told_where_there_is_none(tmp_path, autojump_clock):
    async with a_node(tmp_path, kept=3) as node, connected(node) as client:
        happen(node, 8)
        state, *events = await (await follow(client, "?since=5&follow=0")).rest()
    assert state["gap"] is False
    assert [event["id"] for event in events] == [6, 7, 8]


async def test_a_quiet_line_has_a_heartbeat(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        lines = await follow(client)
        await lines.next()
        started = trio.current_time()
        for _ in range(5):
            assert (await lines.next())["type"] == "heartbeat"
        assert trio.current_time() - started == 75


async def test_only_some_types_may_be_followed(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        lines = await follow(client, "?types=peer,sync.failed")
        await lines.next()
        for kind in ("sync.finished", "peer.state", "peers", "sync.failed", "peer"):
            happen(node, 150, kind)
        told = [(await lines.next())["type"] for _ in range(450)]
        assert told == 150 * ["peer.state"] + 150 * ["sync.failed"] + 150 * ["peer"]
        assert (await lines.next())["type"] == "heartbeat"


async def test_a_lagging_reader_is_told_and_cut_off(tmp_path, autojump_clock):
    """It takes its time while more happens than is kept."""
    async with a_node(tmp_path, kept=50) as node:
        async with connected(node, pair=lockstep_stream_pair) as client:
            lines = await follow(client)
            await lines.next()
            happen(node, 10)
            assert (await lines.next())["id"] == 1
            await trio.testing.wait_all_tasks_blocked()
            happen(node, 20)  # its next portion, which stays in the pipe
            await trio.testing.wait_all_tasks_blocked()
            happen(node, 200)
            told = await lines.rest()
    *events, last = told
    ids = [event["id"] for event in events]
    assert ids == list(range(2, len(ids) + 2)), "a hole that nobody was told of"
    assert last["type"] == "lagged"
    assert last["id"] == ids[-1] < node.events.last_id


async def test_a_reader_that_never_reads_is_cut_off(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        async with connected(node, pair=lockstep_stream_pair, write_time=30) as client:
            lines = await follow(client)
            await lines.next()
            happen(node, 1)
            await trio.sleep(60)
            with pytest.raises((trio.BrokenResourceError, trio.ClosedResourceError)):
                await client.stream.send_all(b"x")


async def test_the_stream_ends_with_the_daemon(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        lines = await follow(client, "?types=peer")
        await lines.next()
        node.stop()
        happen(node, 1, "stopping")
        happen(node, 1, "peer.state")
        assert [line["type"] for line in await lines.rest()] == ["stopping"]


async def test_what_there_is_may_be_asked_for_alone(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node, connected(node) as client:
        happen(node, 250)
        state, *events = await (await follow(client, "?since=0&follow=0")).rest()
    assert state["type"] == "state"
    assert len(events) == 250
    assert events[0]["at"].startswith("2023-11-14T22:13:20.")
    assert NOW == 1_700_000_000_000_000


@pytest.mark.parametrize("query", ["?since=x", "?since=-1", "?follow=maybe", "?sinc=1"])
async def test_a_misspelt_question_is_refused(tmp_path, autojump_clock, query):
    async with a_node(tmp_path) as node, connected(node) as client:
        await client.send("GET", f"/v1/events{query}")
        assert (await client.answer()).status in (400, 422)
