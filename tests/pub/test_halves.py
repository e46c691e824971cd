"""The interface of earthstar-pub obeys what a workspace and its callers may have."""

import json

import pytest

from esd.formats import Halves, ReplicationQuery
from esd.pub import PUSHED, Caller, PubSettings
from tests.pub.serving import DOCUMENTS, GARDEN_TEXT, PATHS, UNKNOWN, as_body, serving
from tests.replica.signed import documents
from tests.replicas import GARDEN, NOW, SECOND, a_document

KEY = "k" * 43
SHOWN = {"authorization": f"Bearer {KEY}"}
HELD = documents(5)
DAY = 24 * 3600 * SECOND


@pytest.fixture
def pub(tmp_path):
    sun = Caller(
        name="sun",
        key=KEY,
        workspaces=frozenset({GARDEN}),
        incoming=(ReplicationQuery(path_prefix="/sun"),),
        outgoing=(ReplicationQuery(path="/doc/000001"),),
    )
    with serving(tmp_path, PubSettings(callers=(sun,), creates=True)) as served:
        yield served


@pytest.fixture
def replica(pub):
    return pub.replicas.get(GARDEN)


@pytest.mark.parametrize("target", [DOCUMENTS, PATHS])
async def test_not_everybody_may_read(target, pub, replica):
    await pub.post(HELD)
    replica.anonymous = False
    refused, unknown = await pub.get(target), await pub.get(UNKNOWN)
    assert (refused.status, refused.body) == (unknown.status, unknown.body)
    assert list(refused.headers) == list(unknown.headers)
    assert (await pub.get(target, if_none_match="*")).status == 404
    assert (await pub.get(target, **SHOWN)).status == 200


async def test_not_everybody_may_push(pub, replica):
    replica.anonymous = False
    answer = await pub.post(HELD)
    assert (answer.status, answer.counts) == (404, (0, 0, 0))
    assert (await pub.post([a_document("/sun/a")], **SHOWN)).counts == (1, 0, 1)
    assert pub.count == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_key_that_is_nobodys_is_refused(method, pub):
    answer = await pub.ask(method, DOCUMENTS, b"[]", authorization="Bearer x")
    assert answer.status == 401
    assert answer.json == ([] if method == "GET" else json.loads(answer.body))
    assert answer.headers.get("access-control-allow-origin") == "*"


async def test_a_list_is_of_what_is_given(pub, replica):
    await pub.post(HELD)
    replica.halves = Halves(
        outgoing=(ReplicationQuery(path_prefix="/doc/00000"),),
        refuse=(ReplicationQuery(path="/doc/000002"),),
    )
    given = [one for one in HELD if one.path != "/doc/000002"]
    assert (await pub.get()).body == as_body(given)
    assert (await pub.get(PATHS)).json == [one.path for one in given]


async def test_a_long_list_is_of_what_is_given(pub, replica):
    long = [a_document(f"/{n:02}", "x" * 200_000) for n in range(9)]
    await pub.post([*long, *documents(2500)])
    replica.halves = Halves(refuse=(ReplicationQuery(path="/03"),))
    paths = [f"/{n:02}" for n in range(9) if n != 3]
    paths += [one.path for one in documents(2500)]
    assert [one["path"] for one in (await pub.get()).json] == paths
    assert (await pub.get(PATHS)).json == paths


async def test_nothing_given_is_an_empty_list(pub, replica):
    await pub.post(HELD)
    replica.halves = Halves(outgoing=())
    assert (await pub.get()).body == b"[]"
    assert (await pub.get(PATHS)).body == b"[]"


async def test_a_known_caller_gets_what_was_agreed(pub):
    await pub.post(HELD)
    assert (await pub.get(**SHOWN)).body == as_body(HELD[1:2])
    assert (await pub.get()).body == as_body(HELD)


async def test_what_is_not_wanted_is_ignored(pub, replica):
    replica.halves = Halves(refuse=(ReplicationQuery(path="/doc/000002"),))
    answer = await pub.post(HELD)
    assert (answer.status, answer.counts) == (200, (4, 1, 5))


async def test_a_known_caller_pushes_in_its_own_name(pub, replica):
    answer = await pub.post([*HELD, a_document("/sun/a")], **SHOWN)
    assert answer.counts == (1, 5, 6)
    await pub.post(HELD)
    arrivals = replica.reader.arrivals(0, NOW)
    assert {one.origin for one in arrivals} == {"sun", PUSHED}


async def test_a_tag_is_of_what_is_shown(pub, replica):
    """Nobody may take a shorter list for the whole, or the other way round."""
    await pub.post(HELD)
    everything = (await pub.get()).headers.get("etag")
    agreed = (await pub.get(**SHOWN)).headers.get("etag")
    assert agreed != everything
    assert (await pub.get(if_none_match=agreed)).status == 200
    assert (await pub.get(if_none_match=everything, **SHOWN)).status == 200
    assert (await pub.get(if_none_match=agreed, **SHOWN)).status == 304
    replica.halves = Halves(refuse=(ReplicationQuery(path="/doc/000002"),))
    assert (await pub.get(if_none_match=everything)).status == 200
    replica.halves = Halves()
    assert (await pub.get(if_none_match=everything)).status == 304


async def test_halves_that_are_everything_in_other_words_change_nothing(pub, replica):
    await pub.post(HELD)
    before = await pub.get()
    everything = ReplicationQuery(path_prefix="")
    replica.halves = Halves(outgoing=(everything, ReplicationQuery(path="/a")))
    after = await pub.get()
    assert (after.body, list(after.headers)) == (before.body, list(before.headers))


async def test_what_gets_too_old_leaves_the_list(pub, replica):
    replica.halves = Halves(outgoing=(ReplicationQuery(timestamp_after="-1d"),))
    await pub.post(HELD)
    first = await pub.get()
    assert len(first.json) == 5
    pub.now = NOW + DAY + 3600 * SECOND
    again = await pub.get(if_none_match=first.headers.get("etag"))
    assert (again.status, again.json) == (200, [])


async def test_an_open_pub_makes_no_way_into_a_closed_workspace(pub, replica):
    replica.anonymous = False
    target = f"/earthstar-api/v1/{GARDEN_TEXT}/documents"
    assert (await pub.post(HELD, target)).status == 404
    assert pub.count == 0
