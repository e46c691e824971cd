"""The API of earthstar-pub: a list to pull from, and a place to push to.

What it answers is what earthstar-pub 6.0.5 answers, so that its clients cannot tell. We
are stricter in one thing (there is no unauthenticated delete) and better in three: a
list of any length is streamed from short reads, a push is taken in while it arrives,
and "nothing new" costs neither side more than a header.

A pushed body is read whatever its type says, as pubs do. Documents before a fault in it
stay stored, and the answer counts them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import trio

from esd.errors import OperatorMustAct, PeerMisbehaved
from esd.formats import InvalidAddress, MalformedBody, WorkspaceAddress
from esd.pub.answers import stats
from esd.pub.conditional import is_named
from esd.replica import (
    QUOTA,
    Bounds,
    Intake,
    Replica,
    Replicas,
    Tally,
    TooManyWorkspaces,
    take_in,
)
from esd.web import Request, Response, Route, text

__all__ = ["PUSHED", "V1", "PubSettings"]

PUSHED = "*"  # the origin of what anonymous peers push to us; no peer's name
DOCUMENTS = "/earthstar-api/v1/{workspace}/documents"
PATHS = "/earthstar-api/v1/{workspace}/paths"
_JSON = ("Content-Type", "application/json; charset=utf-8")

# The standard library's parser needs half a second for the worst 16 KiB of a header.
_CHARSET = re.compile(r';[ \t]*+charset[ \t]*+=[ \t]*+"?+([^ \t";]++)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PubSettings:
    """What the operator decided about serving peers."""

    creates: bool = False  # a push to an unknown workspace makes it
    readonly: bool = False
    title: str = ""
    notes: str = ""
    browser_origins: tuple[str, ...] = ("*",)


class V1:
    """The handlers; `routes` says which is where. `charge` is told what a push cost."""

    def __init__(
        self,
        replicas: Replicas,
        settings: PubSettings,
        bounds: Bounds,
        slots: trio.CapacityLimiter,
        now: Callable[[], int],
        charge: Callable[[Request, Tally], None],
    ) -> None:
        self._replicas = replicas
        self._settings = settings
        self._bounds = bounds
        self._slots = slots
        self._now = now
        self._charge = charge

    def routes(self) -> list[Route]:
        return [
            Route("GET", DOCUMENTS, self.documents),
            Route("POST", DOCUMENTS, self.push),
            Route("GET", PATHS, self.paths),
        ]

    async def documents(
        self, request: Request, captured: Mapping[str, str]
    ) -> Response:
        """All living documents, history included."""
        replica = self._find(captured)
        if replica is None:
            return text(404, "Not Found")
        now = self._now()
        listing = self._replicas.listing(replica)
        etag = replica.etag(now)
        if is_named(etag, request.headers.get_all("if-none-match")):
            return Response(status=304, headers=(("ETag", etag),))
        body = listing.whole(now) or listing.pieces(now)
        return Response(status=200, headers=(_JSON, ("ETag", etag)), body=body)

    async def paths(self, request: Request, captured: Mapping[str, str]) -> Response:
        """The paths of all living documents."""
        replica = self._find(captured)
        if replica is None:
            return text(404, "Not Found")
        now = self._now()
        etag = replica.etag(now)
        if is_named(etag, request.headers.get_all("if-none-match")):
            return Response(status=304, headers=(("ETag", etag),))
        body = self._replicas.listing(replica).paths(now)
        return Response(status=200, headers=(_JSON, ("ETag", etag)), body=body)

    async def push(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Take in documents, each on its own merits."""
        if self._settings.readonly:
            return stats(403)
        _check_charset(request)
        try:
            replica = self._find(captured) or self._create(captured)
        except (TooManyWorkspaces, OperatorMustAct):
            return stats(507)
        if replica is None:
            return stats(404)
        intake = Intake(
            replica,
            origin=PUSHED,
            now=self._now(),
            slots=self._slots,
            most=self._bounds.documents_per_request,
        )
        try:
            status = await _taken_in(intake, request)
        finally:  # whoever leaves before the answer has cost us the same
            self._charge(request, intake.tally)
        return stats(status, intake.tally)

    def _find(self, captured: Mapping[str, str]) -> Replica | None:
        try:
            return self._replicas.get(WorkspaceAddress.parse(captured["workspace"]))
        except InvalidAddress:
            return None

    def _create(self, captured: Mapping[str, str]) -> Replica | None:
        if not self._settings.creates:
            return None
        try:
            return self._replicas.add(WorkspaceAddress.parse(captured["workspace"]))
        except InvalidAddress:
            return None


async def _taken_in(intake: Intake, request: Request) -> int:
    """The status for what became of the body; the tally tells the rest."""
    try:
        await take_in(intake, request.body)
    except MalformedBody:
        return 400
    except PeerMisbehaved as exc:
        return exc.status_hint
    except OperatorMustAct:
        return 507
    return 507 if intake.tally.rejected[QUOTA] else 200


def _check_charset(request: Request) -> None:
    """A pub reads UTF-8 only, whatever else the type says."""
    named = _CHARSET.search(request.headers.get("content-type", ""))
    if named and not named[1].lower().startswith("utf-"):
        raise PeerMisbehaved("only UTF-8 is taken", status_hint=415)
