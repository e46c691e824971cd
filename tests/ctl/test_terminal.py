"""What a person sees: tables, colours and progress, on a real (pseudo) terminal."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.ctl.answers import (
    DOWN,
    FAILED_RUN,
    FOLLOWED,
    PEERS,
    PUB,
    STATUS,
    brief,
    run,
    started,
)
from tests.ctl.answers import GARDEN as BRIEF
from tests.ctl.fake import Canned, fake_daemon, lines
from tests.ctl.terminal import on_a_terminal


def at(seconds):
    """So many seconds from now, as the daemon says it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def a_status():
    home = brief(PUB) | {"last_success": at(-12_000), "next_run": at(60 * 90 + 30)}
    down = brief(DOWN) | {"last_success": None, "next_run": at(60 * 90 + 30)}
    return STATUS | {"peers": [home, down], "health": [], "started": at(-7380)}


def shown(answers, *words, **environ):
    with fake_daemon(answers) as daemon:
        return on_a_terminal(*words, ESD_SOCKET=str(daemon.path), **environ)


def test_status_tells_times_from_now():
    screen = shown({"GET /v1/status": Canned(a_status())}, "status").screen
    assert screen[0] == "esd 0.1.0, running, up 2 h 3 min"
    assert screen[3].split() == ["PEER", "STATE", "LAST", "SYNC", "NEXT", "RUN", "WHAT"]
    assert screen[4].startswith("home  ✓ in sync   3 h 20 min ago  in 1 h 30 min")
    assert screen[5].startswith("bob   ! retrying  never           in 1 h 30 min")


def test_what_is_long_is_folded_within_its_column():
    screen = shown({"GET /v1/status": Canned(a_status())}, "status").screen
    column = screen[3].index("WHAT")
    told = " ".join(line[column:].strip() for line in screen[4:8])
    assert DOWN["runtime"]["description"] in told
    assert all(len(line) <= 80 for line in screen[3:])


def test_states_have_colours_beside_their_words():
    raw = shown({"GET /v1/peers": Canned(PEERS)}, "peer", "list").raw
    assert "\x1b[32m✓ in sync" in raw
    assert "\x1b[33m! retrying" in raw


@pytest.mark.parametrize(
    ("words", "environ"),
    [((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--color", "never"), {})],
    ids=["NO_COLOR", "TERM=dumb", "--color never"],
)
def test_no_colour_where_nobody_wants_it(words, environ):
    ended = shown({"GET /v1/peers": Canned(PEERS)}, "peer", "list", *words, **environ)
    assert "\x1b" not in ended.raw
    assert ended.screen[1].startswith("home  ✓ in sync ")


def test_utc_is_rfc_3339_on_a_terminal_too():
    ended = shown({"GET /v1/peers": Canned(PEERS)}, "peer", "list", "--utc")
    assert "2026-11-22T08:57:00Z" in ended.screen[1]


PENDING = run(7, "home", "pending")
RUNNING = run(7, "home", "running", received=3)
DONE = run(7, "home", received=12, sent=4)
SYNCING = {
    "POST /v1/syncs": Canned(started(PENDING, run(8, "bob", "running")), 202),
    "GET /v1/syncs/7": [Canned(RUNNING), Canned(DONE)],
    "GET /v1/syncs/8": Canned(FAILED_RUN),
}


def test_progress_stays_in_one_line_a_peer():
    ended = shown(SYNCING, "sync")
    assert "… pending" in ended.raw
    assert "↻ running; received 3, sent 0" in ended.raw
    assert ended.screen[:4] == [
        "home  ✓ done; received 12, sent 4 (2 s)",
        "bob   ✗ failed (2 s)",
        "esdctl: bob: connection refused",
        "  see whether the pub runs",
    ]
    assert ended.screen[-2].startswith("✗ 1 of 2 peers in sync; received 12, sent 4 (")
    assert ended.code == 6


@pytest.mark.parametrize(
    ("words", "route", "answer"),
    [
        ("sync", "POST /v1/syncs", started(run(7, "home", received=120_000, sent=4))),
        ("sync show 7", "GET /v1/syncs/7", run(7, "home", received=120_000, sent=4)),
        (
            "sync history",
            "GET /v1/syncs",
            {"syncs": [run(7, "home-pub", received=120_000, sent=4)], "next": None},
        ),
    ],
)
def test_a_table_of_runs_keeps_to_its_lines(words, route, answer):
    screen = shown({route: Canned(answer)}, *words.split()).screen
    header = next(line for line in screen if line.endswith("WHAT"))
    row = screen[screen.index(header) + 1]
    assert "120,000" in row
    assert "1.5 KiB" in row
    assert "reconcile" in row
    assert max(map(len, screen)) <= 80


def test_progress_hides_the_cursor_no_longer_than_it_lasts():
    raw = shown(SYNCING, "sync").raw
    assert raw.rindex("\x1b[?25h") > raw.rindex("\x1b[?25l")


def test_a_dumb_terminal_gets_a_line_a_change():
    ended = shown(SYNCING, "sync", TERM="dumb")
    assert "\x1b" not in ended.raw
    assert ended.screen[:2] == ["home: … pending", "bob: ↻ running"]


def test_a_secret_is_asked_for_without_echo():
    address = "+gardening.friends"
    answers = {
        "POST /v1/workspaces": Canned({"changed": True, "workspace": BRIEF}, 201)
    }
    with fake_daemon(answers) as daemon:
        socket = str(daemon.path)
        ended = on_a_terminal(
            "workspace",
            "add",
            ESD_SOCKET=socket,
            typed=f"{address}\n",
            when="the workspace address: ",
        )
    assert daemon.asked == [("POST /v1/workspaces", {"address": address})]
    assert address not in ended.raw
    assert ended.screen[-2] == "garden (ws-7kq2m) added"


def test_what_a_peer_says_does_not_steer_the_terminal():
    evil = {"type": "sync.failed", "id": 1, "at": at(0), "data": {"peer": "\x1b[2Jx"}}
    stop = {"type": "stopping", "id": 2, "at": at(0), "data": {}}
    raw = shown({"GET /v1/events": lines(evil, stop)}, "watch").raw
    assert "\x1b[2J" not in raw
    assert "peer=\N{REPLACEMENT CHARACTER}[2Jx" in raw


def test_content_does_not_steer_the_terminal():
    place = "GET /v1/workspaces/garden/documents/%2Fx"
    content = Canned("tëxt\x1b[2J\n\x9b2J".encode(), kind="text/plain; charset=utf-8")
    ended = shown({place: content}, "doc", "get", "garden", "/x")
    assert ended.screen[0] == "tëxt\N{REPLACEMENT CHARACTER}[2J"
    assert "\x9b" not in ended.raw


def test_a_live_peer_is_told_in_the_lists():
    home = brief(PUB) | {"live": True}
    status = STATUS | {"peers": [home, brief(DOWN)], "health": []}
    told = shown({"GET /v1/status": Canned(status)}, "status")
    assert "✓ in sync, live" in told.screen[4]
    assert "live" not in told.screen[5]
    assert "\x1b[32m✓ in sync, live" in told.raw
    peers = {"peers": [FOLLOWED]}
    told = shown({"GET /v1/peers": Canned(peers)}, "peer", "list")
    assert "\x1b[32m✓ in sync, live" in told.raw
