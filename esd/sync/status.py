"""What a peer's state is, in values, and how a person who asks is told.

A status is a union of small frozen classes, each with the data that only it has. Times
are monotonic seconds, like the schedule's. Texts are built from reasons and local
names: a workspace's address has no way in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import assert_never

from esd.sync.schedule import Trigger

__all__ = [
    "Downgraded",
    "Failed",
    "Idle",
    "InSync",
    "Moved",
    "Paused",
    "PeerStatus",
    "Pending",
    "Retrying",
    "Standing",
    "Syncing",
    "Trouble",
    "describe",
    "history",
    "span",
]


class Standing(StrEnum):
    """How one workspace stands with a peer after a run: states, not failures."""

    LEVEL = "level"
    READ_ONLY = "read-only there"
    FULL = "full here (bytes_per_workspace)"
    ABSENT = "not held there, nor wanted"


@dataclass(frozen=True, slots=True)
class Idle:
    """No run yet since the start."""

    next_run: float


@dataclass(frozen=True, slots=True)
class InSync:
    """The last run went well, at `since`; `standings` by local names."""

    since: float
    next_run: float
    standings: tuple[tuple[str, Standing], ...] = ()

    @property
    def reservations(self) -> tuple[str, ...]:
        """What is not level although nothing failed, one text a workspace."""
        apart = [pair for pair in self.standings if pair[1] is not Standing.LEVEL]
        return tuple(f"{name} is {standing}" for name, standing in apart)


@dataclass(frozen=True, slots=True)
class Pending:
    """Due, and waiting for its turn among the peers."""

    since: float


@dataclass(frozen=True, slots=True)
class Syncing:
    since: float
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Retrying:
    """Nobody's fault, or the peer's: tried again at `until` (inf: when asked).

    `failures` is 0 where only a manual run failed.
    """

    until: float
    failures: int
    since: float
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Time does not cure it: an operator must act."""

    since: float
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """The peer redirects, and we never follow; the hint may name its new origin."""

    since: float
    hint: str = "set the peer's url to its new place"


@dataclass(frozen=True, slots=True)
class Downgraded:
    """It spoke earthstar-sync once and now does not: perhaps it is somebody else.

    Speaking to it as to a plain pub would show it the workspaces' addresses.
    """

    since: float
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Paused:
    """By the operator, until a time or (inf) until resumed."""

    until: float = inf


Trouble = Retrying | Failed | Moved | Downgraded
PeerStatus = Idle | InSync | Pending | Syncing | Trouble | Paused


def describe(status: PeerStatus, now: float) -> str:
    """One line for a person, without the peer's name."""
    match status:
        case Idle(next_run):
            return f"no run yet, {_next(next_run, now)}"
        case InSync(since, next_run):
            checked = f"in sync {span(now - since)} ago, {_next(next_run, now)}"
            return "; ".join([checked, *status.reservations])
        case Pending(since):
            return f"waiting for its turn for {span(now - since)}"
        case Syncing(since, trigger):
            return f"syncing for {span(now - since)} ({trigger.value})"
        case Paused(until):
            return "paused" if until == inf else f"paused for {span(until - now)}"
        case Retrying() | Failed() | Moved() | Downgraded():
            return _describe_trouble(status, now)
        case _:
            assert_never(status)


def _describe_trouble(status: Trouble, now: float) -> str:
    match status:
        case Retrying(until, 0, _, reason):
            return f"the last run failed: {reason}; {_next(until, now)}"
        case Retrying(until, _, _, reason):
            return (
                f"retrying after {history(status, now)}: {reason}; {_next(until, now)}"
            )
        case Failed(since, reason, hint):
            text = f"failed {span(now - since)} ago: {reason}"
            return f"{text}; {hint}" if hint else text
        case Moved(since, hint):
            return f"moved, noticed {span(now - since)} ago; {hint}"
        case Downgraded(since, hint):
            text = f"speaks earthstar-sync no more, noticed {span(now - since)} ago"
            return f"{text}; {hint}"
        case _:
            assert_never(status)


def history(trouble: Trouble, now: float) -> str:
    """How long it went on, such as "14 failures, 2 h 3 min"."""
    lasted = span(now - trouble.since)
    if isinstance(trouble, Retrying) and trouble.failures:
        plural = "" if trouble.failures == 1 else "s"
        return f"{trouble.failures} failure{plural}, {lasted}"
    return lasted


def _next(at: float, now: float) -> str:
    if at == inf:
        return "next run when asked"
    return "next run now" if at <= now else f"next run in {span(at - now)}"


def span(seconds: float) -> str:
    """A length of time by its two largest units, such as "2 h 3 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    units = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    first = next(i for i, (size, _) in enumerate(units) if whole >= size)
    return " ".join(_counted(whole, units[first : first + 2]))


def _counted(whole: int, units: Sequence[tuple[int, str]]) -> list[str]:
    counted = []
    for size, name in units:
        count, whole = divmod(whole, size)
        if count:
            counted.append(f"{count} {name}")
    return counted
