"""Everything a caller controls, at and over its bound: an answer, never a failure."""

import gzip
import json
import random
import zlib

import pytest

from esd.formats import encode_base32
from esd.pub import SyncLimits
from tests.pub.syncing import GARDEN_ID, NEGENTROPY, code_of, syncing
from tests.replica.signed import documents

HASH = encode_base32(bytes(32))
JSON_QUESTIONS = ["workspaces", "hashes", "documents/get", "missing", "reconcile"]


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path) as caller:
        yield caller


async def asked(caller, name, body, **headers):
    """Ask with a body that may be anything, where the question expects JSON."""
    if name == "reconcile":
        body, headers = body + b"\na", {"content_type": NEGENTROPY, **headers}
    return await caller.post(name, body, **headers)


@pytest.mark.parametrize("name", JSON_QUESTIONS)
@pytest.mark.parametrize(
    "body",
    [
        b"[",
        b"{",
        b"{}{}",
        b"[]",
        b"null",
        b"1",
        b'"a"',
        b"NaN",
        b"{'at':1}",
        b'{"at":1,}',
        b'{"\xff":1}',
        b'{"at":"\xff"}',
        b'{"theirs":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"\x00",
        b'{"nobody knows this":1}',
        b'{"at":1e400}',
        b'{"at":1.5}',
        b'{"at":NaN}',
        b'{"at":' + b"9" * 9000 + b"}",
        b'{"at":true}',
        b'{"at":"1"}',
        b'{"theirs":1}',
        b'{"direction":"sideways"}',
        b'{"direction":["pull"]}',
        b'{"query":' + b"[" * 50_000,
        b'{"query":' + b'{"a":' * 12_000,
        b'{"ids":' + b"[" * 50_000,
        b'{"hashes":' + b"[" * 50_000,
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_what_is_no_question_is_refused(name, body, caller):
    answer = await asked(caller, name, body)
    assert (answer.status, code_of(answer)) == (400, "bad-request")


async def test_of_two_members_with_one_name_the_last_counts(caller):
    await caller.hold(documents(3))
    body = b'{"query":[{}],"query":[]}'
    assert (await caller.post("hashes", body)).body.count(b"\n") == 1
    body = b'{"query":[],"at":1,"query":[{}],"at":null}'
    assert (await caller.post("hashes", body)).body.count(b"\n") == 4


QUERIES = [
    None,
    {},
    "",
    1,
    [[]],
    [None],
    [{}] * 65,
    [{"nobody knows this": 1}],
    [{"path": 1}],
    [{"path": None}],
    [{"path": "x" * 513}],
    [{"path": "é"}],
    [{"pathPrefix": "x" * 513}],
    [{"versionsByAuthor": "x" * 61}],
    [{"format": "x" * 33}],
    [{"timestampAfter": -1}],
    [{"timestampAfter": 2**53}],
    [{"timestampAfter": 1.5}],
    [{"timestampAfter": True}],
    [{"timestampAfter": "-1y"}],
    [{"timestampAfter": "-99999999999d"}],
    [{"contentIncludes": "x"}],
]


@pytest.mark.parametrize("name", ["hashes", "documents/get", "reconcile"])
@pytest.mark.parametrize("member", ["query", "refuse"])
@pytest.mark.parametrize("value", QUERIES, ids=lambda value: json.dumps(value)[:40])
async def test_what_is_no_query_is_refused(name, member, value, caller):
    hashes = {"hashes": []} if name == "documents/get" else {}
    body = json.dumps({member: value, **hashes}).encode()
    answer = await asked(caller, name, body)
    assert (answer.status, code_of(answer)) == (400, "bad-query")
    assert len(answer.body) < 600


async def test_as_many_queries_as_may_be(caller):
    queries = [{"path": f"/{n:0511}"} for n in range(64)]
    for name in ("hashes", "reconcile"):
        body = json.dumps({"query": queries}).encode()
        assert (await asked(caller, name, body)).status == 200


HASHES = [
    [""],
    ["b"],
    [HASH[:-1]],
    [HASH + "a"],
    [HASH.upper()],
    [HASH[1:]],
    [HASH[:-1] + "b"],
    [HASH[:-1] + "1"],
    [encode_base32(bytes(31))],
    [encode_base32(bytes(33))],
    ["é" * 53],
    ["x" * 60_000],
]


@pytest.mark.parametrize("name", ["documents/get", "missing"])
@pytest.mark.parametrize("value", HASHES, ids=lambda value: value[0][:8])
async def test_what_is_no_hash_is_refused(name, value, caller):
    answer = await caller.post(name, {"hashes": [HASH, *value]})
    assert (answer.status, code_of(answer)) == (400, "bad-hashes")


@pytest.mark.parametrize("name", ["documents/get", "missing"])
@pytest.mark.parametrize("value", [None, {}, "", 1, [1], [None], [[HASH]]], ids=repr)
async def test_what_is_no_list_of_hashes_is_refused(name, value, caller):
    answer = await caller.post(name, {"hashes": value})
    assert (answer.status, code_of(answer)) == (400, "bad-request")


@pytest.mark.parametrize("name", ["documents/get", "missing"])
async def test_too_many_hashes_are_refused(name, tmp_path):
    with syncing(tmp_path, sync=SyncLimits(hashes=5)) as caller:
        assert (await caller.post(name, {"hashes": [HASH] * 5})).status == 200
        answer = await caller.post(name, {"hashes": [HASH] * 6})
    assert (answer.status, code_of(answer)) == (413, "too-many-hashes")


@pytest.mark.parametrize("name", [*JSON_QUESTIONS, "workspaces/new"])
@pytest.mark.parametrize("packed", [False, True])
async def test_a_question_that_is_too_long_is_refused(name, packed, tmp_path):
    body, more = b'{"hashes":["' + b"x" * (1 << 20), {}
    if packed:
        body, more = gzip.compress(body), {"content_encoding": "gzip"}
    with syncing(tmp_path, creates=True) as caller:
        headers = {"content_type": NEGENTROPY, **more}
        answer = await caller.post(name, body, **headers)
    assert (answer.status, code_of(answer)) == (413, "too-large")


@pytest.mark.parametrize("name", JSON_QUESTIONS)
async def test_encodings(name, caller):
    for encoding, body, status in (
        ("br", b"{}", 415),
        ("gzip", b"{}", 400),
        ("gzip", gzip.compress(b"[")[:-3], 400),
        ("deflate", b"\x78\x9c\xff", 400),
    ):
        headers = {"content_encoding": encoding, "content_type": NEGENTROPY}
        answer = await caller.post(name, body, **headers)
        assert answer.status == status
        code_of(answer)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_question(encoding, caller):
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    answer = await caller.post("hashes", pack(b"{}"), content_encoding=encoding)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "name", "status", "allow"),
    [
        ("GET", "nothing", 404, None),
        ("POST", "", 404, None),
        ("GET", "hashes", 405, "POST"),
        ("PUT", "documents", 405, "POST"),
        ("POST", "hello", 405, "GET, HEAD"),
        ("OPTIONS", "documents/get", 405, "POST"),
        ("DELETE", "nothing", 404, None),
        ("GET", "%", 400, None),
        ("GET", "%ff", 400, None),
        ("POST", "documents/get/more", 404, None),
    ],
)
async def test_what_is_not_asked_here(method, name, status, allow, caller):
    answer = await caller.about(method, name)
    assert answer.status == status
    assert answer.headers.get("allow") == allow
    code_of(answer)


async def test_a_head_is_a_get(caller):
    assert (await caller.ask("HEAD", "hello")).status == 200


@pytest.mark.parametrize("seed", range(8))
async def test_any_bytes_get_an_answer(seed, caller):
    chance = random.Random(seed)
    pieces = [b'{"hashes":[', b"]}", b'"', HASH.encode(), b",", b"{}", b"\n", b"a"]
    pieces += [b'"query":[{', b"}]", b'"at":', b"1", b"\xff", b"\x00", b"[", b"null"]
    for _ in range(40):
        body = b"".join(chance.choices(pieces, k=chance.randrange(12)))
        for name in [*JSON_QUESTIONS, "documents", "workspaces/new"]:
            answer = await caller.post(name, body, content_type=NEGENTROPY)
            assert answer.status in (200, 400, 403, 413)


@pytest.mark.parametrize("seed", range(8))
async def test_any_message_gets_an_answer(seed, caller):
    await caller.hold(documents(50))
    chance = random.Random(seed)
    for _ in range(100):
        answer = await caller.reconcile(b"a" + chance.randbytes(chance.randrange(60)))
        assert answer.status in (200, 400)


async def test_a_name_of_any_length_is_no_workspace(caller):
    for name in (GARDEN_ID * 200, "\xff", "b" + "a" * 52):
        answer = await caller.ask("GET", "query", earthstar_workspace=name)
        assert (answer.status, code_of(answer)) == (404, "unknown-workspace")
