"""The same bytes to a real pub and to us: the answers' statuses, headers and bodies.

What we do otherwise on purpose has a table of its own, in test_unlike_a_pub.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import trio

from tests.daemons import a_config, restarted, start_daemon
from tests.peers.beside import (
    DOCUMENTS,
    GARDEN,
    JSON,
    NEW,
    PATHS,
    Answer,
    Asked,
    beside,
    post,
    send,
)
from tests.peers.real import Write, real_client
from tests.peers.test_harness import some_writes

pytestmark = pytest.mark.usefixtures("peers")

PREFLIGHT = {
    "Origin": "http://app.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}

ALIKE: dict[str, Asked] = {
    "documents": Asked(),
    "paths": Asked(target=PATHS),
    "the plus percent-encoded": Asked(target=DOCUMENTS.replace("+", "%2B")),
    "the plus as a space": Asked(target=DOCUMENTS.replace("+", "%20")),
    "a trailing slash": Asked(target=DOCUMENTS + "/"),
    "a query string": Asked(target=DOCUMENTS + "?a=b"),
    "an upper-case path": Asked(target=DOCUMENTS.replace("documents", "DOCUMENTS")),
    "an upper-case api": Asked(target=DOCUMENTS.replace("earthstar", "EARTHSTAR")),
    "an upper-case workspace": Asked(target=DOCUMENTS.replace("garden", "GARDEN")),
    "an unknown workspace": Asked(target=DOCUMENTS.replace(GARDEN, NEW)),
    "an unknown workspace's paths": Asked(target=PATHS.replace(GARDEN, NEW)),
    "no workspace address": Asked(target=DOCUMENTS.replace(GARDEN, "nonsense")),
    "head of documents": Asked(method="HEAD"),
    "head of paths": Asked(method="HEAD", target=PATHS),
    "head of an unknown workspace": Asked(
        method="HEAD", target=DOCUMENTS.replace(GARDEN, NEW)
    ),
    "preflight": Asked(method="OPTIONS", headers=PREFLIGHT),
    "preflight of nowhere": Asked(
        method="OPTIONS", target="/nowhere", headers=PREFLIGHT
    ),
    "options of no browser": Asked(method="OPTIONS"),
    "an origin": Asked(headers={"Origin": "http://app.example"}),
    "a wrong etag": Asked(headers={"If-None-Match": 'W/"nonsense"'}),
    "any etag": Asked(headers={"If-None-Match": "*"}),
    "gzip offered": Asked(headers={"Accept-Encoding": "gzip, deflate, br"}),
    "push of nothing": post(b"[]"),
    "push of numbers, words, objects and lists": post(b'[1, "x", {}, [], true]'),
    "push of another workspace's": post(
        json.dumps([{"format": "es.4", "workspace": NEW}]).encode()
    ),
    "push of an unknown format": post(b'[{"format": "es.99"}]'),
    "push as text": Asked(
        method="POST", headers={"Content-Type": "text/plain"}, body=b"[]"
    ),
    "push as a form": Asked(
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"[]",
    ),
    "push of utf-8 by name": post(
        b"[]", Content_Type="application/json; charset=UTF-8"
    ),
    "push with a byte order mark": post(b"\xef\xbb\xbf[]"),
    "push in gzip": post(gzip.compress(b"[1]"), Content_Encoding="gzip"),
    "push in deflate": post(zlib.compress(b"[1]"), Content_Encoding="deflate"),
    "push with a trailing slash": Asked(
        method="POST", target=DOCUMENTS + "/", headers=JSON, body=b"[]"
    ),
}


async def test_what_must_be_alike_is_alike(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with beside(nursery, tmp_path) as both:
        differing = {}
        for name, asked in ALIKE.items():
            theirs, ours = [seen(asked, one) for one in await both.ask(asked)]
            if theirs != ours:
                differing[name] = f"theirs {theirs}, ours {ours}"
        assert differing == {}


def seen(asked: Asked, answer: Answer) -> tuple[int, Mapping[str, str], object]:
    told = dict(answer.told)
    if answer.status != 200 or not asked.asks_for_a_list:
        told.pop("etag", None)  # Express puts one on everything
    return answer.status, told, answer.content


# A list that did not change...


TAGS: dict[str, Callable[[str], str]] = {
    "as it was given": lambda tag: tag,
    "without its W/": lambda tag: tag.removeprefix("W/"),
    "among others": lambda tag: f'W/"a", {tag}, "b"',
    "among others without a space": lambda tag: f'"a",{tag}',
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", [DOCUMENTS, PATHS], ids=["documents", "paths"])
async def test_a_list_that_did_not_change_is_a_304_without_a_body(
    method: str, target: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with beside(nursery, tmp_path) as both:
        given = await both.ask(Asked(target=target))
        for name, write in TAGS.items():
            for port, answer in zip(both.ports, given, strict=True):
                tag = answer.headers["etag"]
                headers = {"If-None-Match": write(tag)}
                asked = Asked(method=method, target=target, headers=headers)
                again = await send(port, asked)
                assert (again.status, again.body) == (304, b""), name
                assert again.headers["etag"] == tag
                assert again.headers["access-control-allow-origin"] == "*"
                assert "content-type" not in again.headers


async def test_an_etag_outlives_a_restart_and_changes_with_a_write(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, creates=True))
    async with real_client(GARDEN) as client:
        await client.write(some_writes())
        await client.sync(esd.url)
        first = (await send(esd.port, Asked())).headers["etag"]
        esd = await restarted(nursery, esd)
        assert (await send(esd.port, Asked())).headers["etag"] == first
        await client.write([Write(author="suzy", path="/new", content="x")])
        await client.sync(esd.url)
        changed = await send(esd.port, Asked(headers={"If-None-Match": first}))
        assert changed.status == 200
        assert changed.headers["etag"] != first


async def test_a_push_is_counted_alike_whatever_is_in_it(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with (
        beside(nursery, tmp_path, filled=False) as both,
        real_client(GARDEN) as client,
    ):
        await client.write(some_writes())
        good = await client.documents()
        pushes = {
            "new": good[:2],
            "known": good[:2],
            "mixed": good,
            "forged": [{**good[0], "content": "forged"}],
            "unsigned": [{**good[0], "signature": "b"}],
            "underscored": [{**good[0], "_localIndex": 1}],
            "too many fields": [{**good[0], "extra": 1}],
            "too few fields": [{"format": "es.4", "workspace": GARDEN}],
            "a timestamp like 1.7e15": [
                {**good[0], "timestamp": float(good[0]["timestamp"])}
            ],
            "from the future": [{**good[0], "timestamp": 9_000_000_000_000_000}],
            "twice in one": [good[0], good[0]],
        }
        for name, documents in pushes.items():
            asked = post(json.dumps(documents).encode())
            theirs, ours = await both.ask(asked)
            assert (name, ours.content) == (name, theirs.content)
        theirs, ours = await both.ask(Asked())
        assert ours.body == theirs.body
