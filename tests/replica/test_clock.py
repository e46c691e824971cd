"""When the clock is believed: readings in, doubts out."""

import pytest

from esd.replica import Clock
from tests.replicas import NOW, SECOND

HOUR = 3600
DAY = 24 * HOUR

BEHIND = "the clock is before the last time this node saw"
JUMPED = "the clock jumped by more than an hour"
SKEWED = "a peer's clock differs by more than ten minutes"


def a_clock(*, noted=0, wall=NOW, steady=0.0):
    return Clock(noted, wall, steady)


def told(clock, *readings):
    """Read at (wall, steady) seconds after the start; the doubts at the end."""
    for wall, steady in readings:
        clock.tick(NOW + wall * SECOND, float(steady))
    return clock.doubts


@pytest.mark.parametrize(
    ("readings", "doubts"),
    [
        ([(0, 0)], ()),
        ([(60, 60), (120, 120)], ()),
        ([(60, 60), (60 + HOUR, 120)], ()),
        ([(60, 60), (62 + HOUR, 61)], (JUMPED,)),
        ([(60, 60), (60 - HOUR, 60)], (BEHIND,)),
        ([(2 * HOUR, 0), (0, 0)], (JUMPED,)),
        ([(8 * HOUR, 8 * HOUR)], ()),
        ([(2 * HOUR, 60), (DAY, DAY)], (JUMPED,)),
        ([(2 * HOUR, 60), (2 * HOUR + DAY, DAY + 60)], ()),
        ([(50 * 60 * n, 60 * n) for n in range(9)], ()),
    ],
    ids=[
        "a first reading",
        "time goes by",
        "a correction of not quite an hour",
        "a jump ahead",
        "a step back behind what was noted",
        "a jump ahead and back again",
        "a laptop that slept for eight hours",
        "a jump not yet a day ago",
        "a jump a day ago",
        "a clock that runs fast",
    ],
)
def test_doubts(readings, doubts):
    assert told(a_clock(), *readings) == doubts


def test_a_clock_before_the_last_time_noted_is_not_trusted():
    clock = a_clock(noted=NOW + 1)
    assert clock.doubts == (BEHIND,)
    assert not clock.trusted


def test_a_clock_at_the_last_time_noted_is_trusted():
    assert a_clock(noted=NOW).trusted


def test_what_brings_a_clock_out_of_the_past_is_its_cure():
    clock = a_clock(noted=NOW + 50 * 365 * DAY * SECOND)
    assert told(clock, (60, 60)) == (BEHIND,)
    assert told(clock, (50 * 365 * DAY + 1, 61)) == ()


def test_a_jump_that_leaves_the_clock_in_the_past_is_no_cure():
    clock = a_clock(noted=NOW + 50 * 365 * DAY * SECOND)
    assert told(clock, (DAY, 61)) == (BEHIND,)


def test_a_trusted_reading_is_noted():
    clock = a_clock()
    told(clock, (60, 60))
    assert clock.noted == NOW + 60 * SECOND


@pytest.mark.parametrize("doubtful", [(2 * HOUR, 60), (-2 * HOUR, 60)])
def test_a_doubtful_reading_is_not_noted(doubtful):
    clock = a_clock()
    told(clock, (0, 0), doubtful)
    assert clock.noted == NOW


@pytest.mark.parametrize(
    ("difference", "doubts"),
    [(0, ()), (600, ()), (-600, ()), (601, (SKEWED,)), (-601, (SKEWED,))],
)
def test_a_peers_clock_may_differ_by_ten_minutes(difference, doubts):
    clock = a_clock()
    clock.compare(NOW / SECOND + difference, NOW)
    assert clock.doubts == doubts


def test_a_peer_that_agrees_ends_the_doubt_of_a_peer_that_did_not():
    clock = a_clock()
    clock.compare(NOW / SECOND + HOUR, NOW)
    clock.compare(NOW / SECOND + 1, NOW)
    assert clock.trusted


def test_a_peer_that_agrees_with_the_clock_after_a_jump_ends_that_doubt():
    clock = a_clock()
    told(clock, (0, 0), (5 * HOUR, 60))
    clock.compare(NOW / SECOND + 5 * HOUR, NOW + 5 * HOUR * SECOND)
    assert clock.trusted


def test_a_peer_that_disagrees_after_a_jump_is_a_second_doubt():
    clock = a_clock()
    told(clock, (0, 0), (5 * HOUR, 60))
    clock.compare(NOW / SECOND, NOW + 5 * HOUR * SECOND)
    assert clock.doubts == (JUMPED, SKEWED)


def test_no_peer_can_bring_a_clock_out_of_the_past():
    clock = a_clock(noted=NOW + HOUR * SECOND)
    clock.compare(NOW / SECOND, NOW)
    assert clock.doubts == (BEHIND,)


def test_a_time_noted_in_the_future_is_given_up_after_a_steady_day():
    clock = a_clock(noted=NOW + 3650 * DAY * SECOND)
    for hour in range(24):
        assert told(clock, (hour * HOUR, hour * HOUR)) == (BEHIND,)
    assert told(clock, (DAY, DAY)) == ()
    assert clock.noted == NOW + DAY * SECOND
