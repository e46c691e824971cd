"""Where we answer otherwise than a real pub, and that it is on purpose.

Most of it is one decision: whatever refuses a push has the counts as its body, and
whatever refuses a list is a list or a 404, because the real Syncer never gets over
anything else.
"""

import gzip
from pathlib import Path

import pytest
import trio

from tests.peers.beside import (
    API,
    DOCUMENTS,
    GARDEN,
    JSON,
    PATHS,
    Asked,
    beside,
    counts,
    post,
)

pytestmark = pytest.mark.usefixtures("peers")

HTML = "text/html; charset=utf-8"
NONE = counts()

Said = tuple[int, object]
"""A status and a content."""

# The request, the real pub's answer, ours.
UNLIKE: dict[str, tuple[Asked, Said, Said]] = {
    "bad json": (post(b"[}"), (400, HTML), (400, NONE)),
    "half a list": (post(b"[1, 2"), (400, HTML), (400, counts(1))),
    "two lists": (post(b"[1] [2]"), (400, HTML), (400, counts(1))),
    "no json": (post(b"hello"), (400, HTML), (400, NONE)),
    "NaN": (post(b"[NaN]"), (400, HTML), (400, NONE)),
    "a bare word": (post(b'"x"'), (400, HTML), (400, NONE)),
    "a bare number": (post(b"1"), (400, HTML), (400, NONE)),
    "a bare null": (post(b"null"), (400, HTML), (400, NONE)),
    "an object instead of a list": (post(b"{}"), (400, "Bad Request"), (400, NONE)),
    "an empty body": (post(b""), (400, "Bad Request"), (400, NONE)),
    "latin-1 by name": (
        post(b"[]", Content_Type="application/json; charset=latin1"),
        (415, HTML),
        (415, NONE),
    ),
    "brotli": (post(b"[]", Content_Encoding="br"), (415, HTML), (415, NONE)),
    "gzip that is none": (
        post(b"[]", Content_Encoding="gzip"),
        (400, HTML),
        (400, NONE),
    ),
    "gzip cut short": (
        post(gzip.compress(b"[1]")[:-4], Content_Encoding="gzip"),
        (400, HTML),
        (400, NONE),
    ),
    "a list asked for with a bad escape": (
        Asked(target=DOCUMENTS.replace("+", "%ZZ")),
        (400, HTML),
        (400, []),
    ),
    "a push to a bad escape": (
        Asked(
            method="POST",
            target=DOCUMENTS.replace("+", "%ZZ"),
            headers=JSON,
            body=b"[]",
        ),
        (400, HTML),
        (400, NONE),
    ),
    "two slashes": (
        Asked(target=DOCUMENTS.replace("/v1", "//v1")),
        (404, HTML),
        (404, "Not Found"),
    ),
    "two slashes at the end": (
        Asked(target=DOCUMENTS + "//"),
        (404, HTML),
        (404, "Not Found"),
    ),
    "nowhere": (Asked(target="/nowhere"), (404, HTML), (404, "Not Found")),
    "graphql": (
        Asked(method="POST", target="/graphql", headers=JSON, body=b"{}"),
        (404, HTML),
        (404, "Not Found"),
    ),
    "a push to the page, by which graphql knows a pub": (
        Asked(method="POST", target="/", headers=JSON, body=b"[]"),
        (404, HTML),
        (404, "Not Found"),
    ),
    "null is an element like any other": (
        post(b"[1, null, 2]"),
        (500, HTML),
        (200, counts(3)),
    ),
    "a body without a type is read like any other": (
        Asked(method="POST", body=b"[]"),
        (400, "Bad Request"),
        (200, NONE),
    ),
    "a larger body than a pub takes of that type": (
        Asked(
            method="POST",
            headers={"Content-Type": "text/plain"},
            body=b"[" + b" " * 103_000 + b"]",
        ),
        (413, HTML),
        (200, NONE),
    ),
    "no address that could be one is no accident of ours": (
        Asked(
            method="POST",
            target=DOCUMENTS.replace(GARDEN, "nonsense"),
            headers=JSON,
            body=b"[]",
        ),
        (500, HTML),
        (404, NONE),
    ),
}

READONLY: dict[str, tuple[Asked, Said, Said]] = {
    "push": (post(b"[]"), (403, "Forbidden"), (403, NONE)),
    "list": (Asked(), (404, "Not Found"), (404, "Not Found")),
    "paths": (Asked(target=PATHS), (404, "Not Found"), (404, "Not Found")),
    # A pub reads first and judges then; we need not read what we refuse.
    "bad json": (post(b"[}"), (400, HTML), (403, NONE)),
}

CLOSED: dict[str, tuple[Asked, Said, Said]] = {
    "push": (post(b"[]"), (404, "Not Found"), (404, NONE)),
    "list": (Asked(), (404, "Not Found"), (404, "Not Found")),
    "paths": (Asked(target=PATHS), (404, "Not Found"), (404, "Not Found")),
}

PUBS = {
    "open": (UNLIKE, {}),
    "readonly": (READONLY, {"readonly": True, "filled": False}),
    "closed": (CLOSED, {"closed": True, "filled": False}),
}


@pytest.mark.parametrize("kind", PUBS)
async def test_what_differs_does_so_on_purpose(
    kind: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    table, how = PUBS[kind]
    async with beside(nursery, tmp_path, **how) as both:
        wrong = {}
        for name, (asked, *expected) in table.items():
            answers = await both.ask(asked)
            found = [(one.status, one.content) for one in answers]
            if found != expected:
                wrong[name] = f"theirs {found[0]}, ours {found[1]}"
        assert wrong == {}


async def test_every_answer_about_the_api_may_be_read_by_a_page(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with beside(nursery, tmp_path) as both:
        for asked, *_ in UNLIKE.values():
            if asked.target.lower().startswith(API):
                for answer in await both.ask(asked):
                    assert answer.headers["access-control-allow-origin"] == "*"


# What nobody may do to us without saying who they are...


async def test_nobody_deletes_a_workspace_by_asking(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with beside(nursery, tmp_path) as both:
        deletion = Asked(method="POST", target=f"{API}/{GARDEN}/delete")
        theirs, ours = await both.ask(deletion)
        assert (theirs.status, ours.status) == (302, 404)
        theirs, ours = await both.ask(Asked())
        assert (theirs.status, ours.status) == (404, 200)
        demo = Asked(method="POST", target="/demo-hack/create-demo-workspace")
        theirs, ours = await both.ask(demo)
        assert (theirs.status, ours.status) == (302, 404)
