"""Who asks whom, about what: names of ours, of workspaces and of callers."""

import json

import pytest

from esd.formats import WorkspaceAddress, encode_base32
from esd.formats.wire_ids import proof, wire_id, workspace_key
from esd.pub import Caller as Known
from esd.pub.naming import HOSTS_KEPT, WireNames
from tests.pub.serving import SECRET
from tests.pub.syncing import GARDEN_ID, HOST, KEY, SALT, Caller, code_of, syncing
from tests.replicas import GARDEN

NONCE = bytes([7]) * 32
ASKED = {"nonce": encode_base32(NONCE), "ids": [GARDEN_ID]}
PROOF = proof(KEY, SALT, HOST, NONCE)
MEADOW = WorkspaceAddress("+canary.meadow5z")


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path) as caller:
        yield caller


# The hello


async def test_the_hello_says_what_is_spoken_within_which_bounds(caller):
    told = (await caller.ask("GET", "hello")).json
    assert told.pop("software").startswith("esd/")
    assert "es.4" in told.pop("formats")
    assert told == {
        "protocol": "earthstar-sync/1",
        "salt": encode_base32(SALT),
        "levels": ["hashes", "reconcile", "live"],
        "limits": {"body": 64 << 20, "hashes": 4096, "frame": 128 << 10},
        "readonly": False,
        "open": False,
    }


@pytest.mark.parametrize(
    ("settings", "readonly", "opened"),
    [
        ({"creates": True}, False, True),
        ({"readonly": True}, True, False),
        ({"creates": True, "readonly": True}, True, False),
    ],
)
async def test_the_hello_says_what_is_allowed(settings, readonly, opened, tmp_path):
    with syncing(tmp_path, **settings) as caller:
        told = (await caller.ask("GET", "hello")).json
    assert (told["readonly"], told["open"]) == (readonly, opened)


async def test_without_a_salt_our_protocol_is_not_there(tmp_path):
    with syncing(tmp_path, salt=b"") as caller:
        answer = await caller.ask("GET", "hello")
    assert (answer.status, code_of(answer)) == (404, "not-found")


# Our own names


@pytest.mark.parametrize(
    "host",
    [
        "pub.example",
        "PUB.example",
        "pub.example:3333",
        "pub.example:80",
        "localhost",
        "localhost:1",
        "Localhost:65535",
        "127.0.0.1:3333",
        "[::1]:3333",
        "[::1]",
        "other.example:8443",
        "[2001:db8::7]:3333",
    ],
)
async def test_we_answer_to_our_names(host, tmp_path):
    names = (HOST, "Other.example:8443", "[2001:DB8::7]")
    with syncing(tmp_path, names=names) as caller:
        assert (await caller.ask("GET", "hello", host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "pub.example.evil.example",
        "pub.example.",
        "pub.example@evil.example",
        "pub.example:",
        "pub.example:333333",
        "pub.example:3333:3333",
        "pub.example:x",
        "other.example",
        "other.example:8444",
        "127.0.0.2:3333",
        "::1",
        "[::1",
        "[]",
        "192.0.2.7:3333",
        "x" * 9000,
    ],
)
async def test_we_answer_to_no_other_name(host, tmp_path):
    with syncing(tmp_path, names=(HOST, "other.example:8443")) as caller:
        answer = await caller.ask("GET", "hello", host=host)
    assert (answer.status, code_of(answer)) == (421, "wrong-host")


async def test_a_workspace_has_another_name_by_each_of_our_names(caller):
    for host in ("localhost:3333", "[::1]:1", "pub.example:444"):
        name = wire_id(KEY, SALT, host)
        for dialled, status in ((host, 200), (HOST, 404)):
            answer = await caller.ask(
                "GET", "query", host=dialled, earthstar_workspace=name
            )
            assert answer.status == status


@pytest.mark.parametrize("written", ["pub.example:80", "PUB.EXAMPLE:443"])
async def test_the_default_port_does_not_count(written, caller):
    assert (await caller.about("GET", "query", host=written)).status == 200


async def test_few_hosts_are_remembered(caller):
    names = WireNames(caller.served.replicas, SALT)
    for port in range(1000):
        assert names.find(GARDEN_ID, f"localhost:{port}") is None
    assert len(names._by_host) == HOSTS_KEPT
    assert names.find(GARDEN_ID, HOST) is caller.replica


# Browsers


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
@pytest.mark.parametrize("name", ["hello", "query", "hashes", "nothing"])
async def test_browsers_are_refused(method, name, caller):
    answer = await caller.about(method, name, b"{}", origin="http://pub.example")
    assert (answer.status, code_of(answer)) == (403, "browser")
    _no_cors(answer)


@pytest.mark.parametrize(
    ("method", "name"),
    [("GET", "hello"), ("GET", "nothing"), ("OPTIONS", "hello"), ("POST", "missing")],
)
async def test_no_answer_lets_a_page_read_it(method, name, caller):
    _no_cors(await caller.about(method, name, b"["))


async def test_another_spelling_of_the_target_is_no_way_in(caller):
    target = "/%65arthstar-sync/v1/hello"
    answer = await caller.served.ask(
        "GET", target, host=HOST, origin="http://a.example"
    )
    assert answer.status == 403
    _no_cors(answer)


def _no_cors(answer):
    for name, _ in answer.headers:
        assert not name.startswith("access-control")


# Proofs


async def test_a_workspace_that_both_know_is_proved(caller):
    answer = await caller.ask("POST", "workspaces", ASKED)
    assert answer.json == {"proofs": [PROOF]}


async def test_only_those_are_proved_that_are_known(caller):
    ids = [wire_id(bytes([n]) * 32, SALT, HOST) for n in range(31)]
    ids += [GARDEN_ID, GARDEN_ID, *ids, "", SECRET]
    answer = await caller.ask("POST", "workspaces", {**ASKED, "ids": ids[:64]})
    assert answer.json == {"proofs": [PROOF]}


async def test_a_proof_is_of_the_name_that_was_dialled(caller):
    name = wire_id(KEY, SALT, "localhost")
    asked = {**ASKED, "ids": [name, GARDEN_ID]}
    answer = await caller.ask("POST", "workspaces", asked, host="localhost")
    assert answer.json == {"proofs": [proof(KEY, SALT, "localhost", NONCE)]}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"ids": []},
        {"nonce": ASKED["nonce"]},
        {**ASKED, "more": 1},
        {**ASKED, "ids": [GARDEN_ID] * 65},
        {**ASKED, "ids": GARDEN_ID},
        {**ASKED, "ids": [1]},
        {**ASKED, "nonce": ""},
        {**ASKED, "nonce": 1},
        {**ASKED, "nonce": encode_base32(bytes(31))},
        {**ASKED, "nonce": encode_base32(bytes(33))},
        {**ASKED, "nonce": ASKED["nonce"].upper()},
    ],
    ids=json.dumps,
)
async def test_a_bad_question_about_workspaces_is_refused(asked, caller):
    answer = await caller.ask("POST", "workspaces", asked)
    assert (answer.status, code_of(answer)) == (400, "bad-request")


async def test_a_workspace_gets_its_key_when_it_is_asked_for_first(caller):
    meadow = caller.served.replicas.add(MEADOW)
    name = wire_id(workspace_key(MEADOW), SALT, HOST)
    assert meadow.wire_key is None
    asked = {**ASKED, "ids": [name]}
    for _ in range(2):
        assert len((await caller.ask("POST", "workspaces", asked)).json["proofs"]) == 1
    about = await caller.ask("GET", "query", earthstar_workspace=name)
    assert about.status == 200


async def test_a_workspace_that_was_removed_is_not_found(caller):
    assert (await caller.about("GET", "query")).status == 200
    await caller.served.replicas.remove(caller.replica, None, 0)
    assert (await caller.about("GET", "query")).status == 404
    answer = await caller.ask("POST", "workspaces", ASKED)
    assert answer.json == {"proofs": []}


# One and the same "no"

QUESTIONS = [
    ("GET", "query", b""),
    ("POST", "hashes", b"{}"),
    ("POST", "documents/get", b'{"hashes":[]}'),
    ("POST", "missing", b'{"hashes":[]}'),
    ("POST", "documents", b""),
    ("POST", "reconcile", b"{}\na"),
]


@pytest.mark.parametrize(
    ("method", "name", "body"), QUESTIONS, ids=[name for _, name, _ in QUESTIONS]
)
async def test_nobody_learns_why_a_workspace_is_not_there(method, name, body, tmp_path):
    with syncing(tmp_path, readonly=True) as caller:
        caller.replica.anonymous = False
        unknown = wire_id(bytes(32), SALT, HOST)
        named = [
            GARDEN_ID,
            unknown,
            GARDEN_ID.upper(),
            GARDEN_ID[:-1],
            "",
            None,
            "+a.b",
        ]
        answers = {
            await _told(caller, method, name, body, workspace) for workspace in named
        }
        malformed = {
            await _told(caller, method, name, b"[" * 9, workspace)
            for workspace in named
        }
    assert len(answers | malformed) == 1
    ((status, _, _),) = answers
    assert status == 404


async def _told(caller, method, name, body, workspace):
    answer = await caller.ask(method, name, body, earthstar_workspace=workspace)
    return answer.status, tuple(answer.headers), answer.body


# Callers

SUN, MOON = "s" * 43, "m" * 43
KNOWN = (
    Known(name="sun", key=SUN, workspaces=frozenset({GARDEN})),
    Known(name="moon", key=MOON, workspaces=frozenset({MEADOW})),
    Known(name="stars", key="*" * 43),
)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 404),
        (f"Bearer {SUN}", 200),
        (f"bearer   {SUN} ", 200),
        (f"Bearer {MOON}", 404),
        (f"Bearer {'*' * 43}", 200),
        ("Bearer " + "x" * 43, 401),
        ("Bearer", 401),
        ("Bearer \xff", 401),
        (f"Bearer {SUN}{SUN}", 401),
        ("Basic c3VuOm1vb24=", 404),
        (SUN, 404),
    ],
)
async def test_who_may_ask_where_not_everybody_may(authorization, status, tmp_path):
    with syncing(tmp_path, callers=KNOWN) as caller:
        caller.replica.anonymous = False
        shown = Caller(caller.served, authorization=authorization)
        answer = await shown.about("GET", "query")
        assert answer.status == status
        if status == 401:
            assert code_of(answer) == "unknown-key"
            assert answer.headers.get("www-authenticate") == "Bearer"
        if status != 401:
            proofs = (await shown.ask("POST", "workspaces", ASKED)).json["proofs"]
            assert len(proofs) == (status == 200)


def test_a_key_is_in_no_repr():
    assert SUN not in repr(KNOWN)


# New workspaces


@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [
        ({}, 403, "closed"),
        ({"readonly": True}, 403, "readonly"),
        ({"readonly": True, "creates": True}, 403, "readonly"),
    ],
)
async def test_where_none_are_made_none_is(settings, status, code, tmp_path):
    with syncing(tmp_path, **settings) as caller:
        answer = await caller.ask("POST", "workspaces/new", {"workspace": MEADOW.text})
        assert (answer.status, code_of(answer)) == (status, code)
        assert len(caller.served.replicas) == 1


async def test_making_one_does_not_tell_whether_it_was_there(tmp_path):
    with syncing(tmp_path, creates=True) as caller:
        caller.replica.anonymous = False
        answers = [
            await caller.ask("POST", "workspaces/new", {"workspace": address.text})
            for address in (MEADOW, MEADOW, GARDEN)
        ]
        assert len(caller.served.replicas) == 2
    assert {(one.status, one.body) for one in answers} == {(200, b"{}")}


@pytest.mark.parametrize("workspace", ["", "+A.b", "canary.a", "+canary", 1, None, []])
async def test_what_is_no_address_makes_none(workspace, tmp_path):
    with syncing(tmp_path, creates=True) as caller:
        answer = await caller.ask("POST", "workspaces/new", {"workspace": workspace})
        assert (answer.status, code_of(answer)) == (400, "bad-request")
        assert len(caller.served.replicas) == 1
