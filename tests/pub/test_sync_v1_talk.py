"""Whole conversations, played by hand: two replicas that differ, and then do not."""

import pytest
import trio

from esd.formats import (
    EVERYTHING,
    Halves,
    ReplicationQuery,
    decode_base32,
    decode_one,
    document_hash,
    encode,
    encode_base32,
    hour_of,
    predicate,
)
from esd.formats.wire_ids import proof, wire_id, workspace_key
from esd.pub import SyncLimits
from esd.reconcile import FRAME, Initiator, Items
from tests.pub.syncing import (
    HOST,
    NEGENTROPY,
    Caller,
    code_of,
    hash_of,
    lines_in,
    syncing,
)
from tests.replica.signed import documents
from tests.replicas import GARDEN, MATT, NOW, a_document, a_replica

ALL = predicate(EVERYTHING, at=hour_of(NOW))
OURS = documents(400, prefix="/ours")
THEIRS = documents(300, prefix="/theirs")
COMMON = documents(1500)


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path) as caller:
        yield caller


@pytest.fixture
def here(tmp_path):
    """Our own replica, on the side that asks."""
    folder = tmp_path / "here"
    folder.mkdir()
    with a_replica(folder) as replica:
        yield replica


async def keep(replica, found):
    outcomes = await replica.ingest_each(found, origin="pub", now=NOW)
    assert {outcome.verdict.value for outcome in outcomes} <= {"a"}


async def hashes_in(replica):
    return set(await ids_in(replica))


async def ids_in(replica):
    items = await replica.items(ALL, NOW)
    return items.ids(0, len(items))


async def met(caller):
    """Who are you, and do you know this workspace? Then it has a name there."""
    hello = (await caller.ask("GET", "hello")).json
    salt, key = decode_base32(hello["salt"]), workspace_key(GARDEN)
    name, nonce = wire_id(key, salt, HOST), bytes(range(32))
    asked = {"nonce": encode_base32(nonce), "ids": [name]}
    told = (await caller.ask("POST", "workspaces", asked)).json
    assert told["proofs"] == [proof(key, salt, HOST, nonce)]
    return Caller(caller.served, earthstar_workspace=name)


async def test_the_conversation_of_level_2(caller, here):
    await caller.hold([*COMMON, *THEIRS])
    await keep(here, [*COMMON, *OURS])
    there = await met(caller)

    # What do you want, and what do you give?
    query = (await there.ask("GET", "query")).json
    about = {"theirs": query["digest"], "at": query["at"]}

    # Which documents do you have?
    pull = about | {"direction": "pull", "query": [{"format": "es.4"}]}
    listed, following = lines_in(await there.ask("POST", "hashes", pull))
    assert following is None
    held = await hashes_in(here)
    need = [one for one in listed if decode_base32(one) not in held]
    assert len(need) == len(THEIRS)

    # I do not have these.
    answer = await there.ask("POST", "documents/get", pull | {"hashes": need})
    lines = answer.body.splitlines()
    found = [decode_one(line) for line in lines[:-1]]
    assert [encode_base32(document_hash(one)) for one in found] == need
    await keep(here, found)

    # What do you need of mine?
    have = [encode_base32(one) for one in await hashes_in(here)]
    lacking = (await there.ask("POST", "missing", {"hashes": have})).json["hashes"]
    by_hash = {hash_of(one): one for one in OURS}
    body = b"\n".join(encode(by_hash[one]) for one in lacking)
    results = (await there.ask("POST", "documents", body)).json["results"]
    assert results == "a" * len(OURS)

    assert await ids_in(here) == await ids_in(caller.replica)
    assert len(await ids_in(here)) == len(COMMON) + len(OURS) + len(THEIRS)


async def talk(caller, items, asked=None, frame=FRAME):
    """Reconcile to the end: have, need, the messages each way and their bytes."""
    initiator = Initiator(frame=frame)
    message = initiator.initiate(items)
    have, need, sizes = set(), set(), []
    while message is not None:
        answer = await caller.reconcile(message, asked)
        assert answer.status == 200
        assert answer.headers.get("content-type") == NEGENTROPY
        sizes.append((len(message), len(answer.body)))
        step = initiator.reconcile(items, answer.body)
        have.update(step.have)
        need.update(step.need)
        message = step.message
    return have, need, sizes


async def test_the_conversation_of_level_3(caller, here):
    await caller.hold([*COMMON, *THEIRS])
    await keep(here, [*COMMON, *OURS])
    digest = (await caller.about("GET", "query")).json["digest"]
    asked = {"theirs": digest, "at": hour_of(NOW), "direction": "both"}

    have, need, sizes = await talk(caller, await here.items(ALL, NOW), asked)
    assert have == {document_hash(one) for one in OURS}
    assert need == {document_hash(one) for one in THEIRS}
    assert len(sizes) <= 4

    wanted = asked | {"hashes": [encode_base32(one) for one in need]}
    answer = await caller.post("documents/get", wanted)
    await keep(here, [decode_one(line) for line in answer.body.splitlines()[:-1]])
    await caller.hold(OURS)

    have, need, sizes = await talk(caller, await here.items(ALL, NOW), asked)
    assert (have, need, len(sizes)) == (set(), set(), 1)
    assert sum(sizes[0]) < 1_500


async def test_nothing_on_both_sides_is_one_message(caller):
    assert await talk(caller, Items()) == (set(), set(), [(5, 5)])


async def test_what_is_compared_is_what_may_move(caller, here):
    await caller.hold([*COMMON[:20], a_document("/other", by=MATT)])
    await keep(here, COMMON[10:30])
    caller.replica.halves = Halves(
        incoming=(ReplicationQuery(path_prefix="/doc/00000"),),
        outgoing=(ReplicationQuery(path_prefix="/doc/00001"),),
    )
    both = {"path_prefix": "/doc/0000"}
    for direction, half in (
        ("pull", caller.replica.halves.outgoing),
        ("push", caller.replica.halves.incoming),
    ):
        asked = {"direction": direction, "query": [{"pathPrefix": "/doc/0000"}]}
        ours = predicate((ReplicationQuery(**both),), half, at=hour_of(NOW))
        have, need, _ = await talk(caller, await here.items(ours, NOW), asked)
        there = {document_hash(one) for one in COMMON[:20] if is_in(half, one)}
        held = {document_hash(one) for one in COMMON[10:30] if is_in(half, one)}
        assert (have, need) == (held - there, there - held)


def is_in(half, document):
    return document.path.startswith(half[0].path_prefix)


async def test_frames_are_bounded_on_both_sides(tmp_path, here):
    with syncing(tmp_path, sync=SyncLimits(frame=4096)) as caller:
        await caller.hold(THEIRS)
        have, need, sizes = await talk(caller, Items(), frame=4096)
        assert (len(have), len(need)) == (0, len(THEIRS))
        assert max(map(max, sizes)) <= 4096
        answer = await caller.reconcile(b"a" + bytes(4096))
    assert (answer.status, code_of(answer)) == (413, "bad-message")


# Messages that are none


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"b" * 10,
        b"\x00",
        b"a\xff",
        b"a" + b"\x80" * 40,
        b"a\x00\x00\x07",
        b"a\x00\x00\x02\xff\xff\xff\xff\x7f",
        b"a\x00\x21" + bytes(33) + b"\x00",
        bytes(2000),
    ],
    ids=lambda message: message[:8].hex(),
)
async def test_a_bad_message_is_told_why(message, caller):
    answer = await caller.reconcile(message)
    if message[:1] == b"b":  # another version of Negentropy
        assert (answer.status, answer.body) == (200, b"a")
        return
    assert (answer.status, code_of(answer)) == (400, "bad-message")
    assert answer.json["detail"]


@pytest.mark.parametrize("version", [b"\x60", b"\x62", b"\x6f"])
async def test_another_version_is_told_ours(version, caller):
    answer = await caller.reconcile(version + b"whatever it says")
    assert (answer.status, answer.body) == (200, b"a")


@pytest.mark.parametrize(
    "kind", [None, "", "application/json", "application/vnd.negentropyx"]
)
async def test_another_type_is_refused(kind, caller):
    answer = await caller.reconcile(b"a", content_type=kind)
    assert (answer.status, code_of(answer)) == (415, "unsupported-type")


@pytest.mark.parametrize(
    "kind", ["Application/VND.Negentropy", "application/vnd.negentropy; v=1"]
)
async def test_a_type_has_many_spellings(kind, caller):
    assert (await caller.reconcile(b"a", content_type=kind)).status == 200


@pytest.mark.parametrize("body", [b"", b"{}", b"a", b"{}" + b" " * 140_000 + b"\na"])
async def test_a_line_comes_first(body, caller):
    answer = await caller.post("reconcile", body, content_type=NEGENTROPY)
    assert (answer.status, code_of(answer)) == (400, "bad-request")


async def test_whatever_comes_of_it_the_place_is_free_again(tmp_path, autojump_clock):
    with syncing(tmp_path, sync=SyncLimits(reconciling=1, patience=5)) as caller:
        for message, status in ((b"a", 200), (b"\x00", 400), (b"a", 200)):
            assert (await caller.reconcile(message)).status == status
        assert (await caller.reconcile(b"a", {"query": 1})).status == 400
        assert (await caller.post("hashes")).status == 200
    assert trio.current_time() == 0
