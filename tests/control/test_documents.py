"""Documents in and out, by the dialect of 6.x and by path."""

from urllib.parse import quote

import pytest

from esd.formats import Batch
from esd.formats.es4 import MAX_CONTENT
from esd.replica import Bounds
from tests.control.calling import ask
from tests.control.node import ALIAS, a_node
from tests.replicas import MATT, NOW, SECOND, SUZY
from tests.replicas import documents as many

DOCUMENTS = f"/v1/workspaces/{ALIAS}/documents"
ODD = "/odd/..%2e/+plus%20/~" + SUZY.address + "/*'()".replace("*", "$")


def at(path):
    return f"{DOCUMENTS}/{quote(path, safe='')}"


async def write(node, path, content="hello", by=MATT, **over):
    return await node.replica.write(by, path, content, now=node.now(), **over)


async def paths(node, query=""):
    page = (await ask(node, "GET", f"{DOCUMENTS}{query}")).json
    return [one["path"] for one in page["documents"]]


# Reading


async def test_documents_are_listed_without_their_contents(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "hello")
        (one,) = (await ask(node, "GET", DOCUMENTS)).json["documents"]
    assert one == {
        "path": "/a",
        "author": MATT.address,
        "timestamp": NOW,
        "time": "2023-11-14T22:13:20.000000Z",
        "contentLength": 5,
    }


async def test_contents_come_when_asked_for(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "héllo")
        (one,) = (await ask(node, "GET", f"{DOCUMENTS}?contents=1")).json["documents"]
    assert (one["content"], one["contentLength"]) == ("héllo", 6)
    assert one["signature"].startswith("b")
    assert "workspace" not in one


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["/a", "/b/c", "/b/d"]),
        ("?path=/a", ["/a"]),
        ("?path=%2Fa", ["/a"]),
        ("?pathStartsWith=/b/", ["/b/c", "/b/d"]),
        ("?pathEndsWith=c", ["/b/c"]),
        (f"?author={SUZY.address}", ["/b/d"]),
        (f"?author={MATT.address}&history=all", ["/a", "/b/c", "/b/d"]),
        (f"?timestamp={NOW}", ["/a", "/b/c"]),
        (f"?timestampGt={NOW}", ["/b/d"]),
        (f"?timestampLt={NOW + 1}", ["/a", "/b/c"]),
        ("?contentLength=5", ["/a", "/b/c"]),
        ("?contentLengthGt=5.5", ["/b/d"]),
        ("?contentLengthLt=6&limit=1", ["/a"]),
        ("?limit=0", []),
        ("?limit=-1", []),
        ("?limitBytes=10", ["/a", "/b/c"]),
        (f"?continueAfterPath=/b/c&continueAfterAuthor={MATT.address}", ["/b/d"]),
        ("?continueAfterPath=/b/c", ["/b/c", "/b/d"]),
    ],
)
async def test_queries_are_those_of_6x(tmp_path, autojump_clock, query, found):
    async with a_node(tmp_path) as node:
        await write(node, "/a")
        await write(node, "/b/c")
        await write(node, "/b/d")
        await write(node, "/b/d", "goodbye", SUZY)
        assert await paths(node, query) == sorted(set(found))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?timestamp=1e15", 422),
        ("?timestamp=%2B5", 422),
        ("?timestamp=5%20", 422),
        ("?timestamp=٣", 422),
        ("?timestamp=", 422),
        ("?timestamp=99999999999999999", 422),
        ("?limit=1.5", 422),
        ("?limit=ten", 422),
        ("?history=some", 422),
        ("?contents=maybe", 422),
        ("?pathStartWith=/a", 400),
        ("?path=/a&path=/b", 422),
        ("?path=%zz", 400),
    ],
)
async def test_a_query_that_means_nothing_is_refused(
    tmp_path, autojump_clock, query, status
):
    async with a_node(tmp_path) as node:
        target = f"{DOCUMENTS}{quote(query, safe='?&=%/')}"
        answer = await ask(node, "GET", target)
    assert answer.status == status
    assert answer.code


async def test_a_query_may_be_a_body(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a")
        await write(node, "/b")
        body = {"pathStartsWith": "/b", "limit": 3}
        page = (await ask(node, "POST", f"{DOCUMENTS}/query?contents=1", body)).json
        assert [one["path"] for one in page["documents"]] == ["/b"]
        assert page["documents"][0]["content"] == "hello"
        page = (await ask(node, "POST", f"{DOCUMENTS}/query")).json
        assert len(page["documents"]) == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "$"),
        ({"path": 3}, "$.path"),
        ({"path": None}, "$"),
        ({"limit": "3"}, "$.limit"),
        ({"continueAfter": {"path": "/a"}}, "$.continueAfter"),
        ({"history": "some"}, "$.history"),
        ({"pathstartswith": "/"}, "$"),
    ],
)
async def test_a_query_body_of_the_wrong_shape_names_the_field(
    tmp_path, autojump_clock, body, path
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", f"{DOCUMENTS}/query", body)
    assert (answer.status, answer.json["errors"][0]["path"]) == (422, path)


@pytest.mark.parametrize("contents", [0, 1])
async def test_pages_follow_each_other_without_hole_or_double(
    tmp_path, autojump_clock, contents
):
    async with a_node(tmp_path) as node:
        for number in range(7):
            await write(node, f"/doc/{number // 2}", by=(MATT, SUZY)[number % 2])
        query, seen = f"?history=all&limit=3&contents={contents}", []
        target = f"{DOCUMENTS}{query}"
        for _ in range(3):
            page = (await ask(node, "GET", target)).json
            seen += [(one["path"], one["author"]) for one in page["documents"]]
            if page["next"] is None:
                break
            path, author = page["next"]["path"], page["next"]["author"]
            target = (
                f"{DOCUMENTS}{query}&continueAfterPath={path}"
                f"&continueAfterAuthor={author}"
            )
        assert page["next"] is None
    assert seen == sorted(set(seen))
    assert len(seen) == 7


async def test_a_page_has_at_most_a_thousand(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await node.replica.ingest(Batch(many(1001)), origin="", now=NOW + SECOND)
        for query in ("", "?limit=5000"):
            page = (await ask(node, "GET", f"{DOCUMENTS}{query}")).json
            assert len(page["documents"]) == 1000
            assert page["next"]["path"] == "/doc/000999"
        page = (await ask(node, "GET", f"{DOCUMENTS}?limit=1000")).json
        assert page["next"] is not None


async def test_a_page_of_large_contents_is_cut_short(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        for number in range(4):
            await write(node, f"/large/{number}", "x" * 3_000_000)
        page = (await ask(node, "GET", f"{DOCUMENTS}?contents=1")).json
    assert len(page["documents"]) == 2
    assert page["next"]["path"] == "/large/1"


@pytest.mark.parametrize("path", ["/wiki/Bees", ODD])
async def test_a_document_is_read_back_at_its_path(tmp_path, autojump_clock, path):
    async with a_node(tmp_path) as node:
        await write(node, path, "buzz", SUZY)
        one = (await ask(node, "GET", at(path))).json
    assert (one["path"], one["content"]) == (path, "buzz")


async def test_the_latest_is_read_unless_an_author_is_named(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "first", MATT)
        await write(node, "/a", "second", SUZY)
        latest = (await ask(node, "GET", at("/a"))).json
        assert latest["content"] == "second"
        mine = (await ask(node, "GET", f"{at('/a')}?author={MATT.address}")).json
        assert mine["content"] == "first"


async def test_the_history_at_a_path_is_newest_first(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "first", SUZY)
        await write(node, "/a", "second", MATT)
        history = (await ask(node, "GET", f"{at('/a')}/history?contents=1")).json
    assert [one["content"] for one in history["documents"]] == ["second", "first"]


async def test_a_content_may_be_had_as_it_is(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "héllo\n")
        answer = await ask(node, "GET", f"{at('/a')}?raw=1")
    assert answer.body == "héllo\n".encode()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        (at("/nothing"), 404, "document-not-found"),
        (f"{at('/a')}?author={SUZY.address}", 404, "document-not-found"),
        (f"{DOCUMENTS}/a", 400, "path-not-encoded"),
        (f"{DOCUMENTS}/wiki/Bees", 404, "route-not-found"),
        ("/v1/workspaces/nowhere/documents", 404, "workspace-not-found"),
    ],
)
async def test_what_is_not_there_is_said_to_be_so(
    tmp_path, autojump_clock, target, status, code
):
    async with a_node(tmp_path) as node:
        await write(node, "/a")
        answer = await ask(node, "GET", target)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["hint"]


async def test_what_has_expired_is_not_there(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a!", delete_after=NOW + SECOND)
        node.now = lambda: NOW + 2 * SECOND
        assert (await ask(node, "GET", at("/a!"))).status == 404
        assert await paths(node) == []


# Writing


@pytest.mark.parametrize("path", ["/wiki/Bees", ODD])
async def test_a_document_is_written(tmp_path, autojump_clock, path):
    async with a_node(tmp_path) as node:
        body = {"content": "buzz", "identity": "suzy"}
        written = (await ask(node, "PUT", at(path), body)).json
        assert (written["path"], written["author"]) == (path, SUZY.address)
        assert "content" not in written
        assert (await ask(node, "GET", at(path))).json["content"] == "buzz"


async def test_a_text_is_written_as_it_is(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        text = "# Bees\n\nbüzz".encode()
        answer = await ask(node, "PUT", f"{at('/bees')}?identity=suzy", text)
        assert answer.status == 200
        assert (await ask(node, "GET", f"{at('/bees')}?raw=1")).body == text


async def test_the_only_identity_need_not_be_named(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "PUT", at("/a"), {"content": "x"})
        assert answer.json["author"] == SUZY.address
        node.identities.add("matt", MATT, NOW)
        answer = await ask(node, "PUT", at("/a"), {"content": "x"})
        assert answer.status == 422
        assert answer.json["hint"] == "say who signs; there is: matt, suzy"
        by_address = {"content": "x", "identity": MATT.address}
        answer = await ask(node, "PUT", at("/a"), by_address)
        assert answer.json["author"] == MATT.address


async def test_a_later_write_wins_over_one_from_a_fast_clock(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "early", timestamp=NOW + 60 * SECOND)
        await ask(node, "PUT", at("/a"), {"content": "late"})
        assert (await ask(node, "GET", at("/a"))).json["content"] == "late"


@pytest.mark.parametrize("raw", [False, True])
async def test_an_ephemeral_document_says_when_it_ends(tmp_path, autojump_clock, raw):
    until = NOW + 3600 * SECOND
    async with a_node(tmp_path) as node:
        if raw:
            target = f"{at('/chat!')}?deleteAfter={until}"
            answer = await ask(node, "PUT", target, b"hi")
        else:
            body = {"content": "hi", "deleteAfter": until}
            answer = await ask(node, "PUT", at("/chat!"), body)
        assert answer.json["deleteAfter"] == until


async def test_deleting_writes_an_empty_document(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        await write(node, "/a", "by matt", MATT)
        answer = await ask(node, "DELETE", f"{at('/a')}?identity=suzy")
        assert answer.status == 200
        assert (await ask(node, "GET", at("/a"))).json["content"] == ""
        history = (await ask(node, "GET", f"{at('/a')}/history")).json["documents"]
        assert [one["contentLength"] for one in history] == [0, 7]


async def test_deleting_an_ephemeral_document_keeps_its_end(tmp_path, autojump_clock):
    until = NOW + 3600 * SECOND
    async with a_node(tmp_path) as node:
        await write(node, "/chat!", delete_after=until)
        node.now = lambda: NOW + SECOND
        answer = await ask(node, "DELETE", at("/chat!"))
        assert answer.json["deleteAfter"] == until


async def test_there_is_nothing_to_delete_where_nothing_is(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "DELETE", at("/a"))
    assert (answer.status, answer.code) == (404, "document-not-found")


WRONG = [
    ("/a", {}, 422, "$"),
    ("/a", {"content": 1}, 422, "$.content"),
    ("/a", {"content": "x", "deleteafter": 1}, 422, "$"),
    ("/a", {"content": "x", "deleteAfter": NOW * 2}, 422, "path"),
    ("/a!", {"content": "x"}, 422, "path"),
    ("/a!", {"content": "x", "deleteAfter": 5}, 422, "$.deleteAfter"),
    ("/a!", {"content": "x", "deleteAfter": NOW - 1}, 422, "$.deleteAfter"),
    ("/a!", {"content": "x", "deleteAfter": 1.5}, 422, "$.deleteAfter"),
    ("/a!", {"content": "x", "deleteAfter": 2**60}, 422, "$.deleteAfter"),
    ("/a b", {"content": "x"}, 422, "path"),
    ("/", {"content": "x"}, 422, "path"),
    ("/@a", {"content": "x"}, 422, "path"),
    ("/ünï", {"content": "x"}, 422, "path"),
    ("/a" * 300, {"content": "x"}, 422, "path"),
    (f"/~{MATT.address}", {"content": "x"}, 422, "path"),
    ("/a", {"content": "x" * (MAX_CONTENT + 1)}, 422, "$.content"),
]


@pytest.mark.parametrize(("path", "body", "status", "where"), WRONG)
async def test_what_cannot_be_written_names_the_field(
    tmp_path, autojump_clock, path, body, status, where
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "PUT", at(path), body)
        assert (answer.status, answer.json["errors"][0]["path"]) == (status, where)
        assert node.replica.reader.totals().count == 0


async def test_the_largest_content_fits_however_it_is_spelt(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        content = "\x01" * MAX_CONTENT  # six bytes each in JSON
        answer = await ask(node, "PUT", at("/a"), {"content": content})
        assert answer.json["contentLength"] == MAX_CONTENT
        raw = await ask(node, "PUT", at("/b"), b"x" * MAX_CONTENT)
        assert raw.json["contentLength"] == MAX_CONTENT


async def test_a_text_that_is_too_long_is_refused(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "PUT", at("/a"), b"x" * (MAX_CONTENT + 1))
        assert (answer.status, answer.code) == (413, "body-too-large")
        assert node.replica.reader.totals().count == 0


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff\xfe", {}),
        (b"\xed\xa0\x80", {}),
        (b"caf\xe9", {"Content_Type": "text/plain; charset=latin-1"}),
    ],
    ids=["bytes", "half a surrogate pair", "latin-1"],
)
async def test_what_is_no_text_is_refused(tmp_path, autojump_clock, body, headers):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "PUT", at("/a"), body, **headers)
    assert (answer.status, answer.code) == (422, "content-not-text")
    assert "base64" in answer.json["hint"]


async def test_an_unknown_identity_gets_the_names_there_are(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        body = {"content": "x", "identity": "susy"}
        answer = await ask(node, "PUT", at("/a"), body)
        assert (answer.status, answer.code) == (404, "identity-not-found")
        assert answer.json["hint"] == "did you mean suzy? there is: suzy"


async def test_a_full_workspace_takes_no_more(tmp_path, autojump_clock):
    bounds = Bounds(free_disk=0, bytes_per_workspace=100)
    async with a_node(tmp_path, bounds=bounds) as node:
        answer = await ask(node, "PUT", at("/a"), {"content": "x"})
    assert (answer.status, answer.code) == (507, "storage-full")
