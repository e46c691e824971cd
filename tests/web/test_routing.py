"""Routes match as Express matches them."""

import pytest

from esd.web import Request, Response, Route, Router, text


def named(name):
    async def handler(request, captured):
        given = "".join(f" {key}={value}" for key, value in captured.items())
        return text(200, f"{name} {request.method}{given}")

    return handler


DOCUMENTS = "/earthstar-api/v1/{workspace}/documents"

ROUTES = [
    Route("GET", "/", named("home")),
    Route("GET", DOCUMENTS, named("pull")),
    Route("POST", DOCUMENTS, named("push")),
    Route("GET", "/things/special", named("special")),
    Route("GET", "/things/{thing}", named("thing")),
    Route("DELETE", "/things/{thing}", named("remove")),
    Route("HEAD", "/own", named("head")),
    Route("GET", "/own", named("get")),
    Route("POST", "/Mixed/{A}/{B}/", named("mixed")),
]


async def ask(method, target, router=None):
    request = Request(method=method, target=target)
    return await (router or Router(ROUTES))(request)


@pytest.mark.parametrize(
    ("method", "target", "answer"),
    [
        ("GET", "/", b"home GET"),
        ("GET", "", b"home GET"),
        ("GET", "/?x=y", b"home GET"),
        ("HEAD", "/", b"home HEAD"),
        ("GET", "/earthstar-api/v1/+a.b/documents", b"pull GET workspace=+a.b"),
        ("GET", "/earthstar-api/v1/%2Ba.b/documents", b"pull GET workspace=+a.b"),
        ("POST", "/earthstar-api/v1/+a.b/documents/", b"push POST workspace=+a.b"),
        ("GET", "/EARTHSTAR-API/V1/+A.b/Documents", b"pull GET workspace=+A.b"),
        ("GET", "/things/special", b"special GET"),
        ("GET", "/things/other", b"thing GET thing=other"),
        ("GET", "/things/a%2Fb%20+", b"thing GET thing=a/b +"),
        ("DELETE", "/things/special", b"remove DELETE thing=special"),
        ("HEAD", "/own", b"head HEAD"),
        ("POST", "/mixed/X/y", b"mixed POST A=X B=y"),
    ],
)
async def test_a_route_is_found(method, target, answer):
    assert (await ask(method, target)).body == answer


@pytest.mark.parametrize(
    "target",
    [
        "//",
        "/things",
        "/things/",
        "/things//",
        "/things/a//",
        "//things/a",
        "/things//a",
        "/things/a/b",
        "/earthstar-api/v1//documents",
        "/earthstar-api/v1/documents",
        "/graphql",
        "*",
    ],
)
async def test_what_no_pattern_matches_is_404(target):
    assert (await ask("GET", target)).status == 404


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("DELETE", "/earthstar-api/v1/+a.b/documents", "GET, HEAD, POST"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/things/special", "DELETE, GET, HEAD"),
        ("HEAD", "/mixed/a/b", "POST"),
    ],
)
async def test_another_method_is_405_with_the_allowed_ones(method, target, allow):
    response = await ask(method, target)
    assert response.status == 405
    assert dict(response.headers)["Allow"] == allow


async def test_a_fallback_words_both():
    async def fallback(request, allowed):
        return Response(status=404, body=f"Cannot {request.method} {allowed}".encode())

    router = Router(ROUTES, fallback)
    assert (await ask("POST", "/", router)).body == b"Cannot POST ('GET', 'HEAD')"
    assert (await ask("GET", "/none", router)).body == b"Cannot GET ()"


@pytest.mark.parametrize(
    ("method", "target", "pattern"),
    [
        ("GET", "/earthstar-api/v1/+a.b/documents/", DOCUMENTS),
        ("HEAD", "/things/x", "/things/{thing}"),
        ("PUT", "/things/x", ""),
        ("GET", "/none", ""),
        ("GET", "/%zz", ""),
    ],
)
def test_the_pattern_names_a_route_without_its_content(method, target, pattern):
    request = Request(method=method, target=target)
    assert Router(ROUTES).pattern_of(request) == pattern
