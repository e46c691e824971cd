"""When streams are opened and left, and how often runs come meanwhile."""

from contextlib import asynccontextmanager
from dataclasses import replace

import trio

from esd.formats import WorkspaceAddress, encode
from esd.sync import RunLimits
from esd.sync.rhythm import LIVE_INTERVAL, Rhythm
from esd.sync.schedule import Schedule, Trigger
from tests.replicas import GARDEN, NOW, a_document
from tests.sync.pubs import reply
from tests.sync.streamed import HEAD, StreamWire, beating, following, is_live
from tests.sync.test_peers import INTERVAL, finished, runs

HOUR = 3_600.0
IDLE = RunLimits().stream_idle
ORCHARD = WorkspaceAddress.parse("+other.garden8r")
LATER = 1_000_000_000.0


def down(request):
    return reply(503)


def state(house):
    return house.peers["pub"].streams[house.replica]


def told(house):
    """What was told of the stream, in order."""
    return [event.data["live"] for event in house.events if event.kind == "peer.live"]


def event(document):
    return b"data: %b\n\n" % encode(document)


async def settled(house):
    await trio.testing.wait_all_tasks_blocked()
    await house.peers.wait_idle()


# How often runs come


async def test_while_it_is_live_everything_is_compared_hourly(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        await trio.sleep(INTERVAL * 1.1)  # the last one of the old rhythm
        before, began = runs(house, "pub"), trio.current_time()
        await finished(house, "pub", before + 10)
        passed = trio.current_time() - began
        assert 0.9 * 9 * LIVE_INTERVAL <= passed <= 1.1 * 10 * LIVE_INTERVAL
        assert len(wire.asked) == 1


async def test_after_a_drop_the_rhythm_is_the_old_one_at_once(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        await trio.sleep(1.3 * HOUR)
        wire.stream_answer = down
        wire.line.end()
        await is_live(house, live=False)
        began, before = trio.current_time(), runs(house, "pub")
        assert house.peers["pub"].schedule.next_run <= began + 1.1 * INTERVAL
        await finished(house, "pub", before + 10)
        passed = trio.current_time() - began
        assert 0.9 * 9 * INTERVAL <= passed <= 1.1 * 10 * INTERVAL


async def test_a_drop_makes_a_run_at_once_and_so_does_coming_back(
    tmp_path, autojump_clock
):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        wire.put([a_document("/missed")])
        before = runs(house, "pub")
        wire.line.end()
        await is_live(house, live=False)
        assert house.replica.reader.paths(house.now()) == ["/missed"]
        wire.put([a_document("/again")])
        await is_live(house)
        assert house.replica.reader.paths(house.now()) == ["/again", "/missed"]
        assert runs(house, "pub") == before + 2
        assert trio.current_time() < 60
        assert house.peers.runs.get(before + 1).cause is Trigger.STREAM
        assert house.peers.runs.get(before + 2).cause is Trigger.STREAM
    assert told(house) == [True, False, True]


async def test_writes_go_at_once_while_it_is_live(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        await trio.sleep(2 * HOUR)
        before = trio.current_time()
        await house.write("/news")
        await settled(house)
        assert house.peers.runs.latest()[0].cause is Trigger.WRITE
        assert trio.current_time() - before < 0.6
        assert "/news" in {path for path, _ in wire.documents}


class Script:
    """A schedule, to which things happen one after the other."""

    def __init__(self, interval=INTERVAL):
        self.now = 0.0
        self.schedule = Schedule(rhythm=Rhythm(interval=interval), due=0.0)

    def __getattr__(self, name):
        def happen(*args, **how):
            if name in ("succeeded", "failed", "halt", "interrupted", "streaming"):
                args = (self.now, 0.5, *args)
            else:
                args = (self.now, *args)
            self.schedule = getattr(self.schedule, name)(*args, **how)
            return self

        return happen

    def at(self, now):
        self.now = float(now)
        return self

    def goes_live(self):
        """As it comes: a run, the stream, its run, and the next one over all."""
        self.started().succeeded().streaming(live=True).at(300).started().succeeded()
        return self


def test_a_drop_between_runs():
    script = Script().goes_live()
    assert script.schedule.due == 300 + LIVE_INTERVAL
    script.at(1000).streaming(live=False)
    assert script.schedule.due == 1000 + INTERVAL


def test_a_drop_just_before_a_run_was_due_puts_nothing_off():
    script = Script().goes_live().at(300 + LIVE_INTERVAL - 1).streaming(live=False)
    assert script.schedule.due == 300 + LIVE_INTERVAL


def test_a_drop_during_a_run_over_everything():
    script = Script().goes_live().at(4000).started().streaming(live=False)
    assert script.at(4001).succeeded().schedule.due == 4001 + INTERVAL


def test_a_drop_during_a_run_over_some():
    script = Script().goes_live().at(1000).changed().started()
    assert script.schedule.running is Trigger.WRITE
    script.streaming(live=False).at(1001).succeeded(whole=False)
    assert script.schedule.due == 1000 + INTERVAL


def test_a_drop_and_a_run_that_fails():
    script = Script().goes_live().at(1000).streaming(live=False).changed().started()
    script.at(1001).failed()
    assert script.schedule.due == script.schedule.not_before == 1001 + 15
    script.at(1020).started().at(1021).succeeded()
    assert script.schedule.due == 1021 + INTERVAL


def test_a_failure_and_then_a_drop():
    script = Script().goes_live().at(1000).changed().started().failed()
    retry = script.schedule.due
    assert script.at(1010).streaming(live=False).schedule.due == retry
    assert not script.schedule.live


def test_a_drop_of_a_stream_beside_one_that_is_gone_already():
    script = Script().goes_live().at(1000).streaming(live=False)
    due = script.schedule.due
    assert script.at(1200).streaming(live=False).schedule.due == due


def test_a_stream_that_flaps_puts_no_run_off():
    script = Script().goes_live().at(1000).streaming(live=False)
    due = script.schedule.due
    for second in range(1001, 1300, 7):
        script.at(second).streaming(live=True).at(second + 3).streaming(live=False)
    assert script.schedule.due == due


def test_coming_back_puts_nothing_off_either():
    script = Script().goes_live().at(1000).streaming(live=False).streaming(live=True)
    assert script.schedule.due == 1000 + INTERVAL


def test_a_longer_interval_than_an_hour_stays():
    script = Script(interval=86_400.0).started().succeeded().streaming(live=True)
    assert script.started is not None
    script = script.at(86_400).started().succeeded()
    assert script.schedule.due == 2 * 86_400


def test_a_cancelled_run_and_a_halt():
    script = Script().goes_live().at(1000).changed().started().halt()
    assert script.streaming(live=False).schedule.halted
    assert script.schedule.next_run == 1000 + script.schedule.rhythm.rare(0.5)


# Dead lines


async def test_a_line_that_says_nothing_is_dropped(tmp_path, autojump_clock):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        await is_live(house)
        since = trio.current_time()
        await is_live(house, live=False)
        assert IDLE - 0.1 <= trio.current_time() - since <= IDLE + 0.1
        assert state(house).reason == "no byte within stream_idle"


async def test_a_line_that_never_begins_is_dropped(tmp_path, autojump_clock):
    wire = StreamWire()
    wire.greets = False
    async with following(tmp_path, wire) as house:
        await trio.sleep(IDLE + 0.1)
        assert state(house).reason == "no byte within stream_idle"
        assert told(house) == []


async def test_a_line_that_only_beats_stays(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        await trio.sleep(20 * HOUR)
        assert state(house).is_live
        assert len(wire.asked) == 1


async def test_half_a_document_and_silence(tmp_path, autojump_clock):
    wire = StreamWire()
    async with following(tmp_path, wire) as house:
        await is_live(house)
        wire.line.say(b'data: {"format"')
        await is_live(house, live=False)
        await is_live(house)
        assert dict(state(house).tally.rejected) == {}


async def test_one_that_lasts_comes_back_soon_every_time(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        for _ in range(10):
            await is_live(house)
            await trio.sleep(120)
            wire.line.end()
            await is_live(house, live=False)
        assert all(gap <= 123 for gap in wire.gaps)


async def test_one_that_ends_as_soon_as_it_began_is_opened_ever_more_rarely(
    tmp_path, autojump_clock
):
    """Each time it comes and goes there are runs: their number is bounded too."""
    wire = StreamWire()
    wire.stream_answer = lambda _: reply(
        200, HEAD, {"Content-Type": "text/event-stream"}
    )
    async with following(tmp_path, wire) as house:
        await trio.sleep(HOUR)
        assert 12 <= len(wire.asked) <= 40
        assert runs(house, "pub") <= 3 * len(wire.asked)


async def test_a_peer_that_went_down_is_not_hammered(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        wire.answer = wire.stream_answer = down
        wire.line.end()
        await trio.sleep(24 * HOUR)
        assert len(wire.asked) <= 2
        assert runs(house, "pub") < 100
        wire.answer = wire.stream_answer = None
        await is_live(house, every=10)
        assert trio.current_time() < 25.2 * HOUR


# Pausing, beginning anew, removing


async def test_a_pause_closes_it_and_resuming_opens_it(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        await house.peers.pause("pub")
        await trio.testing.wait_all_tasks_blocked()
        assert wire.line.closed_at == trio.current_time()
        await trio.sleep(10 * HOUR)
        assert len(wire.asked) == 1
        wire.put([a_document("/missed")])
        await house.peers.resume("pub")
        before = trio.current_time()
        await is_live(house)
        assert trio.current_time() - before < 1
        assert house.replica.reader.paths(house.now()) == ["/missed"]
    assert told(house) == [True, False, True]


async def test_a_pause_while_it_rests(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    wire.stream_answer = down
    async with following(tmp_path, wire) as house:
        await trio.sleep(HOUR)
        await house.peers.pause("pub")
        asked = len(wire.asked)
        await trio.sleep(HOUR)
        assert len(wire.asked) == asked
        wire.stream_answer = None
        await house.peers.resume("pub")
        before = trio.current_time()
        await is_live(house)
        assert trio.current_time() - before < 1


async def test_a_reset_tries_a_pub_that_had_none_now(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    wire.stream_answer = lambda _: reply(404)
    async with following(tmp_path, wire) as house:
        await trio.sleep(60)
        assert not state(house).is_live
        wire.stream_answer = None
        before = trio.current_time()
        await house.peers.reset("pub")
        await is_live(house)
        assert trio.current_time() - before < 1


async def test_a_workspace_that_is_removed_is_followed_no_more(
    tmp_path, autojump_clock, caplog
):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        line = wire.line
        line.say(event(a_document("/before")))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.replicas.remove, house.replica, None, NOW)
            line.say(event(a_document("/meanwhile")))
        line.say(event(a_document("/after")))
        await trio.testing.wait_all_tasks_blocked()
        assert line.closed_at == trio.current_time()
        assert not house.peers["pub"].streams
        await trio.sleep(HOUR)
        assert len(wire.asked) == 1
        house.replica = house.replicas.add(GARDEN)
        await is_live(house)
        assert wire.lines[-1] is not line
    assert not caplog.records


async def test_a_workspace_that_is_removed_while_it_rests_is_not_asked_for(
    tmp_path, autojump_clock
):
    wire = StreamWire()
    wire.stream_answer = down
    async with following(tmp_path, wire) as house:
        await trio.sleep(HOUR)
        asked = len(wire.asked)
        await house.replicas.remove(house.replica, None, NOW)
        await trio.sleep(HOUR)
        assert len(wire.asked) == asked


@asynccontextmanager
async def two_followed(folder, wire):
    """One is there from the start; the other may be added."""
    async with following(folder, wire) as house:
        settings = house.peers["pub"].settings
        house.peers.apply([replace(settings, workspaces=(GARDEN, ORCHARD))])
        await is_live(house)
        yield house


async def test_a_workspace_that_is_added_is_synced_and_followed_at_once(
    tmp_path, autojump_clock
):
    wire = beating(StreamWire())
    async with two_followed(tmp_path, wire) as house:
        await trio.sleep(2 * HOUR)
        before = trio.current_time()
        house.replicas.add(ORCHARD)
        await trio.sleep(1)
        assert len(wire.asked) == 2
        assert wire.asked[-1][1].split("/")[-2] == ORCHARD.text
        await is_live(house)
        assert trio.current_time() - before < 5


async def test_the_rhythm_is_the_old_one_while_one_of_two_is_missing(
    tmp_path, autojump_clock
):
    wire = beating(StreamWire())
    async with two_followed(tmp_path, wire) as house:
        house.replicas.add(ORCHARD)
        await trio.sleep(5)
        assert house.peers["pub"].schedule.live
        wire.stream_answer = down
        wire.lines[0].end()
        await trio.sleep(HOUR)
        assert not house.peers["pub"].schedule.live
        assert house.peers["pub"].schedule.next_run <= (
            trio.current_time() + 1.1 * INTERVAL
        )
        await house.replicas.remove(house.replica, None, NOW)
        await trio.sleep(5)
        assert house.peers["pub"].schedule.live


async def test_settings_without_live_end_it(tmp_path, autojump_clock):
    wire = beating(StreamWire())
    async with following(tmp_path, wire) as house:
        await is_live(house)
        settings = replace(house.peers["pub"].settings, live=False)
        assert house.peers.apply([settings]) == ("pub",)
        await trio.sleep(HOUR)
        assert wire.line.closed_at is not None
        assert len(wire.asked) == 1
        assert not house.peers["pub"].schedule.live
        house.peers.apply([replace(settings, live=True)])
        await is_live(house)
