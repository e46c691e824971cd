"""Level 2, pushing: what we lack, and an answer for each document."""

import gzip

import pytest
import trio

from esd.formats import Halves, ReplicationQuery, encode, encode_base32
from esd.pub import PUSHED, SyncLimits
from esd.pub import Caller as Known
from esd.replica import Bounds
from tests.pub.serving import REMOTE
from tests.pub.syncing import Caller, code_of, hash_of, syncing
from tests.replica.signed import documents
from tests.replicas import NOW, SECOND, a_document

DOCUMENTS = documents(7)
HASHES = [hash_of(document) for document in DOCUMENTS]
MINUTE = 60 * SECOND
FORGED = encode(a_document("/forged")).replace(b'"hello"', b'"hellO"')


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path) as caller:
        yield caller


# What is missing


async def test_what_we_lack_is_told(caller):
    await caller.hold(DOCUMENTS[::2])
    answer = await caller.post("missing", {"hashes": [*HASHES[::-1], HASHES[1]]})
    assert answer.json == {"hashes": HASHES[5::-2]}


async def test_what_has_expired_is_lacking(caller):
    fleeting = a_document("/!a", until=NOW + SECOND)
    await caller.hold([fleeting])
    asked = {"hashes": [hash_of(fleeting)]}
    assert (await caller.post("missing", asked)).json == {"hashes": []}
    caller.served.now = NOW + 2 * SECOND
    assert (await caller.post("missing", asked)).json == asked


async def test_as_many_as_the_hello_says(tmp_path):
    hashes = [encode_base32(n.to_bytes(32)) for n in range(4096)]
    with syncing(tmp_path) as caller:
        answer = await caller.post("missing", {"hashes": hashes})
        assert answer.json["hashes"] == hashes
        over = await caller.post("missing", {"hashes": [*hashes, hashes[0]]})
    assert (over.status, code_of(over)) == (413, "too-many-hashes")


# Documents


async def test_each_line_has_its_letter(caller):
    lines = [
        encode(DOCUMENTS[0]),
        encode(DOCUMENTS[0]),
        encode(a_document(DOCUMENTS[0].path, at=NOW - 1)),
        FORGED,
        b"no JSON",
        b"[]",
        b'{"format":"es.4"}',
        b"",
        encode(a_document("/soon", at=NOW + 11 * MINUTE)),
        encode(DOCUMENTS[1]),
        b'{"end":true,"next":null}',
        b"\xff\xfe",
        b"[" * 9000,
        b"{} {}",
    ]
    answer = await caller.post("documents", b"\n".join(lines))
    assert answer.status == 200
    told = answer.json
    assert told["results"] == "aoorrrrrarrrr"
    assert told["reasons"].keys() == {str(n) for n in (3, 4, 5, 6, 7, 9, 10, 11, 12)}
    assert told["reasons"]["3"] == "content-hash"
    assert told["reasons"]["7"] == "future"


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", b"\r\n\n\r\n"],
)
async def test_no_documents_are_no_letters(body, caller):
    answer = await caller.post("documents", body)
    assert answer.json == {"results": "", "reasons": {}}


@pytest.mark.parametrize("between", [b"\n", b"\r\n", b"\n\n"])
@pytest.mark.parametrize("after", [True, False])
async def test_lines_end_in_several_ways(between, after, caller):
    body = between.join(map(encode, DOCUMENTS)) + (between if after else b"")
    answer = await caller.post("documents", body)
    assert answer.json["results"] == "a" * 7


async def test_a_compressed_push(caller):
    body = gzip.compress(b"\n".join(map(encode, DOCUMENTS)))
    answer = await caller.post("documents", body, content_encoding="gzip")
    assert answer.json["results"] == "a" * 7


async def test_many_documents_are_judged_in_order(caller):
    many = documents(4096)
    await caller.hold(many[1::2])
    assert (await caller.push(many)).json["results"] == "ao" * 2048
    assert caller.replica.reader.totals().count == 4096


async def test_large_documents_come_in_between_small_ones(caller):
    large = [a_document(f"/{n}", "x" * 600_000) for n in range(3)]
    sent = [DOCUMENTS[0], large[0], DOCUMENTS[1], *large[1:], DOCUMENTS[2]]
    await caller.hold(sent)


async def test_too_many_are_told_of_once_the_others_are_stored(tmp_path):
    with syncing(tmp_path, sync=SyncLimits(hashes=5)) as caller:
        answer = await caller.push(DOCUMENTS)
        assert (answer.status, code_of(answer)) == (413, "too-many-documents")
        assert (answer.json["results"], answer.json["reasons"]) == ("aaaaa", {})
        assert caller.replica.reader.totals().count == 5
        await caller.push(DOCUMENTS[5:])
        assert caller.replica.reader.totals().count == 7


async def test_a_line_that_is_too_long_ends_it(tmp_path):
    body = encode(DOCUMENTS[0]) + b'\n{"' + b"x" * (26 << 20)
    with syncing(tmp_path) as caller:
        answer = await caller.post("documents", body)
        assert answer.status == 413
        assert code_of(answer) == "too-large"
        assert answer.json["results"] == "a"


async def test_a_body_over_the_bound_ends_it(tmp_path):
    large = [a_document(f"/{n}", "x" * 600_000) for n in range(3)]
    with syncing(tmp_path, limits={"body": 1_000_000}) as caller:
        answer = await caller.push(large)
        assert (answer.status, code_of(answer)) == (413, "too-large")
        assert answer.json["results"] == "a"


async def test_a_bad_compression_is_told(caller):
    for encoding, body, status in (
        ("gzip", b"no gzip", 400),
        ("br", b"{}", 415),
        ("gzip, gzip", b"{}", 415),
    ):
        answer = await caller.post("documents", body, content_encoding=encoding)
        assert answer.status == status
        code_of(answer)


async def test_no_room_is_told(tmp_path):
    with syncing(tmp_path, bounds=Bounds(free_disk=1 << 60)) as caller:
        answer = await caller.push(DOCUMENTS)
    assert (answer.status, code_of(answer)) == (507, "storage-full")
    assert answer.json["results"] == ""


async def test_a_full_workspace_rejects_what_does_not_fit(tmp_path):
    bounds = Bounds(free_disk=0, bytes_per_workspace=2_000)
    with syncing(tmp_path, bounds=bounds) as caller:
        told = (await caller.push(DOCUMENTS)).json
    assert told.keys() == {"results", "reasons"}
    assert set(told["results"]) == {"a", "r"}
    assert set(told["reasons"].values()) == {"quota"}


async def test_when_to_send_it_again_is_told_where_we_know(caller):
    brief = a_document("/!a", until=NOW + SECOND)
    hidden = a_document("/!a", at=NOW - 5, until=NOW + 9 * SECOND)
    soon = a_document("/soon", at=NOW + 11 * MINUTE)
    told = (await caller.push([brief, hidden, soon, DOCUMENTS[0]])).json
    assert told == {
        "results": "aora",
        "reasons": {"2": "future"},
        "retry": {"1": NOW + SECOND + 1, "2": NOW + MINUTE},
    }


async def test_a_refusal_tells_when_to_send_again_too(tmp_path):
    with syncing(tmp_path, sync=SyncLimits(hashes=1)) as caller:
        soon = a_document("/soon", at=NOW + 11 * MINUTE)
        answer = await caller.push([soon, DOCUMENTS[0]])
    assert answer.status == 413
    assert answer.json["retry"] == {"0": NOW + MINUTE}


# What we want


async def test_what_we_do_not_want_is_rejected(caller):
    caller.replica.halves = Halves(
        incoming=(ReplicationQuery(path_prefix="/doc/00000"),),
        refuse=(ReplicationQuery(path="/doc/000003"),),
    )
    told = (await caller.push([*DOCUMENTS[2:5], a_document("/other")])).json
    assert told == {"results": "arar", "reasons": {"1": "query", "3": "query"}}


async def test_a_known_caller_may_push_what_was_agreed(tmp_path):
    key = "k" * 43
    sun = Known(name="sun", key=key, incoming=(ReplicationQuery(path="/doc/000001"),))
    with syncing(tmp_path, callers=(sun,)) as caller:
        known = Caller(caller.served, authorization=f"Bearer {key}")
        assert (await known.push(DOCUMENTS[:2])).json["results"] == "ra"
        assert (await caller.push(DOCUMENTS[:2])).json["results"] == "ao"
        origins = {one.origin for one in caller.replica.reader.arrivals(0, NOW)}
    assert origins == {"sun", PUSHED}


async def test_where_nothing_is_taken_nothing_is(tmp_path):
    with syncing(tmp_path, readonly=True) as caller:
        answer = await caller.push(DOCUMENTS)
        assert (answer.status, code_of(answer)) == (403, "readonly")
        assert caller.replica.reader.totals().count == 0


# What it costs


async def test_documents_that_are_verified_in_vain_cost_most(tmp_path, autojump_clock):
    """Twenty of them are a request: a caller cannot buy signature checks cheaply."""
    limits = {"requests_per_second": 1.0, "request_burst": 10.0}
    with syncing(tmp_path, limits=limits) as caller:
        body = b"\n".join([FORGED] * 800)
        answer = await caller.post("documents", body, remote=REMOTE)
        assert set(answer.json["results"]) == {"r"}
        refused = await caller.about("GET", "query", remote=REMOTE)
        assert (refused.status, code_of(refused)) == (429, "too-many-requests")
        assert 20 <= int(refused.headers.get("retry-after")) <= 32


async def test_a_caller_who_asks_a_little_too_much_is_kept_waiting(
    tmp_path, autojump_clock
):
    limits = {"requests_per_second": 1.0, "request_burst": 3.0}
    with syncing(tmp_path, limits=limits) as caller:
        for _ in range(8):
            answer = await caller.about("GET", "query", remote=REMOTE)
            assert answer.status == 200
        assert trio.current_time() == pytest.approx(5, abs=0.1)
