"""A workspace that is removed while somebody is served from it."""

import json

import pytest
import trio

from esd.formats import encode
from esd.web import Body, Gone, Headers, Request
from tests.pub.serving import DOCUMENTS, LOCAL, PATHS, as_body, serving
from tests.pub.syncing import GARDEN_ID, HOST, NEGENTROPY, PREFIX, hash_of, syncing
from tests.replica.sets import unsigned
from tests.replica.signed import documents
from tests.replicas import GARDEN, NOW, a_document

MANY = documents(30)
HASHES = json.dumps({"hashes": [hash_of(one) for one in MANY]}).encode()


@pytest.fixture
def caller(tmp_path):
    with syncing(tmp_path) as caller:
        yield caller


async def remove(served):
    await served.replicas.remove(served.replicas.get(GARDEN), None, NOW)


def late(served, target, body, **headers):
    """A request whose body comes once the workspace is gone."""
    pieces = iter([body])

    async def receive():
        if served.replicas.get(GARDEN) is not None:
            await remove(served)
        return next(pieces, b"")

    fields = {"host": HOST, "earthstar-workspace": GARDEN_ID, **headers}
    return Request(
        method="POST",
        target=target,
        headers=Headers(fields.items()),
        remote=LOCAL,
        body=Body(receive, limit=1 << 24),
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("hashes", b"{}"),
        ("hashes", b'{"query":[]}'),
        ("documents/get", HASHES),
        ("missing", HASHES),
        ("documents", b"\n".join(map(encode, MANY))),
        ("documents", encode(a_document("/large", "x" * 900_000))),
        ("reconcile", b"{}\na"),
        ("timestamps", HASHES),
    ],
)
async def test_an_answer_that_has_not_begun_is_the_one_for_an_unknown_one(
    name, body, caller
):
    kind = {"content-type": NEGENTROPY}
    request = late(caller.served, PREFIX + name, body, **kind)
    response = await caller.served.pub.handle(request)
    unknown = await caller.post(name, body, earthstar_workspace=None, content_type=None)
    assert (response.status, response.body) == (404, unknown.body)


async def test_a_push_of_an_old_client_is_told_that_there_is_nothing(tmp_path):
    with serving(tmp_path) as pub:
        request = late(pub, DOCUMENTS, as_body(MANY))
        response = await pub.pub.handle(request)
    assert response.status == 404
    assert json.loads(response.body)["numIngested"] == 0


async def test_a_body_breaks_off(caller):
    await caller.hold([a_document("/long", "x" * 900_000), *MANY])
    wanted = [hash_of(a_document("/long", "x" * 900_000)), *map(hash_of, MANY)]
    asked = json.dumps({"hashes": wanted}).encode()
    response = await caller.response("documents/get", asked)
    await breaks_off(caller.served, response.body)


@pytest.mark.parametrize("target", [DOCUMENTS, PATHS])
async def test_a_list_of_an_old_client_breaks_off(target, tmp_path):
    with serving(tmp_path) as pub:
        replica = pub.replicas.get(GARDEN)
        replica.file.writer.put(unsigned(2500), NOW)
        request = Request(method="GET", target=target, remote=LOCAL)
        response = await pub.pub.handle(request)
        await breaks_off(pub, response.body)


async def breaks_off(served, body):
    pieces = aiter(body)
    await anext(pieces)
    with trio.fail_after(60):
        await remove(served)
    with pytest.raises(Gone):
        async for _ in pieces:
            pass
    await body.aclose()
