"""A workspace's name at a server, for tools that speak earthstar-sync by themselves.

Such a name is good at one server, as dialled by one name (formats/wire_ids), so that
server is asked for its salt. It is asked for nothing else, and learns of no workspace.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import msgspec
import trio

from esd.control.asking import Asked, Parameters, read_body
from esd.control.node import Node
from esd.control.refusing import Refusal, invalid
from esd.control.workspaces import replica_named
from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.formats.wire_ids import wire_id
from esd.sync import Client, RunLimits
from esd.sync.acquaintance import Acquaintance
from esd.sync.answers import PeerMoved
from esd.web import Request, Response, Route, json_response

__all__ = ["Connect", "WireIdsResource", "connect_to"]

Connect = Callable[[str], Client]
"""A client of the server at that url."""

PATIENCE = 10.0  # seconds for one small answer; somebody waits at a terminal
HEADER = "Earthstar-Workspace"

# A root and nothing else: no user, no query, and no workspace copied along with it.
_ROOT = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[a-z0-9._~-]+)*)/?",
    re.IGNORECASE | re.ASCII,
)
ROOT_WANTED = "must be a server's root, such as https://pub.example.org"


class IdAsked(Asked, frozen=True, kw_only=True):
    url: str = msgspec.field(name="for")


class IdShape(msgspec.Struct, frozen=True, kw_only=True):
    """`host` is what must be dialled for the name to be known."""

    header: str
    id: str
    host: str


def connect_to(url: str) -> Client:
    return Client(url, RunLimits())


@dataclass(frozen=True, slots=True)
class WireIdsResource:
    node: Node
    connect: Connect

    def routes(self) -> list[Route]:
        return [Route("POST", "/v1/workspaces/{workspace}/id", self.show)]

    async def show(self, request: Request, captured: Mapping[str, str]) -> Response:
        Parameters(request)
        asked = await read_body(request, IdAsked)
        replica = replica_named(self.node, captured["workspace"])
        salt, host = await self._greet(_root(asked.url))
        name = wire_id(await replica.make_wire_key(), salt, host)
        shape = IdShape(header=f"{HEADER}: {name}", id=name, host=host)
        return json_response(200, shape)

    async def _greet(self, url: str) -> tuple[bytes, str]:
        """The salt of the server there, and the host that it is dialled as."""
        try:
            with trio.fail_after(PATIENCE):
                return await self._ask(url)
        except trio.TooSlowError:
            raise _unanswered(
                504, "peer-silent", f"it did not answer within {PATIENCE:g} s"
            ) from None
        except PeerUnavailable as exc:
            raise _unanswered(502, "peer-unavailable", exc.reason, exc.hint) from exc
        except PeerMisbehaved as exc:
            raise _unanswered(502, "peer-misbehaved", exc.reason, exc.hint) from exc
        except PeerMoved as exc:
            hint = f"ask for it at {exc.origin or 'its new place'}"
            raise _unanswered(502, "peer-moved", str(exc), hint) from exc

    async def _ask(self, url: str) -> tuple[bytes, str]:
        known = Acquaintance(url)
        async with self.connect(url) as client:
            if await known.greet(client):
                assert known.hello is not None
                return known.hello.salt_bytes, client.authority
        raise PeerMisbehaved(
            "it does not speak earthstar-sync",
            hint="is its url right? a classic pub knows workspaces by address only",
        )


def _unanswered(status: int, code: str, reason: str, hint: str = "") -> Refusal:
    return Refusal(
        status=status,
        code=code,
        title="The server did not say hello",
        detail=reason,
        hint=hint or "is it running, and is its url right?",
    )


def _root(url: str) -> str:
    """The url without a slash at its end, as a peer's is configured."""
    found = _ROOT.fullmatch(url)
    if found is None or not _can_be_dialled(found["host"], found["port"]):
        raise invalid("$.for", ROOT_WANTED)
    port = "" if found["port"] is None else f":{found['port']}"
    return f"{found['scheme']}://{found['host']}{port}".lower() + found["path"]


def _can_be_dialled(host: str, port: str | None) -> bool:
    if port is not None and int(port) > 65_535:
        return False
    if not host.startswith("[") and not host.replace(".", "").isdecimal():
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
