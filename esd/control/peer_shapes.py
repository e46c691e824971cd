"""A peer as the API tells of it.

What could be put into the configuration file is under `config`, what changes by itself
under `runtime`. A state is a word that never changes; beside it stands a sentence for
people, and where something is wrong, what to do about it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from esd.control.live_shapes import LiveShape, is_live, live_of
from esd.control.peer_config import PeerConfigShape, config_of
from esd.control.times import Moment, as_time
from esd.replica import Replica
from esd.sync import Peer
from esd.sync.status import (
    Downgraded,
    Failed,
    Idle,
    InSync,
    Moved,
    Paused,
    PeerStatus,
    Pending,
    Retrying,
    Syncing,
    describe,
)

__all__ = [
    "STATES",
    "BriefShape",
    "PeerShape",
    "brief_of",
    "hint_of",
    "shape_of",
    "shares",
    "standing_of",
    "state_of",
]

STATES: Mapping[type[PeerStatus], str] = {
    Idle: "idle",
    InSync: "in-sync",
    Pending: "pending",
    Syncing: "syncing",
    Retrying: "retrying",
    Failed: "failed",
    Moved: "moved",
    Downgraded: "downgraded",
    Paused: "paused",
}


class SharedShape(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace shared with a peer; `standing` is null until a run has told.

    `live` is null where streams of the peer are not to be followed.
    """

    id: str
    alias: str | None
    standing: str | None
    live: LiveShape | None


class FailureShape(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    reason: str
    hint: str


class RuntimeShape(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    description: str
    since: str | None
    reason: str
    hint: str
    failures: int
    failing_since: str | None
    last_success: str | None
    last_failure: FailureShape | None
    next_run: str | None
    paused_until: str | None  # null where it is not paused, or until resumed
    current_sync: int | None
    live: bool
    workspaces: Sequence[SharedShape]


class PeerShape(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    config: PeerConfigShape
    runtime: RuntimeShape


class BriefShape(msgspec.Struct, frozen=True, kw_only=True):
    """What the status of the whole node says of a peer."""

    name: str
    state: str
    description: str
    last_success: str | None
    next_run: str | None
    live: bool


def shape_of(peer: Peer, moment: Moment) -> PeerShape:
    return PeerShape(
        name=peer.settings.name,
        config=config_of(peer.settings),
        runtime=_runtime(peer, moment),
    )


def brief_of(peer: Peer, moment: Moment) -> BriefShape:
    return BriefShape(
        name=peer.settings.name,
        state=state_of(peer.status),
        description=describe(peer.status, moment.steady),
        last_success=_optional_time(peer.last_success),
        next_run=_next_run(peer, moment),
        live=is_live(peer),
    )


def state_of(status: PeerStatus) -> str:
    """The word for programs."""
    return STATES[type(status)]


def shares(peer: Peer, replica: Replica) -> bool:
    """Whether they sync it. What is in common is not known before it was proved."""
    if peer.settings.common:
        return replica.local_id in peer.acquaintance.shared
    return replica.address in peer.settings.workspaces


def standing_of(peer: Peer, local_id: str) -> str | None:
    """How a workspace stands with it, as the last run told; None where none did."""
    if not isinstance(peer.status, InSync):
        return None
    return next((one for name, one in peer.status.standings if name == local_id), None)


def hint_of(peer: Peer) -> str:
    """What to do; empty where there is nothing to do."""
    name = peer.settings.name
    match peer.status:
        case Failed(_, _, hint) | Moved(_, hint) | Downgraded(_, hint):
            return hint
        case Retrying():
            known = peer.last_failure.hint if peer.last_failure else ""
            return known or (
                "esd tries again by itself; see whether the pub runs and its url is"
                f" right, and try at once with: esdctl peer reset {name}"
            )
        case Paused():
            return f"esdctl peer resume {name}"
        case _:
            return ""


def _runtime(peer: Peer, moment: Moment) -> RuntimeShape:
    status, schedule, paused = peer.status, peer.schedule, peer.paused_until
    return RuntimeShape(
        state=state_of(status),
        description=describe(status, moment.steady),
        since=_since(status, moment),
        reason=_reason(status),
        hint=hint_of(peer),
        failures=schedule.failures,
        failing_since=moment.placed(schedule.failing_since),
        last_success=_optional_time(peer.last_success),
        last_failure=_last_failure(peer),
        next_run=_next_run(peer, moment),
        paused_until=None if paused is None else moment.placed(paused),
        current_sync=None if peer.running is None else peer.running.id,
        live=is_live(peer),
        workspaces=_shared(peer, moment),
    )


def _last_failure(peer: Peer) -> FailureShape | None:
    failure = peer.last_failure
    if failure is None:
        return None
    return FailureShape(
        at=as_time(failure.at), reason=failure.reason, hint=failure.hint
    )


def _shared(peer: Peer, moment: Moment) -> list[SharedShape]:
    return [
        SharedShape(
            id=replica.local_id,
            alias=replica.alias,
            standing=standing_of(peer, replica.local_id),
            live=live_of(peer, replica, moment),
        )
        for replica in peer.workspaces()
        if shares(peer, replica)
    ]


def _since(status: PeerStatus, moment: Moment) -> str | None:
    match status:
        case Idle() | Paused():
            return None
        case _:
            return moment.placed(status.since)


def _reason(status: PeerStatus) -> str:
    match status:
        case Retrying(_, _, _, reason) | Failed(_, reason, _):
            return reason
        case Moved():
            return "it redirects to another place"
        case Downgraded():
            return "it spoke earthstar-sync before, and now does not"
        case _:
            return ""


def _next_run(peer: Peer, moment: Moment) -> str | None:
    """When it runs of its own accord; null: not while this state lasts."""
    if peer.paused_until is not None:
        return None
    at = peer.schedule.next_run
    return moment.placed(max(at, moment.steady))


def _optional_time(at: int | None) -> str | None:
    return None if at is None else as_time(at)
