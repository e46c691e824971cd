"""How a state reads, and which changes the log is told."""

import logging
from math import inf

import pytest

from esd.sync.schedule import Trigger
from esd.sync.status import (
    Failed,
    Idle,
    InSync,
    Moved,
    Paused,
    Pending,
    Retrying,
    Standing,
    Syncing,
    describe,
    span,
)
from esd.sync.told import Told

NOW = 10_000.0
READ_ONLY = (("garden", Standing.READ_ONLY), ("home", Standing.LEVEL))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (7380, "2 h 3 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
        (40 * 86_400, "40 d"),
    ],
)
def test_a_length_of_time_has_two_units(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (Idle(NOW + 12), "no run yet, next run in 12 s"),
        (Idle(inf), "no run yet, next run when asked"),
        (InSync(NOW - 90, NOW + 210), "in sync 1 min 30 s ago, next run in 3 min 30 s"),
        (
            InSync(NOW, NOW, READ_ONLY),
            "in sync 0 s ago, next run now; garden is read-only there",
        ),
        (Pending(NOW - 2), "waiting for its turn for 2 s"),
        (Syncing(NOW - 3, Trigger.WRITE), "syncing for 3 s (local-write)"),
        (Paused(), "paused"),
        (Paused(NOW + 7200), "paused for 2 h"),
        (
            Retrying(NOW + 240, 14, NOW - 7380, "no answer"),
            "retrying after 14 failures, 2 h 3 min: no answer; next run in 4 min",
        ),
        (
            Retrying(NOW + 20, 1, NOW - 4, "refused"),
            "retrying after 1 failure, 4 s: refused; next run in 20 s",
        ),
        (
            Retrying(inf, 0, NOW, "no answer"),
            "the last run failed: no answer; next run when asked",
        ),
        (Failed(NOW - 60, "protocol too new"), "failed 1 min ago: protocol too new"),
        (
            Failed(NOW - 60, "bad url", "fix peer.url"),
            "failed 1 min ago: bad url; fix peer.url",
        ),
        (Moved(NOW - 60, "see hint"), "moved, noticed 1 min ago; see hint"),
    ],
)
def test_a_state_is_one_line(status, text):
    assert describe(status, NOW) == text


def retrying(failures, since=0.0, reason="no answer"):
    return Retrying(inf, failures, since, reason)


def lines(*happened):
    """The lines that a life of (time, status) makes, each with its time."""
    told, made = Told(), []
    for now, status in happened:
        told, line = told.after(status, now)
        if line is not None:
            made.append((now, line.level, line.text.partition(":")[0]))
    return made


FINE = InSync(0, inf)
BUSY = Syncing(0, Trigger.SCHEDULE)


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        (
            [(0, Idle(3)), (3, BUSY), (4, FINE), (304, BUSY), (305, FINE)],
            [(4, logging.INFO, "in sync")],
        ),
        (
            [(0, FINE), (10, retrying(1, 10)), (40, BUSY), (41, retrying(2, 10))],
            [
                (0, logging.INFO, "in sync"),
                (10, logging.WARNING, "retrying after 1 failure, 0 s"),
            ],
        ),
        (
            [(0, retrying(1)), (7380, retrying(14)), (7380, BUSY), (7380, FINE)],
            [
                (0, logging.WARNING, "retrying after 1 failure, 0 s"),
                (7380, logging.WARNING, "still retrying after 14 failures, 2 h 3 min"),
                (7380, logging.INFO, "in sync again after 14 failures, 2 h 3 min"),
            ],
        ),
        (
            [(0, retrying(1)), (5, retrying(2, reason="HTTP 500"))],
            [(0, logging.WARNING, "retrying after 1 failure, 0 s")],
        ),
        (
            [(0, retrying(1)), (5, Failed(5, "too new")), (9, FINE)],
            [
                (0, logging.WARNING, "retrying after 1 failure, 0 s"),
                (5, logging.WARNING, "failed 0 s ago"),
                (9, logging.INFO, "in sync again after 4 s"),
            ],
        ),
        (
            [(0, FINE), (5, InSync(5, inf, READ_ONLY)), (9, InSync(9, inf, READ_ONLY))],
            [
                (0, logging.INFO, "in sync"),
                (5, logging.INFO, "in sync; garden is read-only there"),
            ],
        ),
        (
            [(0, retrying(3)), (1, Paused()), (2, Pending(2)), (3, FINE), (4, FINE)],
            [
                (0, logging.WARNING, "retrying after 3 failures, 0 s"),
                (3, logging.INFO, "in sync again after 3 failures, 3 s"),
            ],
        ),
        (
            [(0, Moved(0)), (3599, Moved(0)), (3600, Moved(0)), (3601, Moved(0))],
            [
                (0, logging.WARNING, "moved, noticed 0 s ago; set the peer's url"),
                (3600, logging.WARNING, "still moved, noticed 1 h ago; set the peer's"),
            ],
        ),
    ],
    ids=[
        "routine-is-silent",
        "going-bad-is-told-once",
        "hourly-while-it-lasts",
        "another-error-is-no-turn",
        "transient-to-terminal-is-a-turn",
        "a-new-reservation-is-told",
        "pauses-turn-nothing",
        "an-hour-is-an-hour",
    ],
)
def test_the_log_is_told_of_turns(life, expected):
    told = lines(*life)
    assert [(now, level) for now, level, _ in told] == [
        (n, lv) for n, lv, _ in expected
    ]
    for (_, _, text), (_, _, start) in zip(told, expected, strict=True):
        assert text.startswith(start)


def test_a_pub_that_is_down_for_a_week_is_a_line_an_hour():
    week = [(tick * 60.0, retrying(tick + 1)) for tick in range(7 * 24 * 60)]
    assert len(lines(*week)) == 7 * 24
