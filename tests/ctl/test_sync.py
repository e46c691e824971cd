"""esdctl sync: waiting for runs, telling of them, and what the exit code means."""

import json

import pytest

from tests.ctl.answers import FAILED_RUN, REFUSED, SKIPPED, rejecting, run, started
from tests.ctl.fake import Canned, fake_daemon, problem
from tests.ctl.running import Clock, esdctl

DONE = run(7, "home", received=12, sent=4)
LEVEL = run(7, "home")
PENDING, RUNNING = run(7, "home", "pending"), run(7, "home", "running", received=3)
DRY = run(7, "home", dry=(12, 3))
READ_ONLY = json.loads(json.dumps(LEVEL).replace(': "level"', ': "read-only there"'))


def called(words, *first, later=None, skipped=(), **given):
    status = 200 if later is None else 202
    answers = {"POST /v1/syncs": Canned(started(*first, skipped=skipped), status)}
    for number, answer in (later or {}).items():
        answers[f"GET /v1/syncs/{number}"] = [Canned(one) for one in answer]
    with fake_daemon(answers) as daemon:
        ended = esdctl(*words.split(), socket=daemon.path, **given)
    return ended, daemon.asked


ENDS = {
    "nothing to do": ([LEVEL], 0, "Nothing to do, already in sync with 1 peer"),
    "documents moved": ([DONE], 0, "✓ 1 peer in sync: received 12, sent 4 (0 s)"),
    "two peers": (
        [DONE, run(8, "bob", received=1)],
        0,
        "✓ 2 peers in sync: received 13, sent 4 (0 s)",
    ),
    "some rejected": (
        [rejecting(7, "home", {"signature": 2, "expired": 1})],
        0,
        "✓ 1 peer in sync: received 0, sent 0, rejected 3 (expired, signature) (0 s)",
    ),
    "one of two failed": (
        [DONE, FAILED_RUN],
        6,
        "✗ 1 of 2 peers in sync; received 12, sent 4 (0 s)",
    ),
    "all failed": ([FAILED_RUN], 1, "✗ 0 of 1 peer in sync"),
    "cancelled": ([run(7, "home", "cancelled")], 1, "✗ 0 of 1 peer in sync"),
}


@pytest.mark.parametrize("case", list(ENDS))
def test_it_ends_in_a_sentence(case):
    runs, code, sentence = ENDS[case]
    ended, _ = called("sync", *runs)
    assert ended.stdout.endswith("\n\n" + sentence + "\n")
    assert ended.code == code


def test_each_workspace_is_told_with_its_cost():
    odd = changed(run(8, "bob", sent=1200), level="easy", rounds=0, taken=1190)
    ended, _ = called("sync", DONE, odd, READ_ONLY)
    assert ended.stdout.partition("\n\n")[0] == (
        "PEER  WORKSPACE  LEVEL      ROUNDS  IN    OUT    BYTES  WHAT\n"
        "home  garden     reconcile       2  12      4  1.5 KiB\n"
        "bob   garden     easy                0  1,200  1.5 KiB  it took 1,190\n"
        "home  garden     reconcile       2   0      0  1.5 KiB  read-only there"
    )


def changed(one, **report):
    """The run with another report."""
    (part,) = one["workspaces"]
    return one | {"workspaces": [part | {"report": part["report"] | report}]}


def test_of_many_workspaces_only_those_are_told_that_are_not_level_already():
    many = LEVEL | {"workspaces": LEVEL["workspaces"] * 30}
    ended, _ = called("sync", many, DONE)
    _header, moved, *rest = ended.stdout.splitlines()
    assert moved.split()[:6] == ["home", "garden", "reconcile", "2", "12", "4"]
    assert rest[:2] == ["30 more were level already", ""]


DRY_ENDS = {
    "something": (
        [DRY],
        0,
        "✓ 1 peer compared in a dry run, nothing moved: would pull 12, would push 3"
        " (0 s)",
    ),
    "nothing": (
        [run(7, "home", dry=(0, 0))],
        0,
        "Nothing would move, already in sync with 1 peer (dry run)",
    ),
    "one failed": (
        [DRY, run(8, "bob", "failed", dry=(0, 0), trouble=REFUSED)],
        6,
        "✗ 1 of 2 peers compared in a dry run, nothing moved; would pull 12, would"
        " push 3 (0 s)",
    ),
    "all failed": (
        [run(8, "bob", "failed", dry=(0, 0), trouble=REFUSED)],
        1,
        "✗ 0 of 1 peer compared in a dry run, nothing moved",
    ),
}


@pytest.mark.parametrize("case", list(DRY_ENDS))
def test_a_dry_run_says_that_it_was_one(case):
    runs, code, sentence = DRY_ENDS[case]
    ended, _ = called("sync --dry-run", *runs)
    assert ended.stdout.endswith("\n\n" + sentence + "\n")
    assert ended.code == code


def test_a_dry_run_tells_what_would_move():
    ended, _ = called("sync --dry-run", DRY)
    assert ended.stdout.startswith(
        "PEER  WORKSPACE  LEVEL      ROUNDS  TO PULL  TO PUSH    BYTES  WHAT\n"
        "home  garden     reconcile       2       12        3  1.5 KiB\n\n"
    )
    assert ended.stderr == "home: ✓ done; would pull 12, would push 3 (2 s)\n"


def test_a_dry_run_in_json_is_what_the_daemon_said():
    ended, _ = called("sync --dry-run --json", DRY)
    assert json.loads(ended.stdout)["syncs"] == [DRY | {"joined": False}]


def test_a_failure_is_told_with_its_hint():
    ended, _ = called("sync --quiet", FAILED_RUN)
    assert ended.stderr == f"esdctl: bob: {REFUSED}\n  see whether the pub runs\n"
    assert ended.stdout == ""


def test_each_change_of_state_is_a_line():
    later = {7: [PENDING, RUNNING, RUNNING, DONE]}
    ended, _ = called("sync", PENDING, later=later)
    assert ended.stderr == (
        "home: … pending\n"
        "home: ↻ running; received 3, sent 0\n"
        "home: ✓ done; received 12, sent 4 (2 s)\n"
    )
    assert ended.stdout.endswith("✓ 1 peer in sync: received 12, sent 4 (0.8 s)\n")


def test_what_is_not_level_is_told_though_nothing_failed():
    ended, _ = called("sync", READ_ONLY)
    assert "garden is read-only there" in ended.stderr
    assert ended.code == 0


ASKED = {
    "sync": {},
    "sync home bob -w garden": {"peers": ["home", "bob"], "workspaces": ["garden"]},
    "sync -w garden home -w ws-aaaaa bob": {
        "peers": ["home", "bob"],
        "workspaces": ["garden", "ws-aaaaa"],
    },
    "sync --direction pull": {"direction": "pull"},
    "sync home --dry-run": {"peers": ["home"], "dry_run": True},
}


@pytest.mark.parametrize("words", list(ASKED))
def test_it_asks_for_what_was_meant(words):
    _, asked = called(words, LEVEL)
    assert asked == [("POST /v1/syncs?wait=0.1", ASKED[words])]


def test_not_waiting_tells_the_number():
    ended, asked = called("sync --no-wait", PENDING, later={})
    assert ended.stdout == "home: sync 7 asked for\n"
    assert asked == [("POST /v1/syncs", {})]
    assert ended.code == 0


def test_the_time_is_up():
    later = {7: [RUNNING]}
    ended, _ = called("sync --timeout 5 -q", PENDING, later=later)
    assert ended.code == 7
    assert ended.stderr == (
        "esdctl: not over after 5 s: home\n"
        "  it goes on without us: esdctl sync show 7\n"
    )


def test_stopping_to_wait_cancels_nothing():
    clock = Clock(interrupted=True)
    ended, asked = called("sync -q", PENDING, later={7: [RUNNING]}, clock=clock)
    assert ended.code == 130
    assert "it goes on without us: esdctl sync show 7" in ended.stderr
    assert all(one.startswith(("GET", "POST")) for one, _ in asked)


@pytest.mark.parametrize(("words", "code"), [("sync", 0), ("sync home cafe", 6)])
def test_a_paused_peer_counts_only_where_it_was_named(words, code):
    ended, _ = called(words, LEVEL, skipped=[SKIPPED])
    assert ended.code == code
    left_out = "esdctl: left out: cafe is paused (esdctl peer resume cafe)\n"
    assert ended.stderr.startswith(left_out)


def test_the_json_is_the_end_of_each_run():
    later = {7: [RUNNING, DONE]}
    ended, _ = called("sync --json", PENDING, later=later)
    assert json.loads(ended.stdout) == {"syncs": [DONE], "skipped": []}


def test_no_peer_to_sync_with():
    refusal = problem(
        409, "no-peers", "There is no peer to sync with", hint="add a [[peer]]"
    )
    with fake_daemon({"POST /v1/syncs": refusal}) as daemon:
        ended = esdctl("sync", socket=daemon.path)
    assert ended.stderr == "esdctl: There is no peer to sync with\n  add a [[peer]]\n"
    assert ended.code == 1
