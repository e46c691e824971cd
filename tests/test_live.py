"""Following streams between whole daemons: what is written there is here at once."""

import json
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import trio

from esd.daemon import wall_clock
from esd.formats import WorkspaceAddress, keypair_from_seed
from esd.sync import Client, Protocol
from esd.sync.rhythm import Rhythm
from esd.sync.status import Downgraded
from tests.daemons import a_config, a_peer, start_daemon
from tests.plain_http import plain_http, plain_transport
from tests.sync.pubs import reply

GARDEN = "+canary.garden7q"
SUZY = keypair_from_seed("suzy", b"s" * 32)
LIVELY = Rhythm(interval=300.0, settle=0.0)
SOON = 60.0  # seconds; it takes some ten milliseconds


@asynccontextmanager
async def following(tmp_path, *, connect=None, **peer):
    """`away` follows `house`."""
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, a_config(tmp_path / "house"))
        await house.daemon.add_workspace(WorkspaceAddress.parse(GARDEN), None)
        settings = a_peer(
            "house", house.url, GARDEN, live=True, **{"rhythm": LIVELY, **peer}
        )
        config = a_config(tmp_path / "away", [GARDEN], [settings])
        how = {"connect": connect} if connect else {}
        away = await start_daemon(nursery, config, **how)
        await away.sync("house")
        yield nursery, house, away
        for running in (away, house):
            if not running.ended.is_set():
                await running.stop()
        nursery.cancel_scope.cancel()


async def is_live(away, *, live=True):
    """Wait until the stream is there, or is gone."""
    peer = away.daemon.peers["house"]
    with trio.fail_after(SOON):
        while peer.streams.all_live is not live:
            await away.daemon.events.bell.wait_after(away.daemon.events.bell.count)
        await away.daemon.peers.wait_idle()


async def write(running, path, content="hello"):
    replica = running.replica(GARDEN)
    return await replica.write(SUZY, path, content, now=wall_clock())


async def arrived(running, path, workspace=GARDEN):
    replica = running.replica(workspace)
    with trio.fail_after(SOON):
        while path not in replica.reader.paths(wall_clock()):
            await replica.bell.wait_after(replica.bell.count)


async def test_what_is_written_there_arrives_without_a_run(tmp_path):
    async with following(tmp_path) as (_, house, away):
        await is_live(away)
        before = away.daemon.peers.runs.last
        await write(house, "/a")
        await arrived(away, "/a")
        await away.daemon.peers.wait_idle()
        assert away.daemon.peers.runs.last == before
        arrival = away.replica(GARDEN).reader.arrivals(0, wall_clock())[-1]
        assert arrival.origin == "house"


async def test_a_plain_pub_is_followed_too(tmp_path):
    async with following(tmp_path, protocol=Protocol.PUB) as (_, house, away):
        await is_live(away)
        await write(house, "/a")
        await arrived(away, "/a")
        await write(away, "/b")
        await arrived(house, "/b")


async def test_what_comes_back_is_no_news_for_whoever_wrote_it(tmp_path):
    """Our own write comes to us over the stream as well; nobody echoes it."""
    async with following(tmp_path) as (_, house, away):
        await is_live(away)
        await write(away, "/a")
        await arrived(house, "/a")
        await away.daemon.peers.wait_idle()
        before = away.daemon.peers.runs.last
        await write(house, "/b")
        await arrived(away, "/b")
        await away.daemon.peers.wait_idle()
        assert away.daemon.peers.runs.last == before


async def test_a_peer_that_comes_back_is_followed_again(tmp_path):
    async with following(tmp_path) as (nursery, house, away):
        await is_live(away)
        port = house.port
        await house.stop()
        await is_live(away, live=False)
        config = house.daemon.config
        http = replace(config.http, listen=(f"127.0.0.1:{port}",))
        again = await start_daemon(nursery, replace(config, http=http))
        await write(again, "/while/apart")
        run = await away.sync("house")
        assert not run.trouble
        await is_live(away)
        await arrived(away, "/while/apart")
        await write(again, "/together")
        await arrived(away, "/together")
        await again.stop()


async def test_a_peer_whose_names_for_workspaces_changed_is_followed_again(tmp_path):
    """As after a restore: our knowledge of it is out of date, and a run finds out."""
    async with following(tmp_path) as (nursery, house, away):
        await is_live(away)
        port, config = house.port, house.daemon.config
        await house.stop()
        await is_live(away, live=False)
        http = replace(config.http, listen=(f"127.0.0.1:{port}",))
        config = replace(config, http=http, state_dir=tmp_path / "restored")
        again = await start_daemon(nursery, config)
        await again.daemon.add_workspace(WorkspaceAddress.parse(GARDEN), None)
        assert not (await away.sync("house")).trouble
        await is_live(away)
        await write(again, "/a")
        await arrived(away, "/a")
        await again.stop()


async def test_a_paused_peer_is_not_followed(tmp_path):
    async with following(tmp_path) as (_, _, away):
        await is_live(away)
        await away.daemon.peers.pause("house")
        await is_live(away, live=False)
        await away.daemon.peers.resume("house")
        await is_live(away)


# Several workspaces


ORCHARD = "+canary.orchard7q"
HIDDEN = "+canary.hidden7q"


async def test_what_both_have_in_common_is_followed_and_nothing_else(tmp_path):
    async with trio.open_nursery() as nursery:
        house = await start_daemon(
            nursery, a_config(tmp_path / "house", [GARDEN, ORCHARD])
        )
        settings = a_peer("house", house.url, common=True, live=True, rhythm=LIVELY)
        config = a_config(tmp_path / "away", [GARDEN, HIDDEN, ORCHARD], [settings])
        moody = Moody()
        away = await start_daemon(nursery, config, connect=moody.connect)
        await away.sync("house")
        await is_live(away)
        followed = {one.address.text for one in away.daemon.peers["house"].streams}
        assert followed == {GARDEN, ORCHARD}
        for workspace in (GARDEN, ORCHARD):
            await house.replica(workspace).write(SUZY, "/a", "x", now=wall_clock())
            await arrived(away, "/a", workspace)
        assert not any("7q" in url for url in moody.asked)
        # One more that both have from now on, which a run finds out.
        address = WorkspaceAddress.parse(HIDDEN)
        await house.daemon.add_workspace(address, None)
        await away.sync("house")
        await is_live(away)
        await house.replica(HIDDEN).write(SUZY, "/a", "x", now=wall_clock())
        await arrived(away, "/a", HIDDEN)
        assert len(away.daemon.peers["house"].streams) == 3
        nursery.cancel_scope.cancel()


async def test_a_workspace_that_is_removed_there_is_followed_no_more(tmp_path):
    async with following(tmp_path) as (_, house, away):
        await is_live(away)
        await house.daemon.remove_workspace(house.replica(GARDEN), purge=True)
        await is_live(away, live=False)
        await away.sync("house")
        peer = away.daemon.peers["house"]
        assert not peer.streams.all_live
        await house.daemon.add_workspace(WorkspaceAddress.parse(GARDEN), None)
        await away.sync("house")
        await is_live(away)


# Who it is that we follow


class Moody(httpx.AsyncBaseTransport):
    """A wire to a real daemon; `alter` may answer instead, given the request."""

    def __init__(self):
        self.asked = []
        self.alter = lambda request: None
        self._http = plain_transport()

    async def handle_async_request(self, request):
        self.asked.append(str(request.url))
        instead = self.alter(request)
        return instead or await self._http.handle_async_request(request)

    async def aclose(self):
        await self._http.aclose()

    def connect(self, peer, limits):
        return Client(peer.url, limits, key=peer.key, transport=self)


def not_ours(request):
    return reply(404) if "earthstar-sync" in request.url.path else None


async def test_one_that_speaks_ours_no_more_is_not_followed_as_a_pub(tmp_path):
    moody = Moody()
    async with following(tmp_path, connect=moody.connect) as (_, house, away):
        await is_live(away)
        moody.alter = not_ours
        away.daemon.peers["house"].streams.leave()  # as if the line had broken
        await is_live(away, live=False)
        await away.sync("house")
        assert isinstance(away.daemon.peers["house"].status, Downgraded)
        await write(house, "/a")
        await away.sync("house")
        assert not away.daemon.peers["house"].streams.all_live
        assert "/a" not in away.replica(GARDEN).reader.paths(wall_clock())
        assert not any("earthstar-api" in url for url in moody.asked)


def without_streams(body):
    def alter(request):
        return reply(200, body) if request.url.path.endswith("/hello") else None

    return alter


async def test_one_that_speaks_ours_and_has_no_streams(tmp_path):
    moody = Moody()
    async with following(tmp_path, connect=moody.connect) as (_, house, away):
        await is_live(away)
        async with plain_http() as http:
            hello = (await http.get(f"{house.url}/earthstar-sync/v1/hello")).json()
        hello["levels"].remove("live")
        moody.alter = without_streams(json.dumps(hello).encode())
        asked = sum(url.endswith("/stream") for url in moody.asked)
        await away.daemon.peers.reset("house")
        await is_live(away, live=False)
        await away.sync("house")
        (state,) = away.daemon.peers["house"].streams.values()
        assert (state.is_live, state.reason) == (False, "it has no streams")
        assert sum(url.endswith("/stream") for url in moody.asked) == asked


def refusal(status, code):
    body = json.dumps({"code": code}).encode()

    def alter(request):
        at_stream = request.url.path.endswith("/stream")
        return reply(status, body) if at_stream else None

    return alter


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "unknown-key", "it does not know our key"),
        (401, "", "it answered 401"),
        (403, "", "it answered 403"),
        (404, "", "it does not know that workspace"),
        (409, "", "its replication queries cannot be read"),
        (421, "", "it does not go by the name in its url"),
        (429, "", "it answered 429"),
        (500, "", "it answered 500"),
        (302, "", "it redirects to another place"),
    ],
)
async def test_a_refusal_of_one_that_speaks_ours_is_told(
    tmp_path, status, code, reason
):
    moody = Moody()
    moody.alter = refusal(status, code)
    async with following(tmp_path, connect=moody.connect) as (_, house, away):
        streams = away.daemon.peers["house"].streams
        with trio.fail_after(SOON):
            while not any(one.reason for one in streams.values()):
                await trio.testing.wait_all_tasks_blocked()
        (state,) = streams.values()
        assert (state.is_live, state.reason) == (False, reason)
        assert "7q" not in state.hint
        moody.alter = lambda request: None
        await away.daemon.peers.reset("house")
        await is_live(away)
        await write(house, "/a")
        await arrived(away, "/a")


# No echo


TRIANGLE = ("amy", "bob", "cat")
PUSHES = 6  # of one write: each of three may tell both others, and none twice


@asynccontextmanager
async def a_triangle(tmp_path, protocol):
    """Each follows both others."""
    async with trio.open_nursery() as nursery:
        running = {}
        for name in TRIANGLE:
            config = a_config(tmp_path / name, [GARDEN])
            running[name] = await start_daemon(nursery, config)
        for name, one in running.items():
            one.daemon.peers.apply(
                [
                    a_peer(
                        other,
                        running[other].url,
                        GARDEN,
                        live=True,
                        protocol=protocol,
                        rhythm=LIVELY,
                    )
                    for other in TRIANGLE
                    if other != name
                ]
            )
        for one in running.values():
            for other in one.daemon.peers:
                await one.sync(other.settings.name)
                with trio.fail_after(SOON):
                    while not other.streams.all_live:
                        bell = one.daemon.events.bell
                        await bell.wait_after(bell.count)
        yield list(running.values())
        nursery.cancel_scope.cancel()


async def quiet(daemons):
    """Wait until none of them has anything left to do; the runs until then."""
    seen = -1
    while seen != (seen := sum(one.daemon.peers.runs.last for one in daemons)):
        for one in daemons:
            await one.daemon.peers.wait_idle()
    return seen


@pytest.mark.parametrize("protocol", [Protocol.AUTO, Protocol.PUB])
async def test_a_write_goes_round_a_triangle_once(tmp_path, protocol):
    async with a_triangle(tmp_path, protocol) as daemons:
        before = await quiet(daemons)
        for number in range(12):
            await write(daemons[number % 3], f"/write/{number}")
            for one in daemons:
                await arrived(one, f"/write/{number}")
        after = await quiet(daemons)
        assert after - before <= 12 * PUSHES
        counts = [one.replica(GARDEN).reader.last_index() for one in daemons]
        assert counts == [12, 12, 12], "something was stored twice"
        assert await quiet(daemons) == after
