"""A real wire whose answers are altered on the way: what no honest peer would say."""

from collections.abc import Callable

import httpx

from esd.sync import Client, PeerSettings, RunLimits
from tests.daemons import Connect
from tests.plain_http import plain_transport

__all__ = ["Alter", "Altered", "altering"]

Alter = Callable[[httpx.Request, int, bytes], tuple[int, bytes]]
"""From the request, the status and the body of the answer to other ones."""

KEPT = ("content-type", "etag", "date")


class Altered(httpx.AsyncBaseTransport):
    """`seen` are (method, path) of all requests."""

    def __init__(self, alter: Alter) -> None:
        self.seen: list[tuple[str, str]] = []
        self._alter = alter
        self._http = plain_transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._http.handle_async_request(request)
        self.seen.append((request.method, request.url.path))
        body = await response.aread()
        status, body = self._alter(request, response.status_code, body)
        headers = {
            name: value for name, value in response.headers.items() if name in KEPT
        }
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    async def aclose(self) -> None:
        await self._http.aclose()


def altering(alter: Alter) -> tuple[Connect, list[Altered]]:
    """How a daemon connects to its peers, and the wires made so far."""
    made: list[Altered] = []

    def connect(peer: PeerSettings, limits: RunLimits) -> Client:
        made.append(Altered(alter))
        return Client(peer.url, limits, key=peer.key, transport=made[-1])

    return connect, made
