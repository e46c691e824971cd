"""Following streams between whole daemons: what is written there is here at once."""

from contextlib import asynccontextmanager
from dataclasses import replace

import trio

from esd.daemon import wall_clock
from esd.formats import keypair_from_seed
from esd.sync import Protocol
from esd.sync.rhythm import Rhythm
from tests.daemons import a_config, a_peer, start_daemon

GARDEN = "+canary.garden7q"
SUZY = keypair_from_seed("suzy", b"s" * 32)
LIVELY = Rhythm(interval=300.0, settle=0.0)
SOON = 10.0  # seconds; it takes some ten milliseconds


@asynccontextmanager
async def following(tmp_path, *, connect=None, **peer):
    """`away` follows `house`."""
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN]))
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


async def arrived(running, path):
    replica = running.replica(GARDEN)
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


async def test_a_paused_peer_is_not_followed(tmp_path):
    async with following(tmp_path) as (_, house, away):
        await is_live(away)
        await away.daemon.peers.pause("house")
        await is_live(away, live=False)
        await away.daemon.peers.resume("house")
        await is_live(away)
