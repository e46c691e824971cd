"""Everything peers can reach, put together: routes, CORS, and who asks too much.

One handler serves every connection of the public listeners. Two ways of asking live
side by side: that of earthstar-pub, whose refusals are worded for its clients and whose
answers browsers may read; and our own, which browsers may not ask at all.
"""

import math
from collections.abc import Callable, Mapping

from esd.pub import pages, problems
from esd.pub.answers import is_v1, refusal
from esd.pub.cors import Cors
from esd.pub.problems import is_sync
from esd.pub.serving import Lasting, Serving
from esd.pub.settings import PubSettings
from esd.pub.stream import Streams
from esd.pub.sync_v1 import SyncV1
from esd.pub.v1 import V1
from esd.replica import Bounds, Replicas
from esd.web import Limits, Request, Response, Route, Router, text

__all__ = ["Pub"]


class Pub:
    """`handle` answers requests; `refuse` words what went wrong before one was read."""

    def __init__(
        self,
        replicas: Replicas,
        settings: PubSettings,
        limits: Limits,
        bounds: Bounds,
        lasting: Lasting,
        now: Callable[[], int],
    ) -> None:
        serving = Serving(replicas, settings, limits, bounds, lasting, now)
        streams = Streams(serving)
        self._cors = Cors(settings.browser_origins)
        self._settings = settings
        self._rates = serving.rates
        self._route = Router(
            [
                *V1(serving).routes(),
                *streams.routes(),
                *(SyncV1(serving, streams).routes() if settings.salt else ()),
                Route("GET", "/", self._home),
                Route("GET", "/healthz", self._healthz),
            ],
            fallback=self._unknown,
        )

    async def handle(self, request: Request) -> Response:
        if is_sync(request):
            return await self._handle_sync(request)
        wait = self._rates.wait(request)
        if wait:
            response = _too_many(request, wait)
        elif request.method == "OPTIONS":
            return self._cors.preflight(request)
        else:
            response = await self._route(request)
        return self._cors.added(request, response) if is_v1(request) else response

    async def _handle_sync(self, request: Request) -> Response:
        wait = await self._rates.kept_waiting(request)
        if wait:
            return problems.refusal(429, "too many requests", wait)
        return await self._route(request)

    def refuse(self, request: Request, status: int, reason: str) -> Response:
        if not request.method:
            # Nobody asked for anything yet; and it must not be cheaper than asking.
            wait = self._rates.wait(request)
            return _too_many(request, wait) if wait else text(status, reason)
        if is_sync(request):
            return problems.refusal(status, reason)
        response = refusal(request, status, reason)
        return self._cors.added(request, response) if is_v1(request) else response

    async def _home(self, _request: Request, _captured: Mapping[str, str]) -> Response:
        return pages.home(self._settings.title, self._settings.notes)

    async def _healthz(
        self, _request: Request, _captured: Mapping[str, str]
    ) -> Response:
        return pages.healthz()

    async def _unknown(self, request: Request, allowed: tuple[str, ...]) -> Response:
        if is_sync(request):
            return problems.not_here(request, allowed)
        # Express knows no 405. Clients of earthstar-graphql take the 404 to their
        # POST / as the sign that this is a pub.
        return text(404, "Not Found")


def _too_many(request: Request, wait: float) -> Response:
    response = refusal(request, 429, "too many requests")
    headers = (*response.headers, ("Retry-After", str(math.ceil(wait))))
    return Response(status=429, headers=headers, body=response.body)
