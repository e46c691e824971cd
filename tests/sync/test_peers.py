"""The loops: when runs happen, what wakes them, and what they survive."""

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import httpx
import pytest
import trio

from esd.formats import WorkspaceAddress
from esd.replica import Replicas, inline
from esd.store import NodeFile
from esd.sync import (
    Client,
    Direction,
    NotShared,
    PeerPaused,
    Peers,
    PeerSettings,
    RunLimits,
    Runner,
    RunState,
    Scope,
)
from esd.sync.rhythm import Rhythm
from esd.sync.run_book import KEPT, RunBook
from esd.sync.schedule import Trigger
from esd.sync.status import Failed, InSync, Moved, Paused, Retrying, Standing
from tests.replicas import GARDEN, MATT, NOW, ROOMY, SECOND, a_document
from tests.replicas import documents as many
from tests.sync.pubs import PubWire, reply

INTERVAL = 300.0


class House:
    """Peers over pubs in memory, on the virtual clock."""

    def __init__(self, folder, wires, *, heard=None, **settings):
        self.wires = wires
        self.node_file = NodeFile(folder / "node.db")
        (folder / "replicas").mkdir(exist_ok=True)
        self.replicas = Replicas(folder / "replicas", self.node_file, ROOMY, inline)
        self.replicas.open_all()
        self.replica = self.replicas.add(GARDEN)
        self.events = []
        self.dates = heard if heard is not None else []
        runner = Runner(
            replicas=self.replicas,
            limits=settings.pop("limits", RunLimits()),
            slots=trio.CapacityLimiter(16),
            now=self.now,
            note=self.events.append,
            hear_date=self.dates.append,
        )
        settings = {"rhythm": Rhythm(interval=INTERVAL), **settings}
        self.peers = Peers(
            [
                PeerSettings(
                    name=name, url=f"http://{name}", workspaces=(GARDEN,), **settings
                )
                for name in wires
            ],
            runner,
            self.node_file.history,
            lambda peer: Client(peer.url, RunLimits(), transport=wires[peer.name]),
        )

    def now(self):
        return NOW + round(trio.current_time() * SECOND)

    async def write(self, path, content="hello", *, by=MATT):
        return await self.replica.write(by, path, content, now=self.now())

    def close(self):
        self.replicas.close()
        self.node_file.close()


@asynccontextmanager
async def a_house(folder, wires, **settings):
    house = House(folder, wires, **settings)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(house.peers.run)
            yield house
            nursery.cancel_scope.cancel()
    finally:
        house.close()


def runs(house, name):
    """How many runs with that peer are over."""
    return sum(run.peer == name and run.state.over for run in house.peers.runs.latest())


async def finished(house, name, count):
    """Wait until so many are."""
    peer = house.peers[name]
    while runs(house, name) < count:
        await peer.bell.wait_after(peer.bell.count)


async def test_the_first_run_comes_soon_after_the_start(tmp_path, autojump_clock):
    wire = PubWire(*many(3))
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 1)
        assert trio.current_time() <= 30
        assert house.replica.reader.totals().count == 3


async def test_runs_come_at_the_interval_give_or_take_a_tenth(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        times = []
        for run in range(1, 8):
            await finished(house, "pub", run)
            times.append(trio.current_time())
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(0.9 * INTERVAL <= gap <= 1.1 * INTERVAL for gap in gaps)
    assert len({round(gap, 3) for gap in gaps}) > 1, "no jitter at all"


async def test_a_local_write_is_pushed_at_once(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        before = trio.current_time()
        await house.write("/news")
        await house.peers.wait_idle()
        assert trio.current_time() - before < 0.6
        assert ("/news", MATT.address) in wire.documents


async def test_a_burst_of_writes_makes_few_runs(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        already = runs(house, "pub")
        for number in range(100):
            await house.write(f"/burst/{number}")
            await trio.sleep(0.02)
        await house.peers.wait_idle()
        assert len(wire.documents) == 100
        assert runs(house, "pub") - already <= 3


async def test_a_steady_writer_cannot_starve_the_push(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        for number in range(100):
            await house.write(f"/steady/{number}")
            await trio.sleep(0.1)
        assert len(wire.documents) >= 40


async def test_news_from_one_peer_reach_the_other_and_do_not_come_back(
    tmp_path, autojump_clock
):
    one, other = PubWire(*many(5)), PubWire()
    async with a_house(tmp_path, {"one": one, "other": other}) as house:
        await house.peers.sync("other")
        await house.peers.sync("one")
        await house.peers.wait_idle()
        assert len(other.documents) == 5
        assert ("POST", 200) not in one.seen


class Slow(PubWire):
    """A pub whose answers take their time; counts how many it gives at once."""

    def __init__(self, *documents, gate=None, takes=1.0):
        super().__init__(*documents)
        self.takes = takes
        self.gate = gate if gate is not None else Gate()

    async def handle_async_request(self, request):
        with self.gate:
            await trio.sleep(self.takes)
            return await super().handle_async_request(request)


class Gate:
    def __init__(self):
        self.inside = self.most = 0

    def __enter__(self):
        self.inside += 1
        self.most = max(self.most, self.inside)

    def __exit__(self, *_):
        self.inside -= 1


async def test_a_run_that_began_before_a_request_does_not_answer_it(
    tmp_path, autojump_clock
):
    wire = Slow()
    async with (
        a_house(tmp_path, {"pub": wire}) as house,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(house.peers.sync, "pub")
        await trio.sleep(0.5)  # the first run has asked for the list
        await house.write("/after")
        await house.peers.sync("pub")
        assert ("/after", MATT.address) in wire.documents
        assert runs(house, "pub") == 2


async def test_requests_during_a_run_share_the_next_one(tmp_path, autojump_clock):
    wire = Slow()
    async with a_house(tmp_path, {"pub": wire}) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.peers.sync, "pub")
            await trio.sleep(0.5)
            for _ in range(20):
                nursery.start_soon(house.peers.sync, "pub")
        assert runs(house, "pub") == 2


async def test_there_is_never_more_than_one_run_with_a_peer(tmp_path, autojump_clock):
    gate = Gate()
    async with a_house(tmp_path, {"pub": Slow(gate=gate)}) as house:
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(house.peers.sync, "pub")
                await house.write(f"/at/{trio.current_time()}")
                await trio.sleep(0.3)
        assert gate.most == 1


async def test_runs_over_all_peers_are_bounded(tmp_path, autojump_clock):
    gate = Gate()
    wires = {f"pub{n}": Slow(gate=gate, takes=5.0) for n in range(10)}
    async with a_house(tmp_path, wires) as house:
        async with trio.open_nursery() as nursery:
            for name in wires:
                nursery.start_soon(house.peers.sync, name)
        assert gate.most == 4


async def test_someone_who_stops_waiting_cancels_nothing(tmp_path, autojump_clock):
    wire = Slow(*many(3))
    async with a_house(tmp_path, {"pub": wire}) as house:
        with trio.move_on_after(0.5):
            await house.peers.sync("pub")
        await finished(house, "pub", 1)
        assert house.replica.reader.totals().count == 3


def down(request):
    return reply(503)


async def test_failures_are_further_and_further_apart(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        peer = house.peers["pub"]
        await finished(house, "pub", 12)
        status = peer.status
        assert isinstance(status, Retrying)
        assert (status.failures, status.reason) == (12, "it answered 503")
        assert peer.schedule.next_run - trio.current_time() <= 3600


async def test_a_success_ends_the_backoff(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        peer = house.peers["pub"]
        await finished(house, "pub", 5)
        wire.answer = None
        await house.peers.sync("pub")
        assert isinstance(peer.status, InSync)
        assert peer.schedule.next_run - trio.current_time() <= 1.1 * INTERVAL


async def test_the_backoff_survives_a_restart(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 8)
        await trio.testing.wait_all_tasks_blocked()
    async with a_house(tmp_path, {"pub": wire}) as house:
        assert house.peers["pub"].schedule.failures == 8


async def test_a_dead_peer_is_not_hammered_by_local_writes(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 8)
        for number in range(50):
            await house.write(f"/x/{number}")
            await trio.sleep(0.01)
        assert runs(house, "pub") == 8


async def test_retry_after_is_obeyed(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = lambda request: reply(429, headers={"Retry-After": "1800"})
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 1)
        first = trio.current_time()
        await finished(house, "pub", 2)
        assert trio.current_time() - first >= 1800


async def test_a_bug_ends_one_run_and_not_the_daemon(tmp_path, autojump_clock, caplog):
    wire = PubWire()

    def explode(request):
        raise ZeroDivisionError

    wire.answer = explode
    async with a_house(tmp_path, {"pub": wire}) as house:
        outcome = await house.peers.sync("pub")
        assert "bug" in outcome.trouble
        wire.answer = None
        assert not (await house.peers.sync("pub")).trouble
    assert "ZeroDivisionError" in caplog.text
    assert "garden7q" not in caplog.text


def moved(request):
    place = f"https://new.example{request.url.path}"
    return reply(301, headers={"Location": place})


async def test_a_peer_that_moved_is_looked_at_hourly(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = moved
    async with a_house(tmp_path, {"pub": wire}) as house:
        peer = house.peers["pub"]
        await house.write("/a")
        await trio.sleep(80_000)
        assert 80_000 // 3600 <= runs(house, "pub") <= 26
        assert isinstance(peer.status, Moved)
        assert "https://new.example" in peer.status.hint
        assert "garden7q" not in peer.status.hint


async def test_a_reset_tries_a_failing_peer_now(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        peer = house.peers["pub"]
        await finished(house, "pub", 9)
        wire.answer = None
        before = trio.current_time()
        peer.reset()
        await finished(house, "pub", 10)
        assert trio.current_time() == before


async def test_a_drip_ends_at_the_run_time(tmp_path, autojump_clock):
    wire = Slow(takes=700)
    async with a_house(tmp_path, {"pub": wire}) as house:
        outcome = await house.peers.sync("pub")
        assert "run_time" in outcome.trouble


async def test_how_a_workspace_stands_is_told_in_words(tmp_path, autojump_clock):
    wire = PubWire(exists=False)
    wire.closed = True
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.write("/a")
        outcome = await house.peers.sync("pub")
        assert outcome.standings == ((house.replica.local_id, Standing.ABSENT),)
        assert not outcome.trouble


async def test_the_log_is_told_of_turns_only(tmp_path, autojump_clock, caplog):
    caplog.set_level(logging.INFO, "esd")
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 3)
        wire.answer = down
        await finished(house, "pub", 8)
        wire.answer = None
        await finished(house, "pub", 11)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "peer pub: in sync"
    assert lines[-1].startswith("peer pub: in sync again after 5 failures")
    assert len(lines) <= 4


async def test_runs_are_written_down(tmp_path, autojump_clock):
    wire = PubWire(*many(3))
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        await trio.testing.wait_all_tasks_blocked()
        (run,) = house.node_file.history.runs()
    assert (run.peer, run.outcome, run.cause) == ("pub", "done", "manual")
    assert run.workspace == house.replica.local_id
    assert '"accepted": 3' in run.detail
    assert "garden7q" not in repr(run)


async def test_events_tell_of_runs_without_an_address(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": PubWire()}) as house:
        await house.peers.sync("pub")
    assert [event.kind for event in house.events if event.kind.startswith("sync")] == [
        "sync.started",
        "sync.finished",
    ]
    assert "garden7q" not in repr(house.events)


async def test_a_peers_clock_is_heard(tmp_path, autojump_clock):
    wire = PubWire()
    date = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    wire.answer = lambda request: reply(200, b"[]", date)
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        assert house.dates == [NOW / SECOND]


async def test_pull_only_is_not_woken_by_writes(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": PubWire()}, direction=Direction.PULL) as house:
        await house.peers.sync("pub")
        await house.write("/a")
        await trio.sleep(60)
        assert runs(house, "pub") == 1


async def test_a_peer_that_is_down_never_stops_the_others(tmp_path, autojump_clock):
    dead, alive = PubWire(), PubWire(a_document("/a"))
    dead.answer = down
    async with a_house(tmp_path, {"dead": dead, "alive": alive}) as house:
        await finished(house, "alive", 10)
        assert house.replica.reader.totals().count == 1


@pytest.mark.parametrize("cut", [1, 3, 7])
async def test_a_cancelled_run_leaves_everything_in_order(
    cut, tmp_path, autojump_clock
):
    wire = Slow(*many(50), takes=cut / 2)
    async with a_house(tmp_path, {"pub": wire}) as house:
        house.peers["pub"].ask()
        await trio.sleep(cut / 4)
    async with a_house(tmp_path, {"pub": PubWire(*many(50))}) as house:
        await house.peers.sync("pub")
        assert house.replica.reader.totals().count == 50


async def test_a_request_joins_a_run_that_covers_it(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": Slow()}) as house:
        first, joined = house.peers.start("pub")
        assert not joined
        again, joined = house.peers.start("pub", [GARDEN], Direction.PULL)
        assert (again, joined) == (first, True)
        await first.wait()
        assert first.state is RunState.DONE


async def test_a_narrow_run_does_not_answer_a_wide_request(tmp_path, autojump_clock):
    wire = Slow(*many(2))
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.write("/mine")
        narrow, _ = house.peers.start("pub", None, Direction.PULL)
        wide, joined = house.peers.start("pub")
        assert not joined
        await narrow.wait()
        assert len(wire.documents) == 2
        await wide.wait()
        assert len(wire.documents) == 3


async def test_narrow_runs_do_not_put_off_the_interval(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        for number in range(60):  # ten minutes of writing
            await house.write(f"/x/{number}")
            await trio.sleep(10)
        causes = {run.cause for run in house.peers.runs.latest()}
        assert causes == {"manual", "local-write", "schedule"}


async def test_what_is_not_shared_cannot_be_asked_for(tmp_path, autojump_clock):
    other = WorkspaceAddress.parse("+other.place")
    async with a_house(tmp_path, {"pub": PubWire()}, direction=Direction.PULL) as house:
        house.replicas.add(other)
        with pytest.raises(NotShared):
            house.peers.start("pub", [other])
        with pytest.raises(NotShared, match="pull only"):
            house.peers.start("pub", None, Direction.PUSH)


async def test_a_run_can_be_cancelled_before_it_began(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": Slow()}) as house:
        await house.peers.sync("pub")
        run, _ = house.peers.start("pub")
        assert house.peers.cancel(run.id)
        await run.wait()
        await trio.sleep(5)
        assert run.state is RunState.CANCELLED
        assert runs(house, "pub") == 2


async def test_a_run_can_be_cancelled_in_the_middle(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": Slow(takes=60)}) as house:
        run, _ = house.peers.start("pub")
        await trio.sleep(1)
        assert run.state is RunState.RUNNING
        assert house.peers.cancel(run.id)
        await run.wait()
        assert run.state is RunState.CANCELLED
        assert not house.peers.cancel(run.id)
        assert house.peers["pub"].schedule.failures == 0


async def test_a_paused_peer_is_left_alone_until_resumed(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.pause("pub")
        await house.write("/mine")
        await trio.sleep(10 * INTERVAL)
        assert wire.seen == []
        assert isinstance(house.peers["pub"].status, Paused)
        with pytest.raises(PeerPaused):
            house.peers.start("pub")
        await house.peers.resume("pub")
        await house.peers.wait_idle()
        assert len(wire.documents) == 1


async def test_a_pause_can_have_an_end(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.pause("pub", house.now() + 3600 * SECOND)
        await finished(house, "pub", 1)
        assert 3600 <= trio.current_time() <= 3600 + 1.1 * INTERVAL


async def test_a_pause_survives_a_restart(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": PubWire()}) as house:
        await house.peers.pause("pub")
    async with a_house(tmp_path, {"pub": PubWire()}) as house:
        assert isinstance(house.peers["pub"].status, Paused)


async def test_peers_come_and_go_while_others_go_on(tmp_path, autojump_clock):
    wires = {"one": PubWire(), "two": PubWire(*many(2)), "three": PubWire(*many(3))}
    async with a_house(tmp_path, wires) as house:
        one, two, three = (house.peers[name].settings for name in wires)
        stays = house.peers["one"]
        assert set(house.peers.apply([one, two])) == {"three"}
        assert house.peers["one"] is stays
        assert set(house.peers.apply([one, three])) == {"two", "three"}
        await house.peers.sync("three")
        assert house.replica.reader.totals().count >= 3


async def test_nobody_waits_for_a_peer_that_is_gone(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": Slow(takes=60)}) as house:
        running, _ = house.peers.start("pub")
        await trio.sleep(1)
        waiting, _ = house.peers.start("pub")
        house.peers.apply([])
        await running.wait()
        await waiting.wait()
        assert running.state is waiting.state is RunState.CANCELLED


async def test_numbers_of_runs_rise_over_a_restart(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": PubWire()}) as house:
        first = await house.peers.sync("pub")
        await trio.testing.wait_all_tasks_blocked()
    async with a_house(tmp_path, {"pub": PubWire()}) as house:
        assert (await house.peers.sync("pub")).id > first.id


async def test_pending_runs_end_with_the_daemon(tmp_path, autojump_clock):
    async with a_house(tmp_path, {"pub": Slow(takes=60)}) as house:
        house.peers.start("pub")
        await trio.sleep(1)
        waiting, _ = house.peers.start("pub")
    assert waiting.state is RunState.CANCELLED


async def test_news_of_a_removed_workspace_make_no_runs(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 8)
        await house.write("/waiting")
        await trio.testing.wait_all_tasks_blocked()
        await house.replicas.remove(house.replica, None, NOW)
        wire.answer = None
        await house.peers.sync("pub")
        await trio.sleep(60)
        assert runs(house, "pub") == 9
        assert house.peers["pub"].idle


async def test_a_workspace_removed_in_the_middle_of_a_run_is_left_out(
    tmp_path, autojump_clock, caplog
):
    orchard = WorkspaceAddress.parse("+canary.orchard8r")
    wire = Slow()
    async with a_house(tmp_path, {"pub": wire}) as house:
        (settings,) = (peer.settings for peer in house.peers)
        other = house.replicas.add(orchard)
        house.peers.apply([replace(settings, workspaces=(GARDEN, orchard))])
        run, _ = house.peers.start("pub")
        await trio.sleep(0.5)
        await house.replicas.remove(other, None, NOW)
        await run.wait()
        assert (run.state, run.trouble) == (RunState.DONE, "")
    assert not caplog.records


async def test_a_workspace_that_was_removed_and_made_again_is_heard(
    tmp_path, autojump_clock
):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.write("/old")
        await house.peers.sync("pub")
        await house.peers.wait_idle()
        await house.replicas.remove(house.replica, None, NOW)
        house.replica = house.replicas.add(GARDEN)
        before = trio.current_time()
        await house.write("/new")
        await house.peers.wait_idle()
        assert ("/new", MATT.address) in wire.documents
        assert trio.current_time() - before < 1


async def test_a_full_disk_ends_no_run(tmp_path, autojump_clock, caplog):
    wire = PubWire(*many(2))
    async with a_house(tmp_path, {"pub": wire}) as house:
        fill_up(house.node_file)
        for _ in range(50):
            await house.peers.sync("pub")
            await trio.testing.wait_all_tasks_blocked()
        assert runs(house, "pub") == 50
    assert "is not written down: node.db: the disk is full" in caplog.text


def fill_up(node_file):
    with node_file._turns.reading() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")


async def test_what_a_peers_clock_said_is_heard_once(tmp_path, autojump_clock):
    wire = PubWire()
    date = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    wire.answer = lambda request: reply(200, b"[]", date)

    def unreachable(request):
        raise httpx.ConnectError("", request=request)

    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        wire.answer = unreachable
        await house.peers.sync("pub")
        assert len(house.dates) == 1


async def test_a_peer_at_another_url_is_tried_at_once(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = down
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 10)
        await trio.testing.wait_all_tasks_blocked()
        settings = house.peers["pub"].settings
        house.peers.apply([replace(settings, direction=Direction.PULL)])
        assert house.peers["pub"].schedule.failures == 10
        house.peers.apply([replace(settings, url="http://new.example")])
        assert house.peers["pub"].schedule.failures == 0


async def test_a_peer_behind_a_portal_for_ten_minutes_is_back_within_the_hour(
    tmp_path, autojump_clock
):
    wire = PubWire(*many(3))
    wire.answer = moved
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 1)
        await trio.sleep(600)
        wire.answer = None
        await trio.sleep(3000)
        assert isinstance(house.peers["pub"].status, InSync)
        assert house.replica.reader.totals().count == 3


async def test_a_peer_that_moved_is_in_trouble_until_a_run_goes_well(
    tmp_path, autojump_clock
):
    wire = PubWire()
    wire.answer = lambda request: reply(302, headers={"Location": "http://a.example"})
    async with a_house(tmp_path, {"pub": wire}) as house:
        await finished(house, "pub", 1)
        wire.answer = down
        await house.peers.sync("pub")
        assert isinstance(house.peers["pub"].status, Failed)
        wire.answer = None
        await house.peers.sync("pub")
        assert isinstance(house.peers["pub"].status, InSync)


def test_a_run_that_stays_pending_keeps_no_other_in_the_book():
    book = RunBook(0, lambda: NOW)
    scope = Scope(Direction.BOTH)
    pending = book.begin("paused", Trigger.MANUAL, scope)
    for _ in range(2 * KEPT):
        book.begin("pub", Trigger.SCHEDULE, scope).end(NOW, cancelled=False)
    assert len(book.latest()) <= KEPT + 1
    assert book.get(pending.id) is pending


async def test_namesakes_never_run_at_once_however_fast_they_follow(
    tmp_path, autojump_clock
):
    gate = Gate()
    wires = {"pub": Slow(takes=60, gate=gate)}
    async with a_house(tmp_path, wires) as house:
        settings = house.peers["pub"].settings
        house.peers.start("pub")
        await trio.sleep(1)
        for direction in (Direction.PULL, Direction.PUSH, Direction.BOTH):
            house.peers.apply([replace(settings, direction=direction)])
        await house.peers.sync("pub")
        assert gate.most == 1
