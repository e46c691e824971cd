"""Everything the operator's tools can reach, put together.

Whoever may open the socket may do everything; the socket's mode decides who that is.
What a browser sends is refused whatever it asks for, because one day somebody will put
a TCP proxy before the socket, and then any web page could use it. Each call that may
change something is logged by its route and its caller, never by its path.
"""

import logging
from collections.abc import Mapping
from importlib import resources

from esd.control.configuration import ConfigurationResource
from esd.control.documents import DocumentsResource
from esd.control.events import EventsResource
from esd.control.identities import IdentitiesResource
from esd.control.node import Node
from esd.control.peers import PeersResource
from esd.control.refusing import Refusal, status_problem
from esd.control.status import StatusResource
from esd.control.syncs import SyncsResource
from esd.control.wire_ids import Connect, WireIdsResource, connect_to
from esd.control.workspaces import WorkspacesResource
from esd.errors import OperatorMustAct
from esd.formats import InvalidAddress, WorkspaceAddress
from esd.web import Request, Response, Route, Router

__all__ = ["Control"]

log = logging.getLogger(__name__)

API = "1"
HOSTS = ("", "esd", "localhost")
BROWSERS_SEND = ("origin", "referer", "sec-fetch-site", "sec-fetch-mode")
READING = ("GET", "HEAD")


class Control:
    """`handle` answers requests; `refuse` words what went wrong before one was read."""

    def __init__(self, node: Node, connect: Connect = connect_to) -> None:
        self._always = (
            ("Esd-Version", node.version),
            ("Esd-Api", API),
            ("Cache-Control", "no-store"),
        )
        self.routes = _routes(node, connect)
        self._route = Router(self.routes, fallback=_unknown)

    async def handle(self, request: Request) -> Response:
        try:
            _check_caller(request)
            _check_target(request)
            response = await self._route(request)
        except Refusal as refusal:
            response = refusal.response()
        except OperatorMustAct as exc:
            response = Refusal(
                status=507,
                code="state-unusable",
                title="The state cannot be used as it is",
                detail=str(exc),
                hint=exc.hint,
            ).response()
        if request.method not in READING:
            pattern = self._route.pattern_of(request) or "an unknown route"
            caller, status = request.remote, response.status
            log.info("%s %s: %d, for %s", request.method, pattern, status, caller)
        return self._marked(response)

    def refuse(self, _request: Request, status: int, reason: str) -> Response:
        return self._marked(status_problem(status, reason))

    def _marked(self, response: Response) -> Response:
        headers = (*response.headers, *self._always)
        return Response(status=response.status, headers=headers, body=response.body)


def _routes(node: Node, connect: Connect) -> list[Route]:
    return [
        Route("GET", "/v1/openapi.json", _openapi),
        *StatusResource(node).routes(),
        *PeersResource(node).routes(),
        *WorkspacesResource(node).routes(),
        *WireIdsResource(node, connect).routes(),
        *SyncsResource(node).routes(),
        *EventsResource(node).routes(),
        *DocumentsResource(node).routes(),
        *IdentitiesResource(node).routes(),
        *ConfigurationResource(node).routes(),
    ]


async def _openapi(_request: Request, _captured: Mapping[str, str]) -> Response:
    """This API, written down."""
    body = resources.files("esd.control").joinpath("openapi.json").read_bytes()
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    return Response(status=200, headers=headers, body=body)


def _check_caller(request: Request) -> None:
    host = request.headers.get("host", "").rpartition(":")
    name = host[0] if host[2].isdecimal() else "".join(host)
    if name.lower() in HOSTS and not any(n in request.headers for n in BROWSERS_SEND):
        return
    raise Refusal(
        status=403,
        code="browser-refused",
        title="This API is not for browsers",
        hint="use esdctl, or curl --unix-socket with the host esd and no Origin",
    )


def _check_target(request: Request) -> None:
    """An address in a URL ends up in a log or a shell's history sooner or later."""
    said = [*request.path, *(part for pair in request.query for part in pair)]
    if any(map(_is_address, said)):
        raise Refusal(
            status=400,
            code="address-in-url",
            title="A workspace address must not stand in a URL",
            hint="name the workspace by its local id or alias: esdctl workspace list",
        )


def _is_address(text: str) -> bool:
    try:
        WorkspaceAddress.parse(text.lower())
    except InvalidAddress:
        return False
    return True


async def _unknown(request: Request, allowed: tuple[str, ...]) -> Response:
    if not allowed:
        hint = "what there is: GET /v1/openapi.json"
        if "documents" in request.path:
            hint = "write a document's path as one segment, its slashes as %2F"
        return Refusal(
            status=404,
            code="route-not-found",
            title="There is nothing here",
            hint=hint,
        ).response()
    told = ", ".join(allowed)
    response = Refusal(
        status=405,
        code="method-not-allowed",
        title="This method is not for this place",
        hint=f"here one can: {told}",
    ).response()
    headers = (*response.headers, ("Allow", told))
    return Response(status=405, headers=headers, body=response.body)
