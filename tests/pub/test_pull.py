"""Being read: what earthstar-pub answers to GET, HEAD and OPTIONS."""

import json

import pytest

from esd.pub import PubSettings
from esd.pub.conditional import is_named
from esd.web import Request
from tests.pub.serving import (
    DOCUMENTS,
    GARDEN_TEXT,
    PATHS,
    SECRET,
    UNKNOWN,
    as_body,
    serving,
)
from tests.replica.signed import documents
from tests.replicas import MATT, NOW, SECOND, a_document

V1 = "/earthstar-api/v1"
JSON = "application/json; charset=utf-8"


async def test_the_list_is_all_documents_history_included(pub):
    held = [a_document(by=MATT), a_document(at=NOW + 1)]
    held.sort(key=lambda document: document.author)
    await pub.post(held)
    answer = await pub.get()
    assert (answer.status, answer.body) == (200, as_body(held))
    assert answer.headers.get("content-type") == JSON


async def test_the_fields_come_in_the_order_of_the_reference(pub):
    await pub.post([a_document()])
    (document,) = (await pub.get()).json
    assert list(document) == [
        "format",
        "workspace",
        "path",
        "contentHash",
        "content",
        "author",
        "timestamp",
        "deleteAfter",
        "signature",
    ]
    assert document["deleteAfter"] is None


async def test_the_paths(pub):
    await pub.post([a_document("/b"), a_document("/a"), a_document("/a", by=MATT)])
    answer = await pub.get(PATHS)
    assert (answer.status, answer.json) == (200, ["/a", "/b"])
    assert answer.headers.get("content-type") == JSON


@pytest.mark.parametrize("target", [DOCUMENTS, PATHS])
async def test_an_empty_workspace_is_an_empty_list(target, pub):
    answer = await pub.get(target)
    assert (answer.status, answer.body) == (200, b"[]")


@pytest.mark.parametrize("held", [0, 1, 1001])
async def test_a_list_of_any_length_is_one_json_array(held, pub):
    sent = documents(held)
    await pub.post(sent)
    assert (await pub.get()).body == as_body(sent)


async def test_what_has_expired_is_not_listed(pub):
    await pub.post([a_document("/!a", until=NOW + SECOND), a_document()])
    pub.now = NOW + 2 * SECOND
    assert len((await pub.get()).json) == 1
    assert (await pub.get(PATHS)).json == ["/a"]


@pytest.mark.parametrize(
    "target",
    [
        f"{V1}/%2Bcanary.garden7q/documents",
        f"{V1}/%2bcanary.garden7q/documents",
        f"{V1}/+canary%2Egarden7q/documents",
        f"/EARTHSTAR-API/V1/{GARDEN_TEXT}/Documents",
        f"{DOCUMENTS}/",
        f"{DOCUMENTS}?_=1",
        f"http://pub.example:3333{DOCUMENTS}",
    ],
)
async def test_one_workspace_has_many_spellings(target, pub):
    await pub.post([a_document()])
    answer = await pub.get(target)
    assert (answer.status, len(answer.json)) == (200, 1)


@pytest.mark.parametrize(
    "target",
    [
        UNKNOWN,
        UNKNOWN.replace("documents", "paths"),
        f"{V1}/ canary.garden7q/documents",
        f"{V1}/%20canary.garden7q/documents",
        f"{V1}/canary.garden7q/documents",
        f"{V1}/+CANARY.garden7q/documents",
        f"{V1}/{GARDEN_TEXT}%2Fdocuments",
        f"{V1}//{GARDEN_TEXT}/documents",
        f"{V1}/{GARDEN_TEXT}/documents//",
        f"{V1}/{GARDEN_TEXT}",
        f"{V1}/{GARDEN_TEXT}/other",
        f"{V1}/{GARDEN_TEXT}/stream/more",
        "/earthstar-api/v2/",
        f"/workspace/{GARDEN_TEXT}",
        "/static/index.html",
        "/graphql",
        "/favicon.ico",
    ],
)
async def test_everything_else_is_not_found(target, pub):
    for method in ("GET", "HEAD"):
        answer = await pub.ask(method, target)
        assert (answer.status, answer.body) == (404, b"Not Found")


@pytest.mark.parametrize(
    "target", [f"{V1}/%/documents", f"{V1}/%zz/documents", f"{V1}/%ff/documents"]
)
async def test_a_bad_escape_is_a_refusal_that_the_syncer_survives(target, pub):
    got, posted = await pub.get(target), await pub.post([], target)
    assert (got.status, got.json) == (400, [])
    assert (posted.status, posted.counts) == (400, (0, 0, 0))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "BREW"])
async def test_other_methods_are_not_found_as_in_express(method, pub):
    assert (await pub.ask(method, PATHS)).status == 404


async def test_a_head_has_the_headers_of_a_get(pub):
    await pub.post([a_document()])
    got, head = await pub.get(), await pub.ask("HEAD", DOCUMENTS)
    assert (head.status, list(head.headers)) == (200, list(got.headers))


@pytest.mark.parametrize("readonly", [True, False])
async def test_reading_needs_no_permission(readonly, tmp_path):
    with serving(tmp_path, PubSettings(readonly=readonly)) as pub:
        assert (await pub.get()).status == 200


async def test_reading_makes_no_workspace(tmp_path):
    with serving(tmp_path, PubSettings(creates=True)) as pub:
        assert (await pub.get(UNKNOWN)).status == 404
        assert len(pub.replicas) == 1


async def test_a_list_asks_for_no_encoding_and_no_cache(pub):
    await pub.post(documents(3))
    answer = await pub.get(accept_encoding="gzip, deflate, br")
    names = {name for name, _ in answer.headers}
    assert names == {"content-type", "etag", "access-control-allow-origin"}


# Conditional requests


@pytest.mark.parametrize("target", [DOCUMENTS, PATHS])
async def test_nothing_new_is_a_304_without_a_body(target, pub):
    await pub.post(documents(3))
    etag = (await pub.get(target)).headers.get("etag")
    for method in ("GET", "HEAD"):
        answer = await pub.ask(method, target, if_none_match=etag)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers.get("etag") == etag


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ("{weak}", 304),
        ("{strong}", 304),
        ('"other", {weak}', 304),
        ('W/"other" ,{strong},W/"third"', 304),
        ("*", 304),
        (" * ", 304),
        ('"*"', 200),
        ('"other"', 200),
        ("", 200),
        ("{bare}", 200),
        ('"{bare}', 200),
        ("nonsense", 200),
    ],
)
async def test_the_tags_that_match(named, status, pub):
    await pub.post(documents(3))
    weak = (await pub.get()).headers.get("etag")
    assert weak.startswith('W/"')
    strong = weak.removeprefix("W/")
    header = named.format(weak=weak, strong=strong, bare=strong.strip('"'))
    assert (await pub.get(if_none_match=header)).status == status


def test_tags_may_stand_on_several_lines():
    assert is_named('W/"b"', ['"a"', '"c", "b"'])
    assert not is_named('W/"b"', ['"a"', '"c"'])


async def test_a_change_makes_another_tag(pub):
    await pub.post(documents(3))
    etag = (await pub.get()).headers.get("etag")
    await pub.post([a_document()])
    answer = await pub.get(if_none_match=etag)
    assert (answer.status, len(answer.json)) == (200, 4)
    assert answer.headers.get("etag") != etag


async def test_an_expiry_makes_another_tag(pub):
    await pub.post([a_document("/!a", until=NOW + SECOND)])
    etag = (await pub.get()).headers.get("etag")
    pub.now = NOW + 2 * SECOND
    assert (await pub.get(if_none_match=etag)).json == []


async def test_a_push_of_nothing_new_keeps_the_tag(pub):
    await pub.post(documents(3))
    etag = (await pub.get()).headers.get("etag")
    await pub.post([*documents(2), a_document("/doc/000002", at=NOW - 1)])
    assert (await pub.get(if_none_match=etag)).status == 304


async def test_no_tag_names_the_workspace(pub):
    assert SECRET not in (await pub.get()).headers.get("etag")


# Flat in memory


async def test_a_long_list_is_never_held_as_a_whole(pub):
    await pub.post([a_document(f"/{n:02}", "x" * 400_000) for n in range(30)])
    response = await answer_of(pub, DOCUMENTS)
    sizes = [len(piece) async for piece in response.body]
    assert sum(sizes) > 12_000_000
    assert max(sizes) < 1 << 21, "a page and the document that overflowed it"


async def test_a_list_of_paths_is_never_held_as_a_whole(pub):
    await pub.post(documents(1001))
    response = await answer_of(pub, PATHS)
    pieces = [piece async for piece in response.body]
    assert len(json.loads(b"".join(pieces))) == 1001
    assert max(map(len, pieces)) < 15_000


async def test_a_download_left_half_way_holds_nothing_up(pub):
    await pub.post([a_document(f"/{n:02}", "x" * 400_000) for n in range(9)])
    response = await answer_of(pub, DOCUMENTS)
    pieces = aiter(response.body)
    await anext(pieces)
    (replica,) = pub.replicas
    assert replica.file.writer.scrub(), "no reader is in the way of a checkpoint"
    await pieces.aclose()


async def answer_of(pub, target):
    """The response itself, its body still to be pulled."""
    return await pub.pub.handle(Request(method="GET", target=target))
