"""How the node stands, in one answer: what an operator looks at first.

Everything here is read from memory or from one small row for each workspace, so that it
is answered at once while thousands of documents pour in.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import msgspec
import trio

from esd.control.asking import Parameters
from esd.control.node import Health, Node, Severity
from esd.control.peer_shapes import BriefShape, brief_of, state_of
from esd.control.times import SECOND, Moment, as_time
from esd.control.workspaces import WorkspaceShape, workspace_shape
from esd.sync import Peer
from esd.web import Request, Response, Route, json_response

__all__ = ["StatusResource", "status_shape"]


class HealthShape(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    severity: str
    since: str
    message: str
    hint: str


class CountsShape(msgspec.Struct, frozen=True, kw_only=True):
    workspaces: int
    documents: int
    bytes: int
    peers: int
    peers_by_state: Mapping[str, int]
    syncs_running: int


class NextShape(msgspec.Struct, frozen=True, kw_only=True):
    peer: str
    at: str


class StatusShape(msgspec.Struct, frozen=True, kw_only=True):
    state: str  # running or stopping
    version: str
    boot_id: str
    pid: int
    now: str
    started: str
    uptime_seconds: float
    config_file: str | None
    addresses: Sequence[str]
    counts: CountsShape
    next_run: NextShape | None
    health: Sequence[HealthShape]
    peers: Sequence[BriefShape]
    workspaces: Sequence[WorkspaceShape]


class CheckShape(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class StatusResource:
    node: Node

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self.root),
            Route("GET", "/v1/status", self.status),
            Route("GET", "/v1/health/live", self.live),
            Route("GET", "/v1/health/ready", self.ready),
        ]

    async def root(self, _request: Request, _captured: Mapping[str, str]) -> Response:
        facts = {"service": "esd", "version": self.node.version, "api": ["v1"]}
        return json_response(200, facts)

    async def status(self, request: Request, _captured: Mapping[str, str]) -> Response:
        Parameters(request)
        return json_response(200, status_shape(self.node))

    async def live(self, _request: Request, _captured: Mapping[str, str]) -> Response:
        return json_response(200, {"live": True})

    async def ready(self, _request: Request, _captured: Mapping[str, str]) -> Response:
        """503 while something is broken that this node cannot work without."""
        checks = _checks(self.node)
        ready = all(check.ok for check in checks)
        return json_response(200 if ready else 503, {"ready": ready, "checks": checks})


def status_shape(node: Node) -> StatusShape:
    now = node.now()
    moment = Moment(now, trio.current_time())
    workspaces = [workspace_shape(node, replica) for replica in node.replicas]
    return StatusShape(
        state="stopping" if node.stopping else "running",
        version=node.version,
        boot_id=node.events.boot_id,
        pid=os.getpid(),
        now=as_time(now),
        started=as_time(node.started),
        uptime_seconds=round((now - node.started) / SECOND, 3),
        config_file=None if node.config_file is None else str(node.config_file),
        addresses=[*node.addresses],
        counts=_counts(node, workspaces),
        next_run=_next_run(node, moment),
        health=[*map(_health, node.health())],
        peers=[brief_of(peer, moment) for peer in node.peers],
        workspaces=workspaces,
    )


def _counts(node: Node, workspaces: Sequence[WorkspaceShape]) -> CountsShape:
    by_state = Counter(state_of(peer.status) for peer in node.peers)
    return CountsShape(
        workspaces=len(workspaces),
        documents=sum(one.documents for one in workspaces),
        bytes=sum(one.bytes for one in workspaces),
        peers=by_state.total(),
        peers_by_state=by_state,
        syncs_running=sum(peer.running is not None for peer in node.peers),
    )


def _next_run(node: Node, moment: Moment) -> NextShape | None:
    """Of those that run of their own accord, the one that does so next."""
    waiting = [peer for peer in node.peers if peer.paused_until is None]
    first = min(waiting, key=_due, default=None)
    at = None if first is None else moment.placed(max(_due(first), moment.steady))
    if first is None or at is None:
        return None
    return NextShape(peer=first.settings.name, at=at)


def _due(peer: Peer) -> float:
    return inf if peer.running is not None else peer.schedule.next_run


def _health(health: Health) -> HealthShape:
    return HealthShape(
        code=health.code,
        severity=health.severity.value,
        since=as_time(health.since),
        message=health.message,
        hint=health.hint,
    )


def _checks(node: Node) -> list[CheckShape]:
    broken = [one for one in node.health() if one.severity is Severity.ERROR]
    said = "; ".join([one.message for one in broken])
    return [
        CheckShape(
            name="serving",
            ok=bool(node.addresses),
            message="" if node.addresses else "no address is listened on",
        ),
        CheckShape(
            name="staying",
            ok=not node.stopping,
            message="it is stopping" if node.stopping else "",
        ),
        CheckShape(name="health", ok=not broken, message=said),
    ]
