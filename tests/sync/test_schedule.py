"""The schedule as tables: times in, times out; no clock runs and nothing is drawn."""

from dataclasses import replace
from math import inf, nan

import pytest

from esd.sync.rhythm import Rhythm
from esd.sync.schedule import Backoff, Schedule, Trigger

ALMOST_ONE = 1 - 2**-53
WALL = 1_700_000_000_000_000  # µs
RHYTHM = Rhythm(interval=300)
MANUAL = Rhythm(interval=inf)


def quiet(now=0.0, rhythm=RHYTHM):
    """A peer whose first run went well at *now*; jitter in the middle."""
    start = Schedule.begin(rhythm, now=now, jitter=0)
    if rhythm.manual:
        start = start.ask()
    return start.started(now).succeeded(now, 0.5)


def failing(times, *, jitter=0.5, rhythm=RHYTHM):
    """A peer that was tried and failed so often, each time when it was due."""
    schedule = Schedule.begin(rhythm, now=0, jitter=0)
    for _ in range(times):
        at = schedule.next_run
        schedule = schedule.started(at).failed(at, jitter)
    return schedule


@pytest.mark.parametrize(
    ("interval", "jitter", "delay"),
    [
        (300, 0, 0),
        (300, 0.5, 15),
        (300, ALMOST_ONE, 30),
        (3600, 0.5, 15),
        (20, 0.5, 2.5),
        (20, ALMOST_ONE, 5),
    ],
)
def test_first_runs_spread_over_a_quarter_interval_or_30_s(interval, jitter, delay):
    begun = Schedule.begin(Rhythm(interval=interval), now=1000, jitter=jitter)
    assert begun.next_run == pytest.approx(1000 + delay)


@pytest.mark.parametrize(
    ("interval", "jitter", "delay"),
    [(300, 0, 270), (300, 0.5, 300), (300, ALMOST_ONE, 330), (10, 0, 9)],
)
def test_intervals_wobble_by_a_tenth(interval, jitter, delay):
    begun = Schedule.begin(Rhythm(interval=interval), now=0, jitter=0).started(0)
    assert begun.succeeded(2, jitter).next_run == pytest.approx(2 + delay)


@pytest.mark.parametrize(
    ("failures", "jitter", "delay"),
    [
        (1, 0.5, 15),
        (1, ALMOST_ONE, 30),
        (2, ALMOST_ONE, 60),
        (3, 0.5, 60),
        (7, ALMOST_ONE, 1920),
        (8, ALMOST_ONE, 3600),
        (100_000, ALMOST_ONE, 3600),
        (1, 0, 5),
        (100_000, 0, 5),
    ],
)
def test_backoff_doubles_up_to_its_cap(failures, jitter, delay):
    assert RHYTHM.backoff(failures, jitter) == pytest.approx(delay)


def test_each_failure_deepens_the_backoff():
    first, second = failing(1, jitter=ALMOST_ONE), failing(2, jitter=ALMOST_ONE)
    assert first.next_run == pytest.approx(30)
    assert second.next_run == pytest.approx(30 + 60)
    assert second.failing_since == 0


@pytest.mark.parametrize(
    ("retry_after", "delay"),
    [
        (0, 15),
        (10, 15),
        (120, 120),
        (3600, 3600),
        (1e9, 3600),
        (inf, 3600),
        (-5, 15),
        (nan, 15),
    ],
)
def test_retry_after_is_obeyed_up_to_the_cap(retry_after, delay):
    schedule = Schedule.begin(RHYTHM, now=0, jitter=0).started(0)
    failed = schedule.failed(0, 0.5, retry_after=retry_after)
    assert failed.next_run == pytest.approx(delay)


def test_success_ends_the_backoff():
    schedule = failing(9)
    at = schedule.next_run
    healed = schedule.started(at).succeeded(at, 0.5)
    assert healed.failures == 0
    assert healed.next_run == pytest.approx(at + 300)
    assert healed.backoff(now=at, wall=WALL) is None


def test_reset_tries_a_failing_peer_now():
    healed = failing(9).reset(5)
    assert (healed.failures, healed.next_run) == (0, 5)


def test_reset_of_a_healthy_peer_makes_no_run():
    assert quiet().reset(5).next_run == quiet().next_run


WRITTEN = quiet().changed(50).started(50).succeeded(51, 0.5, whole=False)


@pytest.mark.parametrize(
    ("schedule", "now", "trigger"),
    [
        (quiet(), 299, None),
        (quiet(), 300, Trigger.SCHEDULE),
        (failing(1), 14, None),
        (failing(1), 15, Trigger.RETRY),
        (quiet().changed(50), 50, Trigger.WRITE),
        (quiet().changed(50, Trigger.STREAM), 50, Trigger.STREAM),
        (quiet().changed(50, Trigger.STREAM).changed(50), 51, Trigger.WRITE),
        (quiet().changed(50).changed(50, Trigger.STREAM), 51, Trigger.WRITE),
        (WRITTEN.changed(60, Trigger.STREAM), 60, Trigger.STREAM),
        (quiet().changed(50, Trigger.STREAM), 300, Trigger.SCHEDULE),
        (quiet().ask(), 1, Trigger.MANUAL),
        (failing(1).ask(), 1, Trigger.MANUAL),
        (quiet().ask(), 300, Trigger.SCHEDULE),
        (failing(1).ask(), 15, Trigger.RETRY),
        (failing(1).changed(1), 14, None),
        (quiet(rhythm=MANUAL), 1e12, None),
        (quiet(rhythm=MANUAL).ask(), 0, Trigger.MANUAL),
        (quiet().ask().started(1), 1e12, None),
    ],
)
def test_why_a_run_starts(schedule, now, trigger):
    assert schedule.trigger(now) is trigger


def test_an_unasked_run_is_a_bug():
    with pytest.raises(AssertionError):
        quiet().started(1)


# By hand


@pytest.mark.parametrize("failures", [0, 1, 9])
def test_a_failed_manual_run_leaves_the_backoff_as_it_was(failures):
    before = failing(failures) if failures else quiet()
    after = before.ask().started(1).failed(2, 0.5)
    assert after.failures == before.failures
    assert after.next_run == before.next_run
    assert after.failing_since == before.failing_since


def test_a_failed_manual_run_still_obeys_retry_after():
    after = quiet().ask().started(1).failed(2, 0.5, retry_after=900)
    assert after.next_run == 902
    assert after.changed(3).next_run == 902
    assert after.ask().next_run == -inf


def test_asking_in_a_loop_does_not_keep_the_backoff_flat():
    schedule = failing(1)
    at = schedule.next_run
    assert schedule.ask().started(at).failed(at, 0.5).failures == 2


def test_a_wish_during_a_run_makes_another_run():
    busy = quiet().ask().started(1).ask()
    assert busy.next_run == inf
    assert busy.succeeded(2, 0.5).next_run == -inf


def test_one_run_answers_all_wishes_before_it():
    assert quiet().ask().ask().started(1).succeeded(2, 0.5).next_run == 302


def test_a_manual_peer_never_runs_unasked():
    begun = Schedule.begin(MANUAL, now=0, jitter=0.5)
    assert begun.next_run == inf
    assert begun.changed(1).next_run == inf
    failed = begun.ask().started(1).failed(2, 0.5, retry_after=9)
    assert failed.next_run == inf
    assert failed.reset(3).next_run == inf


# What waiting does not cure


HALTED = quiet().started(300).halt(301, 0)


def test_a_halted_peer_is_looked_at_hourly():
    assert HALTED.next_run == 301 + 3600
    assert HALTED.changed(400).next_run == 301 + 3600
    assert HALTED.trigger(3901) is Trigger.RETRY
    again = HALTED.started(3901).halt(3902, 0.5)
    assert (again.halted, again.failing_since) == (True, 301)
    assert again.next_run == pytest.approx(3902 + 0.95 * 3600)


def test_a_reset_tries_a_halted_peer_now():
    assert HALTED.reset(400).next_run == 400


def test_a_manual_run_that_succeeds_ends_a_halt():
    assert HALTED.ask().next_run == -inf
    assert HALTED.ask().started(400).succeeded(400, 0.5).next_run == 700


def test_a_manual_run_that_fails_puts_the_next_look_off_no_further():
    for after in (
        HALTED.ask().started(400).failed(400, 0.5),
        HALTED.ask().started(400).halt(400, 0.5),
    ):
        assert (after.halted, after.next_run) == (True, HALTED.next_run)


def test_a_halted_peer_that_fails_otherwise_is_tried_like_any_other():
    failed = HALTED.started(3901).failed(3901, 0.5)
    assert (failed.halted, failed.failures) == (False, 1)
    assert failed.next_run == 3901 + 15


def test_a_manual_peer_that_halts_is_not_looked_at():
    halted = quiet(rhythm=MANUAL).ask().started(5).halt(5, 0.5)
    assert halted.next_run == inf


# What a peer turned away


def test_what_was_turned_away_brings_the_next_run_forward():
    run = quiet().started(300)
    assert run.succeeded(300, 0.5, again=60).next_run == 360
    assert run.succeeded(300, 0.5, again=900).next_run == 600
    some = quiet().changed(100).started(100)
    assert some.succeeded(100, 0.5, whole=False, again=60).next_run == 160
    assert some.succeeded(100, 0.5, whole=False, again=900).next_run == 300


def test_what_was_turned_away_makes_no_manual_peer_run():
    run = quiet(rhythm=MANUAL).ask().started(1)
    assert run.succeeded(1, 0.5, again=60).next_run == inf


# Local writes


def writes(schedule, *times):
    for now in times:
        schedule = schedule.changed(now)
    return schedule


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ([10.0], 10.0),
        ([10.0, 10.1, 10.2], 10.0),
    ],
    ids=["a-lone-write-goes-at-once", "due-stays-due"],
)
def test_the_first_write_after_quiet(written, due):
    assert writes(quiet(), *written).next_run == pytest.approx(due)


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ([10.1], 10.6),
        ([10.1, 10.3], 10.8),
        ([10.1, 10.3, 10.4], 10.9),
        ([10.6], 10.6),
        ([10.5], 10.5),
    ],
    ids=["settles", "a-second-puts-it-off", "a-third-too", "quiet-again", "just-quiet"],
)
def test_writes_after_the_first_coalesce(written, due):
    sent = quiet().changed(10.0).started(10.0).succeeded(10.05, 0.5)
    assert writes(sent, *written).next_run == pytest.approx(due)


def test_a_steady_writer_cannot_starve_the_push():
    sent = quiet().changed(10.0).started(10.0).succeeded(10.0, 0.5)
    steady = writes(sent, *[10.1 + tick / 10 for tick in range(100)])
    assert steady.next_run == pytest.approx(10.1 + 5)


def test_a_steady_writer_causes_a_run_each_five_seconds():
    schedule, runs = quiet(), 0
    for tick in range(1000):
        now = 10 + tick / 10
        schedule = schedule.changed(now)
        if schedule.trigger(now):
            schedule, runs = schedule.started(now).succeeded(now, 0.5), runs + 1
    assert runs == 20  # 100 s: one at once, then one each 5 s and a tick


def test_what_is_written_during_a_run_is_pushed_after_it():
    busy = quiet().changed(10.0).started(10.0).changed(10.2)
    assert busy.succeeded(13, 0.5).next_run == pytest.approx(10.7)


def test_a_write_does_not_wait_behind_a_nearer_interval():
    assert quiet().changed(299.9).next_run == pytest.approx(299.9)


def test_writes_do_not_hammer_a_dead_peer():
    schedule, runs = failing(1, jitter=ALMOST_ONE), 0
    for tick in range(36_000):  # an hour of a write each 0.1 s
        now = 1 + tick / 10
        schedule = schedule.changed(now)
        if schedule.trigger(now):
            schedule, runs = schedule.started(now).failed(now, ALMOST_ONE), runs + 1
    assert runs == 6  # 30, 90, 210, 450, 930, 1890; the next would be at 3810


def test_the_retry_carries_the_writes():
    schedule = failing(1).changed(3)
    retried = schedule.started(15).succeeded(16, 0.5)
    assert retried.next_run == 316


# Across a restart


def kept(*, failures=5, since=-900, last=-100, after=200):
    """A backoff; times in seconds from the wall's now, *after* from the last."""
    return Backoff(
        failing_since=WALL + since * 1_000_000,
        last_attempt=WALL + last * 1_000_000,
        failures=failures,
        next_attempt=WALL + (last + after) * 1_000_000,
    )


def restart(backoff, *, rhythm=RHYTHM, jitter=0.0):
    return Schedule.begin(rhythm, now=50, jitter=jitter, wall=WALL, backoff=backoff)


@pytest.mark.parametrize(
    ("backoff", "delay"),
    [
        (kept(last=-100, after=200), 100),
        (kept(last=-100, after=100), 0),
        (kept(last=-86_400, after=200), 0),
        (kept(last=86_400, after=200), 200),
        (kept(last=10**9, after=3600), 3600),
        (kept(last=0, after=10**9), 3600),
        (kept(last=5, after=-10), 0),
    ],
    ids=[
        "goes-on",
        "due",
        "down-for-a-day-or-clock-set-forward",
        "clock-set-back-waits-what-was-drawn",
        "clock-set-back-by-decades",
        "never-beyond-the-cap",
        "nonsense",
    ],
)
def test_backoff_survives_a_restart(backoff, delay):
    assert restart(backoff).next_run == pytest.approx(50 + delay)


def test_an_elapsed_backoff_still_joins_the_spread_start():
    assert restart(kept(last=-1000), jitter=0.5).next_run == 65


def test_failures_count_on_after_a_restart():
    schedule = restart(kept(failures=5, last=-1000))
    assert schedule.failing_since == 50 - 900
    again = schedule.started(50).failed(51, ALMOST_ONE)
    assert again.failures == 6
    assert again.next_run == pytest.approx(51 + 960)


def test_a_manual_peer_has_no_backoff_to_restore():
    assert restart(kept(), rhythm=MANUAL).next_run == inf


@pytest.mark.parametrize("failures", [1, 4, 30])
def test_backoff_comes_back_as_it_went(failures):
    schedule = failing(failures)
    now = schedule.last_attempt + 1
    record = schedule.backoff(now=now, wall=WALL)
    again = Schedule.begin(RHYTHM, now=7, jitter=0, wall=WALL, backoff=record)
    assert again.next_run - 7 == pytest.approx(schedule.next_run - now)
    assert again.failures == failures
    assert again.backoff(now=7, wall=WALL) == record


def test_a_backoff_restored_before_any_run_can_be_kept_again():
    assert restart(kept()).backoff(now=50, wall=WALL) == kept()


@pytest.mark.parametrize("jump", [-(10**16), -(10**9), 10**9, 10**16])
def test_no_clock_jump_freezes_or_hammers_a_peer(jump):
    record = failing(20).backoff(now=0, wall=WALL)
    schedule = Schedule.begin(RHYTHM, now=0, jitter=0, wall=WALL + jump, backoff=record)
    assert 0 <= schedule.next_run <= 3600
    at = schedule.next_run
    assert schedule.started(at).failed(at, 0.5).next_run == pytest.approx(at + 1800)


def test_a_schedule_is_a_value():
    assert quiet() == quiet()
    assert replace(quiet(), asked=True) == quiet().ask()
