"""A run with a peer: what was asked, how far it is, what came of it.

One object from the asking to the history, filled in as it goes, so whoever looks sees
what is true now. A run takes in some or all of the workspaces shared with the peer, in
one direction or both; a request joins a run that has not begun and covers it.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import inf

import trio

from esd.errors import EsdError
from esd.store import RunRecord
from esd.sync.schedule import Trigger
from esd.sync.settings import Direction
from esd.sync.status import Standing
from esd.sync.talk import Report

__all__ = ["Finding", "NotShared", "PeerPaused", "RunState", "Scope", "SyncRun"]


SECOND = 1_000_000  # µs
MARGIN = 1.0  # seconds; two clocks are compared, and too early is in vain


class NotShared(EsdError):
    """The peer's configuration does not share that workspace, or that direction."""


class PeerPaused(EsdError):
    """There are no runs with a peer that is paused."""


class RunState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self not in (RunState.PENDING, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run takes in. `workspaces` are local ids; None: all that are shared.

    A `dry` run finds out what would move, and moves nothing.
    """

    direction: Direction
    workspaces: frozenset[str] | None = None
    dry: bool = False

    def covers(self, other: "Scope") -> bool:
        if self.dry is not other.dry:
            return False
        directions = self.direction in (other.direction, Direction.BOTH)
        if self.workspaces is None or other.workspaces is None:
            return directions and self.workspaces is None
        return directions and self.workspaces >= other.workspaces


@dataclass(slots=True)
class Finding:
    """One workspace in a run; times are wall clock, µs."""

    workspace: str  # local id
    started: int
    report: Report = field(default_factory=Report)
    ended: int | None = None
    complete: bool = False


@dataclass(slots=True, eq=False)
class SyncRun:
    """One run; times are wall clock, µs. `trouble` is empty where it went well."""

    id: int
    peer: str
    cause: Trigger
    scope: Scope
    asked: int
    state: RunState = RunState.PENDING
    started: int | None = None
    ended: int | None = None
    findings: list[Finding] = field(default_factory=list)
    trouble: str = ""
    hint: str = ""
    moved_to: str | None = None  # an origin; empty where it did not say
    downgraded: bool = False  # it spoke ours once, and now does not
    retry_after: float = 0.0  # seconds the peer asked for
    cancelling: trio.CancelScope = field(default_factory=trio.CancelScope, repr=False)
    _over: trio.Event = field(default_factory=trio.Event, repr=False)

    @property
    def standings(self) -> tuple[tuple[str, Standing], ...]:
        return tuple((one.workspace, one.report.standing) for one in self.findings)

    @property
    def again(self) -> float:
        """Seconds after its end when some peer may take what it turned away."""
        told = [one.report.push_again for one in self.findings]
        due = [at for at in told if at is not None]
        if not due or self.ended is None:
            return inf
        return max(0, min(due) - self.ended) / SECOND + MARGIN

    def begin(self, now: int) -> None:
        self.state, self.started = RunState.RUNNING, now

    def end(self, now: int, *, cancelled: bool) -> None:
        """It is over, one way or the other."""
        if cancelled:
            self.state = RunState.CANCELLED
        else:
            self.state = RunState.FAILED if self.trouble else RunState.DONE
        self.ended = now
        self._over.set()

    async def wait(self) -> None:
        """Wait until it is over."""
        await self._over.wait()

    def records(self) -> list[RunRecord]:
        """For the history: numbers and words, never an address."""
        return [self._record(finding) for finding in self.findings]

    def _record(self, finding: Finding) -> RunRecord:
        outcome = RunState.DONE if finding.complete else self.state
        return RunRecord(
            run=self.id,
            peer=self.peer,
            workspace=finding.workspace,
            cause=self.cause.value,
            started=finding.started,
            ended=finding.ended or finding.started,
            outcome=outcome.value,
            detail=json.dumps(self._detail(finding)),
        )

    def _detail(self, finding: Finding) -> dict[str, object]:
        report, pulled = finding.report, finding.report.pulled
        detail = asdict(report) | {"standing": report.standing.value}
        detail["dry"] = self.scope.dry
        detail["pulled"] = {
            "accepted": pulled.accepted,
            "obsolete": pulled.obsolete,
            "rejected": dict(pulled.rejected),
        }
        if not finding.complete:
            detail |= {"trouble": self.trouble, "hint": self.hint}
        return detail
