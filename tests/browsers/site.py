"""The web site that our pages come from: another origin than any esd.

`/<release>` is an app with that release of Earthstar, `/` a page that does nothing by
itself.
"""

from collections.abc import Mapping

import trio

from esd.web import (
    Drain,
    Limits,
    Request,
    Response,
    Route,
    Router,
    remote_of,
    serve_connection,
    text,
)
from tests.browsers.installed import BUNDLES, FOLDER

HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'


def _html(page: str) -> Response:
    headers = (("Content-Type", "text/html; charset=utf-8"),)
    return Response(status=200, headers=headers, body=page.encode())


def _script(body: bytes) -> Response:
    headers = (("Content-Type", "text/javascript; charset=utf-8"),)
    return Response(status=200, headers=headers, body=body)


async def _empty(_request: Request, _captured: Mapping[str, str]) -> Response:
    return _html(HEAD)


async def _app(_request: Request, captured: Mapping[str, str]) -> Response:
    bundle = f'<script src="/{captured["release"]}/bundle.js"></script>'
    return _html(f'{HEAD}{bundle}<script src="/app.js"></script>')


async def _our_script(_request: Request, _captured: Mapping[str, str]) -> Response:
    return _script((FOLDER / "app.js").read_bytes())


async def _bundle(_request: Request, captured: Mapping[str, str]) -> Response:
    return _script(BUNDLES[captured["release"]].read_bytes())


async def _nowhere(_request: Request, _allowed: tuple[str, ...]) -> Response:
    return text(404, "Not Found")


_ROUTES = (
    Route("GET", "/", _empty),
    Route("GET", "/app.js", _our_script),
    Route("GET", "/{release}", _app),
    Route("GET", "/{release}/bundle.js", _bundle),
)


async def run_site(
    *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve it on loopback; `started` gives its origin."""
    router = Router(list(_ROUTES), fallback=_nowhere)

    async def serve(stream: trio.SocketStream) -> None:
        await serve_connection(
            stream, router, limits=Limits(), drain=Drain(), remote=remote_of(stream)
        )

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    task_status.started(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")
    await trio.serve_listeners(serve, listeners)
