"""How the streams of one peer are, workspace by workspace."""

from dataclasses import dataclass, field

import trio

from esd.replica import Replica, Tally

__all__ = ["StreamState", "StreamStates"]


@dataclass(slots=True)
class StreamState:
    """`since` is trio's clock, None while it is not live; `reason` says why not.

    `tally` is of all that its streams brought since the daemon began to follow it.
    """

    since: float | None = None
    reason: str = ""
    hint: str = ""
    tally: Tally = field(default_factory=Tally)
    scope: trio.CancelScope = field(default_factory=trio.CancelScope, repr=False)

    @property
    def is_live(self) -> bool:
        return self.since is not None

    def turn(self, since: float | None, reason: str = "", hint: str = "") -> bool:
        """Note how it is now; whether that is another than before."""
        turned = self.is_live is not (since is not None)
        self.since, self.reason, self.hint = since, reason, hint
        return turned


class StreamStates(dict[Replica, StreamState]):
    """By replica: what is removed and added again is another one."""

    def of(self, replica: Replica) -> StreamState:
        return self.setdefault(replica, StreamState())

    @property
    def all_live(self) -> bool:
        """Whether all are that can be: what a peer does not share has no stream."""
        return bool(self) and all(one.is_live for one in self.values())

    def leave(self) -> None:
        """Have all of them end; those that rest before the next try end that."""
        for state in self.values():
            state.scope.cancel()
