"""Targets split first and decoded once; headers; bodies that are already here."""

import gzip

import pytest

from esd.errors import PeerMisbehaved
from esd.web import Body, Headers, Request, TooLarge, json_response, text


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", ("",)),
        ("/a", ("a",)),
        ("/a/", ("a", "")),
        ("/a//b", ("a", "", "b")),
        ("/+a.b/documents", ("+a.b", "documents")),
        ("/%2Ba.b/documents", ("+a.b", "documents")),
        ("/%2ba.b", ("+a.b",)),
        ("/a%2Fb/c", ("a/b", "c")),
        ("/%2525", ("%25",)),
        ("/a%20b", ("a b",)),
        ("/%C3%A9%F0%9F%90%9D", ("é🐝",)),
        ("/a?b/c", ("a",)),
        ("/a%3Fb", ("a?b",)),
        ("http://pub.example:3333/a/b?c", ("a", "b")),
        ("http://pub.example", ("",)),
        ("http://pub.example?x=/y", ("",)),
        ("/http://x/y", ("http:", "", "x", "y")),
        ("*", ("*",)),
    ],
)
def test_a_path_is_split_first_then_decoded_once(target, path):
    assert Request(method="GET", target=target).path == path


@pytest.mark.parametrize(
    "target", ["/%", "/%2", "/%zz", "/a%", "/%ff", "/%c0%af", "/%ed%a0%80", "/a/%e2%82"]
)
def test_a_bad_escape_is_the_clients_fault(target):
    with pytest.raises(PeerMisbehaved) as caught:
        _ = Request(method="GET", target=target).path
    assert caught.value.status_hint == 400
    assert target not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "query"),
    [
        ("/", ()),
        ("/?", ()),
        ("/?a=b", (("a", "b"),)),
        ("/?a=b&a=c&&d", (("a", "b"), ("a", "c"), ("d", ""))),
        ("/?a=b=c", (("a", "b=c"),)),
        ("/?a=1+1", (("a", "1+1"),)),
        ("/?a=%26%3D%2B&%61=x", (("a", "&=+"), ("a", "x"))),
        ("/?a=b?c", (("a", "b?c"),)),
    ],
)
def test_a_query_is_split_first_then_decoded_once(target, query):
    assert Request(method="GET", target=target).query == query


def test_a_bad_query_harms_only_who_reads_it():
    request = Request(method="GET", target="/a?%zz")
    assert request.path == ("a",)
    with pytest.raises(PeerMisbehaved):
        _ = request.query


def test_headers_ignore_case_and_keep_order():
    headers = Headers([("Accept", "a"), ("X-One", "1"), ("accept", "b")])
    assert headers.get("ACCEPT") == "a"
    assert headers.get_all("accept") == ("a", "b")
    assert headers.get("missing") is None
    assert headers.get("missing", "x") == "x"
    assert "x-ONE" in headers
    assert "y" not in headers
    assert list(headers) == [("accept", "a"), ("x-one", "1"), ("accept", "b")]


def test_no_repr_tells_a_target_or_a_header():
    request = Request(
        method="GET", target="/+secret", headers=Headers([("Referer", "/+secret")])
    )
    assert "secret" not in repr(request)
    assert "secret" not in repr(request.headers)
    assert "secret" not in f"{request}"


async def test_a_body_is_read_whole():
    assert await Body.whole(b"abc").read(3) == b"abc"
    assert await Body.whole().read(0) == b""


async def test_a_body_is_read_once():
    body = Body.whole(b"abc")
    assert [piece async for piece in body] == [b"abc"]
    assert [piece async for piece in body] == []
    assert await body.read() == b""


async def test_a_body_above_what_its_reader_wants_is_refused():
    with pytest.raises(TooLarge):
        await Body.whole(b"abcd").read(3)
    with pytest.raises(TooLarge):
        await Body.whole(gzip.compress(bytes(1000)), encoding="gzip").read(999)


async def test_a_body_comes_in_bounded_pieces():
    body = Body.whole(gzip.compress(bytes(1_000_000)), encoding="gzip")
    sizes = [len(piece) async for piece in body]
    assert max(sizes) <= 64 * 1024
    assert sum(sizes) == 1_000_000


def test_text_is_utf_8():
    response = text(404, "ü")
    assert response.status == 404
    assert response.body == "ü".encode()


def test_json_is_compact_utf_8():
    response = json_response(200, {"a": ["ü", None, 1]})
    assert response.body == '{"a":["ü",null,1]}'.encode()
    assert dict(response.headers)["Content-Type"].startswith("application/json")
