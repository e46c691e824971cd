"""Whether a peer's streams are followed, and where they are not, why.

What the stream itself came to is told last: where no run goes well none is opened, and
whoever looks should mend that first.
"""

from collections.abc import Mapping

import msgspec

from esd.control.times import Moment
from esd.replica import Replica
from esd.sync import Peer, Protocol
from esd.sync.stream_states import StreamState

__all__ = ["LiveShape", "is_live", "live_of"]


class LiveShape(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace's stream; `since` is null where it is not live.

    `received` and `rejected` are documents that streams brought since the start.
    """

    since: str | None
    reason: str
    hint: str
    received: int
    rejected: Mapping[str, int]


def is_live(peer: Peer) -> bool:
    """Whether all that is new there comes by itself."""
    return peer.streams.all_live


def live_of(peer: Peer, replica: Replica, moment: Moment) -> LiveShape | None:
    """None where its streams are not to be followed."""
    if not peer.settings.live:
        return None
    state = peer.streams.get(replica, StreamState())
    since = None if state.since is None else moment.placed(state.since)
    reason, hint = ("", "") if state.is_live else _why_not(peer, replica, state)
    return LiveShape(
        since=since,
        reason=reason,
        hint=hint,
        received=state.tally.accepted,
        rejected=dict(state.tally.rejected),
    )


def _why_not(peer: Peer, replica: Replica, state: StreamState) -> tuple[str, str]:
    name, known = peer.settings.name, peer.acquaintance
    if peer.paused_until is not None:
        return "the peer is paused", f"esdctl peer resume {name}"
    if peer.last_success is None:
        return "no run has gone well yet", ""
    if not peer.is_well:
        return "the last run went wrong", ""
    if known.hello is not None and replica.local_id not in known.shared:
        return "the peer does not hold the workspace", ""
    if known.protocol is not None and known.protocol.protocol == Protocol.GRAPHQL:
        return "an earthstar-graphql has no streams", ""
    return state.reason or "it is being opened", state.hint
