"""A pub that remembers what it was asked: which preflights a browser sends, if any."""

from dataclasses import dataclass, field

import trio

from esd.web import Drain, Request, Response, remote_of, serve_connection
from tests.daemons import Running

METHOD = "access-control-request-method"
HEADERS = "access-control-request-headers"


@dataclass(slots=True)
class Recorded:
    """The pub of a daemon, at an address of its own."""

    esd: Running
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    @property
    def preflights(self) -> list[tuple[str | None, str | None]]:
        """What each asked for: the method, and the headers."""
        return [
            (request.headers.get(METHOD), request.headers.get(HEADERS))
            for request in self.requests
            if request.method == "OPTIONS"
        ]

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        task_status.started()
        await trio.serve_listeners(self._serve, listeners)

    async def _serve(self, stream: trio.SocketStream) -> None:
        await serve_connection(
            stream,
            self._handle,
            limits=self.esd.daemon.config.limits,
            drain=Drain(),
            remote=remote_of(stream),
            on_error=self.esd.daemon.pub.refuse,
        )

    async def _handle(self, request: Request) -> Response:
        self.requests.append(request)
        response = await self.esd.daemon.pub.handle(request)
        self.statuses.append(response.status)
        return response


async def record(esd: Running, nursery: trio.Nursery) -> Recorded:
    """Begin to serve *esd*'s pub so."""
    pub = Recorded(esd)
    await nursery.start(pub.run)
    return pub
