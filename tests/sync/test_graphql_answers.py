"""Servers at a peer's url that are no earthstar-graphql, or one in trouble."""

import json

import pytest

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.sync import Client, RunLimits
from esd.sync.answers import PeerMoved
from esd.sync.graphql.answers import is_graphql
from esd.sync.graphql.memory import HOUR
from esd.sync.status import Standing
from tests.replicas import (
    GARDEN,
    a_document,
    a_replica,
    documents,
)
from tests.sync.graphql_side import NOTHING_NEW, URL, Side
from tests.sync.graphqls import GraphqlWire, refusal
from tests.sync.pubs import reply


@pytest.fixture
def wire():
    return GraphqlWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


NO_DATA = b'{"data":null}'
ANSWERS = {
    "errors": refusal("INTERNAL_SERVER_ERROR", 200),
    "another schema": refusal(),
    "no data": reply(200, NO_DATA),
    "null": reply(200, b"null"),
    "html": reply(200, b"<!doctype html><html>hello</html>"),
    "much html": reply(200, b"<p>" * 1_000_000),
    "not found": reply(404, b"<html>Cannot GET /</html>"),
    "no query": reply(405, b"Method not allowed"),
    "forbidden": reply(403, b"no"),
    "a login": refusal("UNAUTHENTICATED", 200),
    "an array": reply(200, b"[]"),
    "other data": reply(200, b'{"data":{"syncFilters":[],"workspace":7}}'),
    "null heads": reply(
        200,
        b'{"data":{"syncFilters":{"pathPrefixes":null,"versionsByAuthors":null},'
        b'"workspace":{"heads":null}}}',
    ),
    "no filters": reply(200, b'{"data":{"syncFilters":null,"workspace":null}}'),
    "cut off": reply(200, b'{"data":{"syncFilters":{"pathPrefixes":null,"ver'),
    "an unasked 304": reply(304),
}
REASONS = {
    "errors": ("it answered with an error: INTERNAL_SERVER_ERROR", "its own log"),
    "another schema": ("its schema is not earthstar-graphql's", "older than 3.0.0"),
    "no data": ("its answer holds no data", "url"),
    "null": ("its schema is not earthstar-graphql's", "another kind"),
    "html": ("its answer is not GraphQL", "url"),
    "much html": ("its answer is not GraphQL", "url"),
    "not found": ("it answered 404", "url"),
    "no query": ("it answered 405", "url"),
    "forbidden": ("it forbids what we ask", "login"),
    "a login": ("it forbids what we ask", "login"),
    "an array": ("its schema is not earthstar-graphql's", "another kind"),
    "other data": ("its schema is not earthstar-graphql's", "another kind"),
    "null heads": ("its schema is not earthstar-graphql's", "another kind"),
    "no filters": ("its schema is not earthstar-graphql's", "another kind"),
    "cut off": ("its answer is not GraphQL", "url"),
    "an unasked 304": ("it answered for a list that we never named", ""),
}


@pytest.mark.parametrize("name", list(ANSWERS))
async def test_what_is_no_earthstar_graphql_is_told_so(name, side, wire):
    given = ANSWERS[name]
    body = given.stream._stream
    wire.answer = lambda _kind: reply(given.status_code, body)
    with pytest.raises(PeerMisbehaved) as caught:
        await side.sync()
    reason, hint = REASONS[name]
    assert caught.value.reason == reason
    assert hint in caught.value.hint
    assert GARDEN.text not in f"{caught.value.reason} {caught.value.hint}"


async def test_a_server_that_is_down_is_tried_again(side, wire):
    wire.answer = lambda _kind: reply(503)
    with pytest.raises(PeerUnavailable):
        await side.sync()


async def test_a_server_that_moved_is_told_so(side, wire):
    wire.answer = lambda _kind: reply(301, headers={"Location": "http://b.example/"})
    with pytest.raises(PeerMoved):
        await side.sync()


@pytest.mark.parametrize("kind", ["fetch", "ingest", "filters", "add"])
@pytest.mark.parametrize("name", ["errors", "no data", "html", "other data"])
async def test_a_failure_half_way_leaves_what_came_before(kind, name, side, wire):
    wire.put(documents(3))
    await side.sync()
    wire.put([a_document("/theirs")] if kind == "fetch" else [])
    wire.exists = kind != "add"
    await side.hold(a_document("/mine"))
    given = ANSWERS[name]
    body = given.stream._stream
    wire.answer = lambda asked: reply(200, body) if asked == kind else None
    with pytest.raises(PeerMisbehaved):
        await side.sync(creates=True)
    wire.answer, wire.exists = None, True
    await side.sync(creates=True)
    assert side.paths() == set(wire.heads())


async def test_a_push_that_is_forbidden_is_a_state(side, wire):
    await side.hold(a_document("/mine"))
    wire.answer = lambda kind: reply(403) if kind == "ingest" else None
    for _ in range(2):
        report = await side.sync()
        assert report.standing is Standing.READ_ONLY
    assert wire.seen == [*NOTHING_NEW, ("POST", "filters", 200)]
    side.now += HOUR
    await side.sync()
    assert ("POST", "ingest", 403) in wire.seen


async def test_a_server_that_loses_the_workspace_meanwhile_is_a_state(side, wire):
    gone = b'{"data":{"ingestDocuments":{"__typename":"WorkspaceNotFoundError"}}}'
    await side.hold(a_document("/mine"))
    wire.answer = lambda kind: reply(200, gone) if kind == "ingest" else None
    report = await side.sync()
    assert (report.sent, report.standing) == (0, Standing.ABSENT)


async def test_a_document_that_was_not_asked_for_is_refused(side, wire):
    wire.put([a_document("/a")])
    other = GraphqlWire(a_document("/b"))._at({"p0": "/b"})
    body = json.dumps({"data": {"workspace": other}}).encode()
    wire.answer = lambda kind: reply(200, body) if kind == "fetch" else None
    with pytest.raises(PeerMisbehaved, match="not asked for"):
        await side.sync()
    assert side.count == 0


async def test_a_flood_of_invalid_documents_ends_the_run(side, wire):
    wire.put([a_document(f"/{number}", to=OTHER) for number in range(1_500)])
    with pytest.raises(PeerMisbehaved, match="invalid"):
        await side.sync()


OTHER = type(GARDEN).parse("+other.b0123456789")


# Finding out what it is...


async def test_a_graphql_server_is_known_by_its_answer(wire):
    async with Client(URL, RunLimits(), transport=wire) as client:
        assert await is_graphql(client)


@pytest.mark.parametrize("name", ["html", "not found", "no data", "null", "errors"])
async def test_another_server_is_not_taken_for_one(name, wire):
    given = ANSWERS[name]
    body = given.stream._stream
    wire.answer = lambda _kind: reply(given.status_code, body)
    async with Client(URL, RunLimits(), transport=wire) as client:
        assert not await is_graphql(client)


async def test_the_question_names_no_workspace(wire):
    async with Client(URL, RunLimits(), transport=wire) as client:
        await is_graphql(client)
    assert GARDEN.text.encode() not in b"".join(wire.bodies)
