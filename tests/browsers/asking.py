"""What pages may ask of a pub by `fetch`, in each way that a browser tells apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.browsers.chromium import Page

GARDEN = "+garden.inbrowsers"
DOCUMENTS = f"/earthstar-api/v1/{GARDEN}/documents"

REFUSED = "TypeError: Failed to fetch"  # by the browser: that is all a page is told
JSON = {"Content-Type": "application/json"}

Options = Mapping[str, object]
"""The second argument of a page's `fetch`."""

PUSH: Options = {"method": "POST", "body": "[]", "headers": JSON}

Preflight = tuple[str, str | None]
"""What it asks for: the method, and the headers."""

FOR_A_PUSH: Preflight = ("POST", "content-type")


async def ask(page: Page, url: str, options: Options) -> int | str:
    """The status, or why the page may not know it."""
    answer: int | str = await page.call(
        "((...what) => fetch(...what).then((answer) => answer.status, String))",
        url,
        options,
    )
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    options: Options
    preflight: Preflight
    status: int = 200


def a_get(headers: Mapping[str, str], asked: str) -> Variant:
    return Variant(options={"headers": headers}, preflight=("GET", asked))


def no_such(method: str) -> Variant:
    return Variant(options={"method": method}, preflight=(method, None), status=404)


VARIANTS = {
    "a push": Variant(options=PUSH, preflight=FOR_A_PUSH),
    "a push that outlives its page": Variant(
        options={**PUSH, "keepalive": True}, preflight=FOR_A_PUSH
    ),
    "a push with headers of its own": Variant(
        options={**PUSH, "headers": {**JSON, "X-App": "wiki"}},
        preflight=("POST", "content-type,x-app"),
    ),
    "a question with an etag": a_get({"If-None-Match": '"x"'}, "if-none-match"),
    "a question with a password": a_get({"Authorization": "Basic x"}, "authorization"),
    "a question from an event on": a_get({"Last-Event-ID": "x.1"}, "last-event-id"),
    "a question for the last bytes": a_get({"Range": "bytes=-9"}, "range"),
    "headers in the order of their names": a_get(
        {"X-B": "1", "Authorization": "Basic x", "X-A": "2", "Accept": "a/b"},
        "authorization,x-a,x-b",
    ),
    "a common header of uncommon length": a_get({"Accept": 200 * "a"}, "accept"),
    "PUT": no_such("PUT"),
    "PATCH": no_such("PATCH"),
    "DELETE": no_such("DELETE"),
}


# What a form could send...
SIMPLE: dict[str, Options] = {
    "a pull": {},
    "a pull past the browser's cache": {"cache": "no-store"},
    "a look at the headers": {"method": "HEAD"},
    "a push as text": {"method": "POST", "body": "[]"},
}

# What a preflight must say no to...
KEPT_BACK: dict[str, Options] = {
    "a method that nobody allowed": {"method": "PURGE"},
    "PATCH in small letters": {"method": "patch"},
    "a push with cookies": {**PUSH, "credentials": "include"},
}
