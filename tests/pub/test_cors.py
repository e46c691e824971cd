"""What pages of other origins are told."""

import pytest

from esd.pub import PubSettings
from tests.pub.serving import DOCUMENTS, PATHS, UNKNOWN, serving
from tests.replicas import a_document

APP = "https://app.example"
NAMED = PubSettings(browser_origins=(APP, "null"))
ALLOW = "access-control-allow-origin"


async def test_a_pub_for_all_says_so_on_every_answer(pub):
    await pub.post([a_document()])
    etag = (await pub.get()).headers.get("etag")
    answers = {
        200: await pub.get(),
        304: await pub.get(if_none_match=etag),
        404: await pub.get(UNKNOWN),
        400: await pub.get("/earthstar-api/v1/%/documents"),
        415: await pub.post([], content_encoding="br"),
        204: await pub.ask("OPTIONS", DOCUMENTS),
    }
    assert {status: one.status for status, one in answers.items()} == {
        status: status for status in answers
    }
    assert {one.headers.get(ALLOW) for one in answers.values()} == {"*"}
    assert {one.headers.get_all("vary") for one in answers.values()} <= {
        (),
        ("Access-Control-Request-Headers",),
    }


@pytest.mark.parametrize("target", [DOCUMENTS, PATHS, UNKNOWN, "/", "/any/thing"])
async def test_a_preflight_is_answered_as_express_does(target, pub):
    answer = await pub.ask(
        "OPTIONS",
        target,
        origin=APP,
        access_control_request_method="POST",
        access_control_request_headers="content-type,x-other",
    )
    assert (answer.status, answer.body) == (204, b"")
    assert list(answer.headers) == [
        ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
        ("vary", "Access-Control-Request-Headers"),
        ("access-control-allow-headers", "content-type,x-other"),
        (ALLOW, "*"),
    ]


async def test_a_preflight_that_asks_for_no_headers(pub):
    answer = await pub.ask("OPTIONS", DOCUMENTS)
    assert "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (APP, APP),
        ("null", "null"),
        ("https://other.example", None),
        ("https://app.example.evil", None),
        ("http://app.example", None),
        ("*", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_named_origins_are_told_apart(method, origin, allowed, tmp_path):
    with serving(tmp_path, NAMED) as pub:
        more = {"origin": origin} if origin else {}
        answer = await pub.ask(method, DOCUMENTS, b"", **more)
        assert answer.headers.get(ALLOW) == allowed
        assert "Origin" in answer.headers.get_all("vary")


async def test_errors_of_named_origins_can_be_read_too(tmp_path):
    with serving(tmp_path, NAMED) as pub:
        for answer in (
            await pub.get(UNKNOWN, origin=APP),
            await pub.post([], UNKNOWN, origin=APP),
            await pub.post([], content_encoding="br", origin=APP),
        ):
            assert answer.headers.get(ALLOW) == APP


async def test_no_origin_at_all_may_be_named(tmp_path):
    with serving(tmp_path, PubSettings(browser_origins=())) as pub:
        answer = await pub.get(origin=APP)
        assert (answer.status, answer.headers.get(ALLOW)) == (200, None)


async def test_nobody_is_asked_for_credentials(pub):
    answer = await pub.ask("OPTIONS", DOCUMENTS, origin=APP)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("target", ["/", "/healthz"])
async def test_pages_for_people_are_no_api(target, pub):
    assert ALLOW not in (await pub.get(target, origin=APP)).headers
