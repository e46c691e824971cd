"""Each command: what it asks the daemon, what it answers as JSON, and how it ends."""

import json

import pytest

from tests.ctl.answers import (
    AUTHOR,
    CONFIG,
    DOCUMENT,
    EVENT,
    FIRST_PAGE,
    HISTORY,
    IDENTITIES,
    KEYPAIR,
    NOT_READY,
    PAGE,
    PEERS,
    PUB,
    RELOADED,
    ROOT,
    SECRET,
    STATE,
    STATUS,
    STOPPING,
    WORKSPACES,
)
from tests.ctl.canned import ADDRESS, BEES, SERVER, called
from tests.ctl.fake import Canned
from tests.ctl.running import stream

ASKED = {
    "peer pause home --for 90m": [("POST /v1/peers/home/pause", {"seconds": 5400.0})],
    "peer pause home": [("POST /v1/peers/home/pause", {})],
    "workspace show garden --reveal": [("GET /v1/workspaces/garden?reveal=1", None)],
    f"workspace id garden --for {SERVER}": [
        ("POST /v1/workspaces/garden/id", {"for": SERVER})
    ],
    "workspace remove garden": [("DELETE /v1/workspaces/garden", None)],
    "workspace remove garden --purge --yes": [
        ("DELETE /v1/workspaces/garden?purge=1", None)
    ],
    "sync history --limit 5 --before 9 --peer home": [
        ("GET /v1/syncs?limit=5&before=9&peer=home", None)
    ],
    "doc ls garden /wiki --author @suzy --all --limit 3": [
        (
            "GET /v1/workspaces/garden/documents?pathStartsWith=%2Fwiki"
            "&author=%40suzy&history=all&limit=3",
            None,
        )
    ],
    "doc get garden /wiki/Bees": [(f"GET {BEES}?raw=1", None)],
    "doc set garden /wiki/Bees buzz --as suzy": [
        (f"PUT {BEES}", {"content": "buzz", "identity": "suzy"})
    ],
    "doc set garden /wiki/Bees buzz --expires-in 1d": [
        (f"PUT {BEES}", {"content": "buzz", "deleteAfter": 1_795_424_400_000_000})
    ],
    "doc set garden /wiki/Bees -- --json": [(f"PUT {BEES}", {"content": "--json"})],
    "doc rm garden /wiki/Bees --as suzy": [(f"DELETE {BEES}?identity=suzy", None)],
    "identity new suzy --name work --reveal": [
        (
            "POST /v1/identities",
            {"shortname": "suzy", "reveal": True, "name": "work"},
        )
    ],
    "watch --types sync --since 3 --boot-id b00t --no-follow": [
        ("GET /v1/events?since=3&boot_id=b00t&types=sync&follow=0", None)
    ],
    "api get /v1/status": [("GET /v1/status", None)],
    'api POST /v1/peers/home/pause {"seconds":5}': [
        ("POST /v1/peers/home/pause", {"seconds": 5})
    ],
}


@pytest.mark.parametrize("words", list(ASKED))
def test_it_asks_for_what_was_meant(words):
    ended, asked = called(words)
    assert asked == ASKED[words]
    assert ended.code == 0


@pytest.mark.parametrize("words", ["--json status", "status --json"])
def test_common_options_stand_anywhere(words):
    ended, _ = called(words)
    assert json.loads(ended.stdout) == STATUS


JSON = {
    "status": STATUS,
    "peer list": PEERS,
    "peer show home": PUB,
    "peer resume cafe": {"peers": [{"changed": True, "peer": PUB}]},
    "workspace list": WORKSPACES,
    "sync history": HISTORY,
    "identity list": IDENTITIES,
    "config show": CONFIG,
    "reload": RELOADED,
    "doc ls garden": {"documents": PAGE["documents"], "more": False},
    "version": {"esdctl": "0.1.0", "esd": ROOT},
}


@pytest.mark.parametrize("words", list(JSON))
def test_json_is_one_document_as_the_daemon_said_it(words):
    ended, _ = called(f"{words} --json")
    assert json.loads(ended.stdout) == JSON[words]


def test_jsonl_is_one_line_an_item():
    ended, _ = called("peer list --jsonl")
    assert [json.loads(line) for line in ended.stdout.splitlines()] == PEERS["peers"]


def test_events_are_one_line_each():
    ended, _ = called("watch --json")
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert told == [STATE, EVENT, STOPPING]


def test_a_document_as_json_is_whole():
    ended, _ = called(
        "doc get garden /wiki/Bees --json", {f"GET {BEES}": Canned(DOCUMENT)}
    )
    assert json.loads(ended.stdout) == DOCUMENT


def test_ill_health_is_exit_code_1():
    answers = {"GET /v1/health/ready": Canned(NOT_READY, 503)}
    ended, _ = called("health", answers)
    assert ended.stdout == "[+]serving ok\n[-]health the disk is full\n"
    assert ended.code == 1


def test_pages_are_put_together():
    answers = {
        "GET /v1/workspaces/garden/documents": [Canned(FIRST_PAGE), Canned(PAGE)]
    }
    ended, asked = called("doc ls garden --limit 1500 --json", answers)
    assert len(json.loads(ended.stdout)["documents"]) == 3
    assert "continueAfterPath=%2Fwiki%2FBees" in asked[1][0]
    assert "limit=1000" in asked[1][0]


def test_more_than_the_limit_is_told():
    answers = {"GET /v1/workspaces/garden/documents": Canned(FIRST_PAGE)}
    ended, _ = called("doc ls garden --limit 1", answers)
    assert ended.stderr == "esdctl: there are more than 1: use --limit\n"


def test_content_from_stdin_is_kept_as_it_is():
    _, asked = called("doc set garden /wiki/Bees -", stdin="a\r\nb\n")
    assert asked == [(f"PUT {BEES}", {"content": "a\r\nb\n"})]


def test_content_from_a_file(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_bytes("ä\r\n".encode())
    _, asked = called(f"doc set garden /wiki/Bees --file {file}")
    assert asked == [(f"PUT {BEES}", {"content": "ä\r\n"})]


@pytest.mark.parametrize("source", ["-", "@file", "prompt"])
def test_an_address_goes_in_a_body_only(source, tmp_path):
    file = tmp_path / "address"
    file.write_text(ADDRESS + "\n")
    word = {"-": "-", "@file": f"@{file}", "prompt": ""}[source]
    given = {"stdin": ADDRESS} if source == "-" else {}
    if source == "prompt":
        given = {"prompted": ADDRESS, "stdin": a_terminal()}
    ended, asked = called(f"workspace add {word} --alias garden", **given)
    assert asked == [("POST /v1/workspaces", {"address": ADDRESS, "alias": "garden"})]
    assert ADDRESS not in ended.stdout + ended.stderr


def a_terminal(text=""):
    return stream(text, terminal=True)


def test_a_key_pair_goes_in_a_body_only():
    ended, asked = called("identity import -", stdin=json.dumps(KEYPAIR))
    assert asked == [("POST /v1/identities/import", KEYPAIR)]
    assert ended.stdout == f"suzy imported: {AUTHOR}\n"
    assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.parametrize(("typed", "code"), [("garden\n", 0), ("yes\n", 1), ("", 1)])
def test_purging_wants_the_name_typed(typed, code):
    ended, asked = called("workspace remove garden --purge", stdin=a_terminal(typed))
    assert ended.code == code
    assert bool(asked) == (code == 0)


@pytest.mark.parametrize(
    ("words", "answer", "told"),
    [
        ("peer list", {"peers": []}, "No peers."),
        ("workspace list", {"workspaces": []}, "No workspaces."),
        ("identity list", {"identities": []}, "No identities."),
        ("sync history", {"syncs": [], "next": None}, "No syncs so far"),
    ],
    ids=["peers", "workspaces", "identities", "syncs"],
)
def test_emptiness_is_told_in_words(words, answer, told):
    place = {"peer": "peers", "workspace": "workspaces", "identity": "identities"}
    route = f"GET /v1/{place.get(words.split()[0], 'syncs')}"
    ended, _ = called(words, {route: Canned(answer)})
    assert ended.stdout.startswith(told)


def test_quiet_says_nothing_that_is_no_answer():
    assert called("peer pause home -q")[0].stdout == ""
    assert called("identity list --quiet")[0].stdout.startswith("IDENTITY")
