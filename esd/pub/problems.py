"""How our own protocol says no: one table of everything that can be wrong.

A refusal names the rule, never what was offered: a value may be anything, and an
answer may end in somebody's log. A workspace that is not named, not named well, not
here or not for this caller is one and the same refusal, to the byte.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from esd.errors import PeerMisbehaved
from esd.web import Request, Response, problem

__all__ = ["PREFIX", "Refused", "is_sync", "not_here", "refusal", "worded"]

PREFIX = "/earthstar-sync/v1/"
_OURS = "/earthstar-sync/"

NOTHING_MORE: Mapping[str, object] = {}
BUSY_FOR = 5  # seconds after which asking again is worth it


class _Rule(NamedTuple):
    status: int
    title: str
    hint: str = ""


_RULES = {
    "bad-hashes": _Rule(400, "hashes are a list of b and 52 base32 characters each"),
    "bad-message": _Rule(400, "this is no message of Negentropy that can be answered"),
    "bad-query": _Rule(400, "these queries cannot be answered"),
    "bad-request": _Rule(400, "the request is not what is asked for here"),
    "bad-time": _Rule(
        400, "the hour is more than a day off", "compare the clock with the Date here"
    ),
    "browser": _Rule(403, "browsers have no business here"),
    "busy": _Rule(503, "too many ask for this at once", "come again later"),
    "closed": _Rule(403, "no workspaces are made here for others"),
    "gone": _Rule(410, "the place to go on from is gone", "begin at the beginning"),
    "method": _Rule(405, "this is asked for in another way"),
    "not-found": _Rule(404, "there is no such question"),
    "readonly": _Rule(403, "documents are only given here, not taken"),
    "stale-query": _Rule(
        409, "the queries here are others by now", "ask again with these"
    ),
    "storage-full": _Rule(507, "there is no room"),
    "too-many-documents": _Rule(413, "too many documents in one request"),
    "too-many-hashes": _Rule(413, "too many hashes in one request", "see the hello"),
    "unknown-key": _Rule(401, "the key is not one of a peer"),
    "unknown-workspace": _Rule(
        404, "there is no such workspace here", "read the hello again: names change"
    ),
    "unsupported-type": _Rule(415, "the body must be application/vnd.negentropy"),
    "wrong-host": _Rule(
        421, "this server has another name", "its operator decides on its names"
    ),
}

_BY_STATUS = {
    401: "unknown-key",
    403: "forbidden",
    404: "not-found",
    408: "too-slow",
    413: "too-large",
    415: "unsupported-type",
    429: "too-many-requests",
    503: "busy",
    507: "storage-full",
}


class Refused(PeerMisbehaved):
    """The answer is no, for the reason of that code. `more` are further members."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int = 0,
        more: Mapping[str, object] = NOTHING_MORE,
    ) -> None:
        rule = _RULES[code]
        super().__init__(rule.title, status_hint=status or rule.status)
        self.code = code
        self.detail = detail
        self.more = more


def worded(exc: Refused) -> Response:
    rule, status = _RULES[exc.code], exc.status_hint
    response = problem(
        status, exc.code, rule.title, exc.detail, rule.hint, (), **exc.more
    )
    if status == 401:
        return _with(response, "WWW-Authenticate", "Bearer")
    return _with(response, "Retry-After", str(BUSY_FOR)) if status == 503 else response


def is_sync(request: Request) -> bool:
    """Whether it is about our own protocol, as far as the target tells."""
    return request.target.lower().startswith(_OURS)


def refusal(
    status: int,
    reason: str,
    wait: float = 0.0,
    more: Mapping[str, object] = NOTHING_MORE,
) -> Response:
    """Word what went wrong before a question was understood."""
    code = _BY_STATUS.get(status, "internal" if status >= 500 else "bad-request")
    response = problem(status, code, reason, "", "", (), **more)
    if not wait and status == 503:
        wait = BUSY_FOR
    return _with(response, "Retry-After", str(math.ceil(wait))) if wait else response


def not_here(request: Request, allowed: Sequence[str]) -> Response:
    """There is no such question; or it is asked with one of the *allowed* methods."""
    if "origin" in request.headers:
        return worded(Refused("browser"))
    if not allowed:
        return worded(Refused("not-found"))
    return _with(worded(Refused("method")), "Allow", ", ".join(allowed))


def _with(response: Response, name: str, value: str) -> Response:
    headers = (*response.headers, (name, value))
    return Response(status=response.status, headers=headers, body=response.body)
