"""Which pages of other origins may talk to us from a browser.

A pub of the browser apps allows all, and says so on every answer, errors too: without
the header the page cannot even read the error. An operator may name the origins
instead; then only they get it, and caches are told that the answer depends on who asks.

This is no access control: whoever knows a workspace's address may read it, and any
program that is no browser does not ask. It keeps other people's pages out.
"""

from collections.abc import Sequence

from esd.web import Request, Response

__all__ = ["Cors"]

METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE"  # as earthstar-pub, whose clients expect it


class Cors:
    """The headers of one configuration (`origins` holds `*` for all)."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._all = "*" in origins
        self._origins = frozenset(origins)

    def preflight(self, request: Request) -> Response:
        asked = request.headers.get("access-control-request-headers", "")
        headers = (
            ("Access-Control-Allow-Methods", METHODS),
            ("Vary", "Access-Control-Request-Headers"),
            *((("Access-Control-Allow-Headers", asked),) if asked else ()),
        )
        return self.added(request, Response(status=204, headers=headers))

    def added(self, request: Request, response: Response) -> Response:
        """*response* with what a browser must know."""
        headers = (*response.headers, *self._headers(request))
        return Response(status=response.status, headers=headers, body=response.body)

    def _headers(self, request: Request) -> tuple[tuple[str, str], ...]:
        if self._all:
            return (("Access-Control-Allow-Origin", "*"),)
        origin = request.headers.get("origin", "")
        allowed = (("Access-Control-Allow-Origin", origin),)
        return (*(allowed if origin in self._origins else ()), ("Vary", "Origin"))
