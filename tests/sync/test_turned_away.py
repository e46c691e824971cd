"""A peer that turns pushes away: when it is asked again, and what it costs."""

import pytest
import trio

from esd.replica import inline
from esd.sync.body_limit import LEAST_LIMIT
from esd.sync.rhythm import Rhythm
from esd.sync.status import Standing
from esd.sync.turned_away import MINUTE
from tests.replicas import SECOND, a_document, a_replica, documents
from tests.sync.easy_side import Side
from tests.sync.pubs import PubWire
from tests.sync.streamed import StreamWire, beating, following, is_live
from tests.sync.test_peers import a_house, finished, runs

FORBIDDEN = ("POST", 403)
HOUR = 3_600.0


@pytest.fixture
def wire():
    return PubWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path, run=inline) as replica:
        yield Side(replica, wire)


async def turned_away(side, times=1):
    """One document of ours is turned away so often, each time when it is due."""
    side.wire.readonly = True
    await side.hold(a_document("/mine"))
    for _ in range(times):
        report = await side.sync()
        assert FORBIDDEN in side.wire.seen
        side.now = report.push_again
    return report


async def test_it_is_a_state(side, wire):
    assert (await turned_away(side)).standing is Standing.READ_ONLY


async def test_it_stays_one_while_nothing_is_pushed(side, wire):
    await turned_away(side)
    side.now -= SECOND
    report = await side.sync()
    assert FORBIDDEN not in wire.seen
    assert report.standing is Standing.READ_ONLY


async def test_a_passing_refusal_is_over_in_a_minute(side, wire):
    await turned_away(side)
    wire.readonly = False
    assert (await side.sync()).standing is Standing.LEVEL
    assert "/mine" in {path for path, _ in wire.documents}


async def test_one_that_goes_on_is_asked_ever_more_rarely(side, wire):
    waits = []
    for _ in range(6):
        begun = side.now
        report = await turned_away(side)
        waits.append((report.push_again - begun) // MINUTE)
        side.now -= 1
        assert (await side.sync()).push_again == side.now + 1
        assert FORBIDDEN not in wire.seen, "too early"
        side.now += 1
    assert waits == [1, 5, 15, 60, 60, 60]


async def test_one_that_took_something_begins_anew(side, wire):
    await turned_away(side, 4)
    wire.readonly = False
    await side.sync()
    begun = side.now
    await side.hold(a_document("/more"))
    assert (await turned_away(side)).push_again == begun + MINUTE


async def test_whoever_asks_is_obeyed_at_once(side, wire):
    await turned_away(side, 3)
    side.now -= MINUTE
    await side.sync(asked=True)
    assert FORBIDDEN in wire.seen


async def test_who_asks_in_vain_makes_nothing_worse(side, wire):
    await turned_away(side, 2)
    side.now -= MINUTE
    report = await side.sync(asked=True)
    assert report.push_again == side.now + 5 * MINUTE


async def test_a_clock_that_was_set_back_holds_nothing_back(side, wire):
    await turned_away(side)
    side.now -= 3 * MINUTE
    await side.sync()
    assert FORBIDDEN in wire.seen


async def test_what_is_sent_in_vain_is_small(side, wire):
    await side.hold(*documents(10))
    await side.sync()
    await side.hold(*documents(400, prefix="/more"))
    await turned_away(side)
    await side.sync()
    assert wire.seen[-1] == FORBIDDEN
    assert len(wire.bodies[-1]) <= LEAST_LIMIT


async def test_nothing_to_push_is_nothing_to_try_again(side, wire):
    wire.readonly = True
    report = await side.sync()
    assert (report.standing, report.push_again) == (Standing.LEVEL, None)


# Runs come for it


async def test_a_run_comes_when_it_may_be_over(tmp_path, autojump_clock):
    wire = PubWire()
    wire.readonly = True
    rhythm = Rhythm(interval=10 * HOUR)
    async with a_house(tmp_path, {"pub": wire}, rhythm=rhythm) as house:
        await house.write("/mine")
        await finished(house, "pub", 1)
        wire.readonly = False
        await trio.sleep(50)
        assert wire.documents == {}
        await trio.sleep(20)
        assert "/mine" in {path for path, _ in wire.documents}


async def test_one_comes_too_while_it_is_live(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        wire.readonly = True
        await house.write("/mine")
        await trio.sleep(10)
        wire.readonly = False
        await trio.sleep(60)
        assert "/mine" in {path for path, _ in wire.documents}


async def test_a_readonly_pub_gets_a_run_an_hour_more_and_a_body(
    tmp_path, autojump_clock
):
    wire = PubWire()
    wire.readonly = True
    rhythm = Rhythm(interval=100 * HOUR)
    async with a_house(tmp_path, {"pub": wire}, rhythm=rhythm) as house:
        await house.write("/mine")
        await trio.sleep(24 * HOUR)
        assert 24 <= wire.seen.count(FORBIDDEN) <= 28
        assert runs(house, "pub") <= 29


async def test_a_manual_peer_is_left_alone(tmp_path, autojump_clock):
    wire = PubWire()
    wire.readonly = True
    rhythm = Rhythm(interval=float("inf"))
    async with a_house(tmp_path, {"pub": wire}, rhythm=rhythm) as house:
        await house.write("/mine")
        await house.peers.sync("pub")
        await trio.sleep(24 * HOUR)
        assert runs(house, "pub") == 1
        wire.readonly = False
        await house.peers.sync("pub")
        assert "/mine" in {path for path, _ in wire.documents}
