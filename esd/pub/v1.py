"""The API of earthstar-pub: a list to pull from, and a place to push to.

What it answers is what earthstar-pub 6.0.5 answers, so that its clients cannot tell. We
are stricter in one thing (there is no unauthenticated delete) and better in three: a
list of any length is streamed from short reads, a push is taken in while it arrives,
and "nothing new" costs neither side more than a header.

A pushed body is read whatever its type says, as pubs do. Documents before a fault in it
stay stored, and the answer counts them.
"""

import re
from collections.abc import Mapping

from esd.errors import OperatorMustAct, PeerMisbehaved
from esd.formats import Halves, InvalidAddress, MalformedBody, WorkspaceAddress
from esd.pub.answers import stats
from esd.pub.callers import Caller, halves_for
from esd.pub.conditional import is_named
from esd.pub.making import Opening
from esd.pub.queued import Queued
from esd.pub.removed import sent_while_held
from esd.pub.serving import Serving, given, origin_of, wanted
from esd.replica import QUOTA, Intake, Replica, TooManyWorkspaces, take_in
from esd.replica.large import NoTurn, Paced, TooSlow
from esd.web import Request, Response, Route, text

__all__ = ["V1"]

DOCUMENTS = "/earthstar-api/v1/{workspace}/documents"
PATHS = "/earthstar-api/v1/{workspace}/paths"
_JSON = ("Content-Type", "application/json; charset=utf-8")

# The standard library's parser needs half a second for the worst 16 KiB of a header.
_CHARSET = re.compile(r';[ \t]*+charset[ \t]*+=[ \t]*+"?+([^ \t";]++)', re.IGNORECASE)


class V1:
    """The handlers; `routes` says which is where."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

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
        found = self._shown(request, captured)
        if found is None:
            return text(404, "Not Found")
        replica, halves = found
        now = self._serving.now()
        shown = given(halves, now)
        etag = replica.etag(now, shown)
        if is_named(etag, request.headers.get_all("if-none-match")):
            return Response(status=304, headers=(("ETag", etag),))
        listing = self._serving.replicas.listing(replica)
        body = listing.whole(now, shown) or sent_while_held(listing.pieces(now, shown))
        return Response(status=200, headers=(_JSON, ("ETag", etag)), body=body)

    async def paths(self, request: Request, captured: Mapping[str, str]) -> Response:
        """The paths of all living documents."""
        found = self._shown(request, captured)
        if found is None:
            return text(404, "Not Found")
        replica, halves = found
        now = self._serving.now()
        shown = given(halves, now)
        etag = replica.etag(now, shown)
        if is_named(etag, request.headers.get_all("if-none-match")):
            return Response(status=304, headers=(("ETag", etag),))
        paths = self._serving.replicas.listing(replica).paths(now, shown)
        body = sent_while_held(paths)
        return Response(status=200, headers=(_JSON, ("ETag", etag)), body=body)

    async def push(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Take in documents, each on its own merits."""
        if self._serving.settings.readonly:
            return stats(403)
        _check_charset(request)
        caller = self._serving.callers.named(request)
        opening = Opening(request.body)
        try:
            found = self._find(captured)
            replica = found or await self._make(request, caller, captured, opening)
        except MalformedBody:
            return stats(400)
        except (TooManyWorkspaces, OperatorMustAct):
            return stats(507)
        halves = halves_for(replica, caller)
        if replica is None or halves is None:
            return stats(404)
        now = self._serving.now()
        intake = Intake(
            replica,
            origin=origin_of(replica, caller),
            now=now,
            slots=self._serving.lasting.slots,
            most=self._serving.bounds.documents_per_request,
            wanted=wanted(halves, now),
        )
        try:
            status = await _taken_in(intake, opening)
        finally:  # whoever leaves before the answer has cost us the same
            self._serving.rates.charge_documents(request, intake.tally)
        if status == 507 and not self._serving.holds(replica):
            status = 404
        return stats(status, intake.tally)

    def _shown(
        self, request: Request, captured: Mapping[str, str]
    ) -> tuple[Replica, Halves] | None:
        """The workspace, where it is there for whoever asks."""
        shared = self._serving.shared(request, captured)
        halves = shared.halves if shared is not None else None
        return (shared.replica, halves) if shared and halves else None

    def _find(self, captured: Mapping[str, str]) -> Replica | None:
        try:
            return self._serving.replicas.get(_address(captured))
        except InvalidAddress:
            return None

    async def _make(
        self,
        request: Request,
        caller: Caller | None,
        captured: Mapping[str, str],
        opening: Opening,
    ) -> Replica | None:
        serving = self._serving
        if not serving.settings.creates:
            return None
        try:
            address = _address(captured)
        except InvalidAddress:
            return None
        try:
            if not await opening.is_worth(serving.replicas, address, serving.now()):
                return None
        finally:
            serving.rates.charge_documents(request, opening.tally)
        return serving.making.make(address, request, caller)


def _address(captured: Mapping[str, str]) -> WorkspaceAddress:
    return WorkspaceAddress.parse(captured["workspace"])


async def _taken_in(intake: Intake, opening: Opening) -> int:
    """The status for what became of the body; the tally tells the rest."""
    try:
        await take_in(intake, Queued(Paced(opening), intake.slots))
    except MalformedBody:
        return 400
    except PeerMisbehaved as exc:
        return exc.status_hint
    except TooSlow:
        return 408
    except NoTurn:
        return 503
    except OperatorMustAct:
        return 507
    return 507 if intake.tally.rejected[QUOTA] else 200


def _check_charset(request: Request) -> None:
    """A pub reads UTF-8 only, whatever else the type says."""
    named = _CHARSET.search(request.headers.get("content-type", ""))
    if named and not named[1].lower().startswith("utf-"):
        raise PeerMisbehaved("only UTF-8 is taken", status_hint=415)
