"""What follows for a peer from how a run with it went; and how one without stands."""

from dataclasses import dataclass

from esd.sync.runs import RunState, SyncRun
from esd.sync.schedule import Schedule
from esd.sync.status import (
    Downgraded,
    Failed,
    Idle,
    InSync,
    Moved,
    Paused,
    PeerStatus,
    Retrying,
)

__all__ = ["Failure", "at_rest", "schedule_after", "status_after"]


@dataclass(frozen=True, slots=True)
class Failure:
    """The last run that went wrong; `at` is wall clock, µs."""

    at: int
    reason: str
    hint: str


def schedule_after(
    run: SyncRun, schedule: Schedule, now: float, jitter: float, *, whole: bool
) -> Schedule:
    """When the next is due; *whole* where it was over everything."""
    if run.state is RunState.CANCELLED or (run.scope.dry and not run.trouble):
        return schedule.interrupted(now, jitter)
    if not run.trouble:
        return schedule.succeeded(now, jitter, whole=whole, again=run.again)
    if run.moved_to is not None or run.downgraded:
        return schedule.halt(now, jitter)
    return schedule.failed(now, jitter, retry_after=run.retry_after)


def status_after(run: SyncRun, schedule: Schedule, now: float) -> PeerStatus:
    """What *run* showed; *schedule* has taken note of it already."""
    if not run.trouble:
        return InSync(now, schedule.next_run, run.standings)
    since = min(schedule.failing_since, now)
    if run.moved_to is not None:
        place = run.moved_to or "its new place"
        return Moved(since, f"set the peer's url to {place}")
    if run.downgraded:
        return Downgraded(
            since,
            "if it is meant to be a plain pub now, which sees the workspaces'"
            f" addresses: esdctl peer reset {run.peer}",
        )
    if schedule.halted:  # and only a run that was asked for could fail
        return Failed(since, run.trouble, run.hint)
    return Retrying(schedule.next_run, schedule.failures, since, run.trouble)


def at_rest(paused_until: float | None, schedule: Schedule) -> PeerStatus:
    if paused_until is not None:
        return Paused(paused_until)
    return Idle(schedule.next_run)
