"""Runs with peers: asking for them, watching them, looking back at them.

A run belongs to its peer and not to whoever asked: a client that hangs up, or stops
waiting, cancels nothing. One request may make several runs, one for each peer. A peer
that cannot be asked (it is paused, or does not share the workspace) is told of under
`skipped` beside those that could; where none could, the request is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import trio

from esd.control.asking import LARGEST, Asked, Parameters, read_body
from esd.control.node import Node
from esd.control.peers import peer_named
from esd.control.refusing import Refusal, missing
from esd.control.sync_shapes import Aliases, SyncShape, from_records, from_run
from esd.control.workspaces import replica_named
from esd.formats import WorkspaceAddress
from esd.sync import Direction, NotShared, Peer, PeerPaused, SyncRun
from esd.web import Request, Response, Route, json_response

__all__ = ["SyncsResource"]

LONGEST_WAIT = 3600.0  # seconds; a run ends after run_time, ten minutes by default
MOST_LISTED = 500
RECORDS_A_RUN = 256  # as many workspaces as there can be, in one run

Addresses = Sequence[WorkspaceAddress]


class SyncAsked(Asked, frozen=True, kw_only=True):
    """What is left out means: all peers, all shared workspaces, as configured."""

    peers: list[str] | None = None
    workspaces: list[str] | None = None
    direction: Direction | None = None
    dry_run: bool = False  # only find out what would move


class SkippedShape(msgspec.Struct, frozen=True, kw_only=True):
    peer: str
    code: str
    message: str
    hint: str


class StartedShape(SyncShape, frozen=True, kw_only=True):
    joined: bool  # it had been asked for before, and has not begun yet


@dataclass(frozen=True, slots=True)
class _Started:
    run: SyncRun
    joined: bool


@dataclass(frozen=True, slots=True)
class SyncsResource:
    node: Node

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v1/syncs", self.start),
            Route("GET", "/v1/syncs", self.show_all),
            Route("GET", "/v1/syncs/{sync}", self.show),
            Route("DELETE", "/v1/syncs/{sync}", self.cancel),
        ]

    async def start(self, request: Request, _captured: Mapping[str, str]) -> Response:
        """Start runs; 200 where all are over within the `wait`, else 202."""
        wait = Parameters(request, "wait").seconds("wait", most=LONGEST_WAIT)
        started, skipped = self._ask(await read_body(request, SyncAsked))
        if wait:
            with trio.move_on_after(wait):
                for one in started:
                    await one.run.wait()
        over = all(one.run.state.over for one in started)
        aliases = self._aliases()
        shapes = [_started_shape(one, aliases) for one in started]
        status = 200 if wait is not None and over else 202
        return json_response(status, {"syncs": shapes, "skipped": skipped})

    async def show_all(
        self, request: Request, _captured: Mapping[str, str]
    ) -> Response:
        """Newest first; `next` is the `before` of the page that follows."""
        asked = Parameters(request, "limit", "before", "peer")
        limit = asked.whole("limit", 50, least=1, most=MOST_LISTED)
        before = asked.whole("before", LARGEST, least=1, most=LARGEST)
        peer = asked.text("peer") or None
        shapes, more = await self._listed(limit, before, peer)
        following = shapes[-1].id if more and shapes else None
        return json_response(200, {"syncs": shapes, "next": following})

    async def show(self, request: Request, captured: Mapping[str, str]) -> Response:
        Parameters(request)
        number = _number(captured["sync"])
        run = self.node.peers.runs.get(number)
        if run is not None:
            return json_response(200, from_run(run, self._aliases()))
        history = self.node.peers.history
        kept = from_records(
            await self.node.replicas.run(partial(history.records_of, number)),
            self._aliases(),
        )
        if not kept:
            raise missing("sync", ())
        return json_response(200, kept[0])

    async def cancel(self, request: Request, captured: Mapping[str, str]) -> Response:
        """End a run; what it has taken in stays. One that is over stays as it is."""
        Parameters(request)
        run = self.node.peers.runs.get(_number(captured["sync"]))
        if run is None:
            raise missing("sync", ())
        changed = self.node.peers.cancel(run.id)
        shape = from_run(run, self._aliases())
        return json_response(202, {"changed": changed, "sync": shape})

    def _ask(self, asked: SyncAsked) -> tuple[list[_Started], list[SkippedShape]]:
        """Names are all looked up before anything is started."""
        peers = self._peers(asked.peers)
        workspaces = self._workspaces(asked.workspaces)
        if asked.peers is None and workspaces is not None:
            peers = [one for one in peers if _shares_any(one, workspaces)]
        started, skipped = [], []
        for peer in peers:
            name = peer.settings.name
            try:
                run, joined = self.node.peers.start(
                    name, workspaces, asked.direction, dry=asked.dry_run
                )
            except (PeerPaused, NotShared) as exc:
                skipped.append(_skipped(peer, exc))
            else:
                started.append(_Started(run, joined))
        if not started:
            raise _nothing_to_start(skipped)
        return started, skipped

    def _peers(self, names: Sequence[str] | None) -> list[Peer]:
        if names is None:
            return [*self.node.peers]
        return [
            peer_named(self.node, name, path=f"$.peers[{place}]")
            for place, name in enumerate(dict.fromkeys(names))
        ]

    def _workspaces(self, names: Sequence[str] | None) -> Addresses | None:
        if names is None:
            return None
        return [
            replica_named(self.node, name, path=f"$.workspaces[{place}]").address
            for place, name in enumerate(names)
        ]

    async def _listed(
        self, limit: int, before: int, peer: str | None
    ) -> tuple[list[SyncShape], bool]:
        """A page, and whether there are more.

        A run that is still in memory is told from there, not from its record.
        """
        wanted = 2 * limit + RECORDS_A_RUN
        records = await self.node.replicas.run(
            partial(
                self.node.peers.history.runs, limit=wanted, before=before, peer=peer
            )
        )
        aliases = self._aliases()
        kept = {one.id: one for one in from_records(records, aliases)}
        oldest = 0
        if len(records) == wanted:  # the last run's records may not all be here
            oldest = min(kept) + 1
        fresh = {
            run.id: from_run(run, aliases)
            for run in self.node.peers.runs.latest()
            if run.id < before and peer in (None, run.peer)
        }
        found = sorted(kept | fresh, reverse=True)
        complete = [(kept | fresh)[number] for number in found if number >= oldest]
        return complete[:limit], oldest > 0 or len(complete) > limit

    def _aliases(self) -> Aliases:
        return {replica.local_id: replica.alias for replica in self.node.replicas}


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text[:17]) > LARGEST:
        raise missing("sync", ())
    return int(text)


def _shares_any(peer: Peer, workspaces: Addresses) -> bool:
    return any(map(peer.settings.shares, workspaces))


def _started_shape(started: _Started, aliases: Aliases) -> StartedShape:
    shape = from_run(started.run, aliases)
    names = SyncShape.__struct_fields__
    fields = {name: getattr(shape, name) for name in names}
    return StartedShape(**fields, joined=started.joined)


def _skipped(peer: Peer, exc: PeerPaused | NotShared) -> SkippedShape:
    name = peer.settings.name
    if isinstance(exc, PeerPaused):
        code, hint = "peer-paused", f"esdctl peer resume {name}"
    else:
        code, hint = "not-shared", f"see what is shared: esdctl peer show {name}"
    return SkippedShape(peer=name, code=code, message=str(exc), hint=hint)


def _nothing_to_start(skipped: Sequence[SkippedShape]) -> Refusal:
    if not skipped:
        return Refusal(
            status=409,
            code="no-peers",
            title="There is no peer to sync with",
            hint="share the workspace with a [[peer]] in the configuration file,"
            " then: esdctl reload",
        )
    first = skipped[0]
    return Refusal(
        status=409,
        code=first.code,
        title="No sync was started",
        detail=first.message,
        hint=first.hint,
        errors=[{"peer": one.peer, "message": one.message} for one in skipped],
    )
