"""Everything peers can reach, put together: routes, CORS, and who asks too much.

One handler serves every connection of the public listeners. Whoever asks more than the
operator allows gets 429 with the time to wait; documents that had to be verified count
as well as requests, and those that were verified in vain count most. Local callers are
not counted: they share one address, and a reverse proxy is one of them.
"""

import math
from collections.abc import Callable, Mapping

import trio

from esd.pub import pages
from esd.pub.answers import is_v1, refusal
from esd.pub.cors import Cors
from esd.pub.v1 import V1, PubSettings
from esd.replica import Bounds, Replicas, Tally
from esd.web import Buckets, Limits, Request, Response, Route, Router, text
from esd.web.buckets import is_local

__all__ = ["Pub"]

# What is stored costs a thousandth of a request: it is what we are here for. What is
# rejected cost us a signature check for nothing.
DOCUMENTS_A_REQUEST = 1_000
REJECTED_A_REQUEST = 20


class Pub:
    """`handle` answers requests; `refuse` words what went wrong before one was read."""

    def __init__(
        self,
        replicas: Replicas,
        settings: PubSettings,
        limits: Limits,
        bounds: Bounds,
        slots: trio.CapacityLimiter,
        now: Callable[[], int],
    ) -> None:
        v1 = V1(replicas, settings, bounds, slots, now, self._charge)
        self._cors = Cors(settings.browser_origins)
        self._settings = settings
        self._buckets = Buckets(limits.requests_per_second, limits.request_burst)
        self._route = Router(
            [
                *v1.routes(),
                Route("GET", "/", self._home),
                Route("GET", "/healthz", self._healthz),
            ],
            fallback=self._unknown,
        )

    async def handle(self, request: Request) -> Response:
        wait = self._wait(request)
        if wait:
            response = refusal(request, 429, "too many requests")
            retry = ("Retry-After", str(math.ceil(wait)))
            response = Response(
                status=429, headers=(*response.headers, retry), body=response.body
            )
        elif request.method == "OPTIONS":
            return self._cors.preflight(request)
        else:
            response = await self._route(request)
        return self._cors.added(request, response) if is_v1(request) else response

    def refuse(self, request: Request | None, status: int, reason: str) -> Response:
        response = refusal(request, status, reason)
        return self._cors.added(request, response) if is_v1(request) else response

    def _wait(self, request: Request) -> float:
        if is_local(request.remote):
            return 0.0
        return self._buckets.take(request.remote, trio.current_time())

    def _charge(self, request: Request, tally: Tally) -> None:
        cost = tally.accepted / DOCUMENTS_A_REQUEST + tally.invalid / REJECTED_A_REQUEST
        if not is_local(request.remote):
            self._buckets.charge(request.remote, trio.current_time(), cost)

    async def _home(self, _request: Request, _captured: Mapping[str, str]) -> Response:
        return pages.home(self._settings.title, self._settings.notes)

    async def _healthz(
        self, _request: Request, _captured: Mapping[str, str]
    ) -> Response:
        return pages.healthz()

    async def _unknown(self, _request: Request, _allowed: tuple[str, ...]) -> Response:
        # Express knows no 405. Clients of earthstar-graphql take the 404 to their
        # POST / as the sign that this is a pub.
        return text(404, "Not Found")
