"""Level 2, pulling: lists of hashes, and documents by hash."""

import json

import pytest
import trio

from esd.formats import (
    Halves,
    ReplicationQuery,
    decode_base32,
    encode,
    encode_base32,
    hour_of,
)
from esd.pub import Caller as Known
from esd.pub import SyncLimits
from esd.web import Gone
from tests.pub.syncing import (
    Caller,
    code_of,
    hash_of,
    lines_in,
    syncing,
)
from tests.replica.signed import documents
from tests.replicas import MATT, NOW, SECOND, SUZY, a_document

DAY = 24 * 3600 * SECOND
NOBODYS = encode_base32(bytes(32))
DOCUMENTS = documents(7)
HASHES = [hash_of(document) for document in DOCUMENTS]  # one second apart
ALL = {"hashes": HASHES}


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path) as caller:
        yield caller


# Lists of hashes


async def test_a_list_is_in_the_order_of_time(caller):
    await caller.hold(DOCUMENTS[::-1])
    hashes, following = lines_in(await caller.post("hashes"))
    assert (hashes, following) == (HASHES, None)


async def test_an_empty_list_has_an_end(caller):
    assert lines_in(await caller.post("hashes")) == ([], None)


async def test_curl_needs_to_say_nothing(caller):
    await caller.hold(DOCUMENTS)
    assert lines_in(await caller.post("hashes", b"")) == (HASHES, None)


async def test_a_list_comes_in_pages(tmp_path):
    with syncing(tmp_path, sync=SyncLimits(hash_page=3)) as caller:
        await caller.hold(DOCUMENTS)
        hashes, following = lines_in(await caller.post("hashes"))
        assert following == HASHES[2]
        while following:
            answer = await caller.post("hashes", {"after": following})
            assert "etag" not in answer.headers
            more, following = lines_in(answer)
            hashes += more
    assert hashes == HASHES


async def test_a_page_that_is_just_full_is_the_last(tmp_path):
    with syncing(tmp_path, sync=SyncLimits(hash_page=7)) as caller:
        await caller.hold(DOCUMENTS)
        assert lines_in(await caller.post("hashes")) == (HASHES, None)


async def test_a_place_that_is_gone_is_told(caller):
    await caller.hold(DOCUMENTS)
    await caller.hold([a_document(DOCUMENTS[2].path, at=NOW + 100)])
    for after in (HASHES[2], NOBODYS):
        answer = await caller.post("hashes", {"after": after})
        assert (answer.status, code_of(answer)) == (410, "gone")


async def test_a_place_outside_of_what_is_asked_is_like_one_that_is_gone(caller):
    """Or anybody could find out which documents are here."""
    await caller.hold(DOCUMENTS)
    asked = {"after": HASHES[2], "query": [{"path": DOCUMENTS[1].path}]}
    answer = await caller.post("hashes", asked)
    assert (answer.status, code_of(answer)) == (410, "gone")


@pytest.mark.parametrize("after", ["", "b", "x", NOBODYS[:-1], NOBODYS.upper()])
async def test_a_place_that_is_no_hash(after, caller):
    answer = await caller.post("hashes", {"after": after})
    assert answer.status in (400, 410)


async def test_the_same_list_is_a_304(caller):
    await caller.hold(DOCUMENTS)
    first = await caller.post("hashes")
    etag = first.headers.get("etag")
    ids = map(decode_base32, HASHES)
    total = sum(int.from_bytes(one, "little") for one in ids) % 2**256
    assert etag == f'W/"7-{total:x}"'
    again = await caller.post("hashes", if_none_match=etag)
    assert (again.status, again.body) == (304, b"")
    await caller.hold([a_document()])
    assert (await caller.post("hashes", if_none_match=etag)).status == 200


async def test_what_has_expired_is_in_no_list(caller):
    await caller.hold([a_document("/!a", until=NOW + SECOND), *DOCUMENTS])
    assert len(lines_in(await caller.post("hashes"))[0]) == 8
    caller.served.now = NOW + 2 * SECOND
    assert lines_in(await caller.post("hashes"))[0] == HASHES


async def test_a_list_is_sent_a_little_at_a_time(tmp_path):
    with syncing(tmp_path) as caller:
        await caller.hold(documents(2500))
        pieces = [piece async for piece in (await raw_list(caller)).body]
    assert len(pieces) == 4
    assert max(map(len, pieces)) < 64 << 10


async def test_lists_that_nobody_takes_keep_the_others_waiting(
    tmp_path, autojump_clock
):
    sync = SyncLimits(lists=1, patience=5)
    with syncing(tmp_path, sync=sync) as caller:
        taken = await raw_list(caller)
        refused = await caller.post("hashes")
        assert trio.current_time() == 5
        assert (refused.status, code_of(refused)) == (503, "busy")
        assert int(refused.headers.get("retry-after")) > 0
        await taken.body.aclose()  # it was never begun
        assert (await caller.post("hashes")).status == 200
        assert (await caller.post("hashes")).status == 200


async def test_a_list_that_is_taken_slowly_breaks_off(tmp_path, autojump_clock):
    with syncing(tmp_path, sync=SyncLimits(lists=1, list_time=9)) as caller:
        await caller.hold(documents(1500))
        pieces = aiter((await raw_list(caller)).body)
        await anext(pieces)
        await trio.sleep(10)
        with pytest.raises(Gone):
            await anext(pieces)
        assert (await caller.post("hashes")).status == 200


async def test_one_caller_from_afar_has_one_list_at_a_time(tmp_path, autojump_clock):
    with syncing(tmp_path, sync=SyncLimits(lists=2, patience=5)) as caller:
        near, far = {"remote": "192.0.2.1"}, {"remote": "192.0.2.2"}
        await raw_list(caller, **near)
        assert (await caller.post("hashes", **near)).status == 503
        assert (await caller.post("hashes", **far)).status == 200


async def raw_list(caller, remote="127.0.0.1"):
    return await caller.response("hashes", remote=remote)


# Queries


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"query": [{}]}, [*range(7)]),
        ({"query": []}, []),
        ({"query": [{"path": "/doc/000002"}, {"path": "/doc/000004"}]}, [2, 4]),
        ({"query": [{"pathPrefix": "/doc/"}]}, [*range(7)]),
        ({"query": [{"pathPrefix": "/other/"}]}, []),
        ({"query": [{"timestampAfter": NOW + 3}]}, [4, 5, 6]),
        ({"query": [{"versionsByAuthor": SUZY.address}]}, [*range(7)]),
        ({"query": [{"versionsByAuthor": MATT.address}]}, []),
        ({"query": [{"format": "es.4"}]}, [*range(7)]),
        ({"query": [{"format": "es.9"}]}, []),
        ({"refuse": [{"path": "/doc/000002"}]}, [0, 1, 3, 4, 5, 6]),
        ({"refuse": [{}]}, []),
        ({"direction": "push", "query": [{"path": "/doc/000002"}]}, [2]),
        ({"direction": "both", "query": [{"path": "/doc/000002"}]}, [2]),
    ],
    ids=json.dumps,
)
async def test_a_query_chooses(asked, found, caller):
    await caller.hold(DOCUMENTS)
    hashes, _ = lines_in(await caller.post("hashes", asked))
    assert hashes == [HASHES[number] for number in found]
    answer = await caller.post("documents/get", {**asked, **ALL})
    given, _ = lines_in(answer)
    assert [one["path"] for one in given] == [DOCUMENTS[n].path for n in found]


async def test_what_we_do_not_give_is_not_there(caller):
    await caller.hold(DOCUMENTS)
    set_halves(
        caller,
        outgoing=(ReplicationQuery(path_prefix="/doc/00000"),),
        refuse=(ReplicationQuery(path="/doc/000002"),),
    )
    await caller.hold([a_document("/doc/1")])
    hashes, _ = lines_in(await caller.post("hashes"))
    assert hashes == [one for one in HASHES if one != HASHES[2]]
    given, _ = lines_in(await caller.post("documents/get", ALL))
    assert len(given) == 6


async def test_what_we_want_is_no_reason_to_give_it(caller):
    """A push is compared over what we want; documents are given as far as we give."""
    set_halves(caller, outgoing=())
    await caller.hold(DOCUMENTS)
    pushing = {"direction": "push"}
    assert lines_in(await caller.post("hashes", pushing))[0] == HASHES
    answer = await caller.post("documents/get", {**pushing, **ALL})
    assert lines_in(answer)[0] == []


async def test_what_we_neither_give_nor_want_is_found_by_nobody(caller):
    await caller.hold(DOCUMENTS)
    set_halves(
        caller,
        outgoing=(ReplicationQuery(path="/doc/000001"),),
        incoming=(ReplicationQuery(path="/doc/000002"),),
    )
    found = []
    for direction in ("pull", "push"):
        asked = {"direction": direction, "query": [{"pathPrefix": "/doc/"}]}
        found += lines_in(await caller.post("hashes", asked))[0]
        told = (await caller.post("timestamps", {**asked, **ALL})).json
        assert sum(one is not None for one in told["timestamps"]) == 1
    assert found == HASHES[1:3]


async def test_ages_count_back_from_the_hour_that_is_named(caller):
    await caller.hold([a_document("/old", at=hour_of(NOW) - 3 * DAY), *DOCUMENTS])
    asked = {"query": [{"timestampAfter": "-3d"}]}
    for at, count in ((None, 7), (hour_of(NOW), 7), (hour_of(NOW) - DAY // 2, 8)):
        named = asked if at is None else {**asked, "at": at}
        assert len(lines_in(await caller.post("hashes", named))[0]) == count


@pytest.mark.parametrize("off", [-DAY - SECOND, DAY + SECOND, -NOW, 2**70, -(2**70)])
async def test_an_hour_that_is_more_than_a_day_off_is_refused(off, caller):
    answer = await caller.post("hashes", {"at": NOW + off})
    assert (answer.status, code_of(answer)) == (400, "bad-time")


@pytest.mark.parametrize("off", [-DAY, 0, DAY])
async def test_an_hour_within_a_day_is_good(off, caller):
    assert (await caller.post("hashes", {"at": NOW + off})).status == 200


# Halves


def set_halves(caller, **halves):
    caller.replica.halves = Halves(**halves)


async def test_the_halves_are_told(caller):
    set_halves(caller, outgoing=(ReplicationQuery(path_prefix="/a", format="es.4"),))
    told = (await caller.about("GET", "query")).json
    assert told == {
        "incoming": [{}],
        "outgoing": [{"pathPrefix": "/a", "format": "es.4"}],
        "refuse": [],
        "digest": caller.replica.halves.digest,
        "at": hour_of(NOW),
    }


STALE = [("hashes", {}), ("documents/get", ALL), ("reconcile", None)]


@pytest.mark.parametrize(("name", "body"), STALE)
async def test_stale_halves_are_answered_with_the_new_ones(name, body, caller):
    stale = caller.replica.halves.digest
    set_halves(caller, incoming=(ReplicationQuery(path="/a"),))
    asked = {"theirs": stale, **(body or {})}
    if name == "reconcile":
        answer = await caller.reconcile(b"a", asked)
    else:
        answer = await caller.post(name, asked)
    assert (answer.status, code_of(answer)) == (409, "stale-query")
    told = (await caller.about("GET", "query")).json
    del told["at"]
    assert answer.json["query"] == told
    asked["theirs"] = told["digest"]
    if name != "reconcile":
        assert (await caller.post(name, asked)).status == 200


async def test_known_callers_have_halves_of_their_own(tmp_path):
    key = "k" * 43
    sun = Known(name="sun", key=key, outgoing=(ReplicationQuery(path="/doc/000001"),))
    with syncing(tmp_path, callers=(sun,)) as caller:
        await caller.hold(DOCUMENTS)
        known = Caller(caller.served, authorization=f"Bearer {key}")
        assert lines_in(await known.post("hashes"))[0] == [HASHES[1]]
        told = (await known.about("GET", "query")).json
        assert (told["incoming"], told["outgoing"]) == ([{}], [{"path": "/doc/000001"}])
        assert len(lines_in(await caller.post("hashes"))[0]) == 7


async def test_both_ways_at_once_needs_one_half_for_both(caller):
    set_halves(caller, incoming=(ReplicationQuery(path="/a"),))
    answer = await caller.post("hashes", {"direction": "both"})
    assert (answer.status, code_of(answer)) == (400, "bad-query")


async def test_halves_in_another_order_are_one_for_both(caller):
    one, other = ReplicationQuery(path="/a"), ReplicationQuery(path="/b")
    set_halves(caller, incoming=(one, other), outgoing=(other, one, one))
    assert (await caller.post("hashes", {"direction": "both"})).status == 200


# Documents by hash


async def test_documents_come_in_the_order_of_the_question(caller):
    await caller.hold(DOCUMENTS)
    wanted = [HASHES[4], NOBODYS, HASHES[1], HASHES[4], HASHES[6]]
    answer = await caller.post("documents/get", {"hashes": wanted})
    lines = answer.body.splitlines()
    assert lines[:-1] == [encode(DOCUMENTS[n]) for n in (4, 1, 6)]
    assert json.loads(lines[-1]) == {"end": True, "next": None}


async def test_no_hash_is_no_document(caller):
    answer = await caller.post("documents/get", {"hashes": []})
    assert lines_in(answer) == ([], None)


async def test_many_documents_at_once(caller):
    many = documents(1001)
    await caller.hold(many)
    wanted = [hash_of(one) for one in reversed(many)]
    given, following = lines_in(await caller.post("documents/get", {"hashes": wanted}))
    assert [one["path"] for one in given] == [one.path for one in reversed(many)]
    assert following is None


async def test_an_answer_is_cut_where_it_gets_too_long(tmp_path):
    long = [a_document(f"/{n}", "x" * 100_000, at=NOW + n) for n in range(9)]
    wanted = [HASHES[0], *(hash_of(one) for one in long), NOBODYS]
    with syncing(tmp_path, sync=SyncLimits(documents_body=400_000)) as caller:
        await caller.hold([*long, *DOCUMENTS])
        found, place, answers = [], 0, 0
        while place is not None:
            asked = {"hashes": wanted[place:]}
            given, following = lines_in(await caller.post("documents/get", asked))
            found += given
            place = None if following is None else place + following
            answers += 1
    assert [one["path"] for one in found] == [
        DOCUMENTS[0].path,
        *(one.path for one in long),
    ]
    assert answers == 3


async def test_a_long_document_comes_in_slices(caller):
    long = a_document("/long", '"\u2028' * 300_000)
    await caller.hold([DOCUMENTS[0], long, DOCUMENTS[1]])
    body = json.dumps({"hashes": [HASHES[0], hash_of(long), HASHES[1]]}).encode()
    response = await caller.response("documents/get", body)
    pieces = [piece async for piece in response.body]
    assert max(map(len, pieces)) < 200_000
    lines = b"".join(pieces).splitlines()
    assert lines[:3] == [encode(DOCUMENTS[0]), encode(long), encode(DOCUMENTS[1])]


async def test_a_document_that_is_replaced_while_it_is_sent_breaks_it_off(caller):
    long = a_document("/long", "x" * 900_000)
    await caller.hold([long])
    body = json.dumps({"hashes": [hash_of(long)]}).encode()
    pieces = aiter((await caller.response("documents/get", body)).body)
    await anext(pieces)
    await caller.hold([a_document("/long", at=NOW + 1)])
    with pytest.raises(Gone):
        async for _ in pieces:
            pass


async def test_an_answer_left_half_way_holds_nothing_up(caller):
    long = [a_document(f"/{n}", "x" * 100_000, at=NOW + n) for n in range(9)]
    await caller.hold(long)
    body = json.dumps({"hashes": [hash_of(one) for one in long]}).encode()
    pieces = aiter((await caller.response("documents/get", body)).body)
    await anext(pieces)
    assert caller.replica.file.writer.scrub(), "no reader is in the way"
    await pieces.aclose()


async def test_what_has_expired_is_not_given(caller):
    fleeting = a_document("/!a", until=NOW + SECOND)
    await caller.hold([fleeting])
    caller.served.now = NOW + 2 * SECOND
    answer = await caller.post("documents/get", {"hashes": [hash_of(fleeting)]})
    assert lines_in(answer) == ([], None)
