"""How the streams of one peer are, by the local ids of workspaces."""

from dataclasses import dataclass, field

import trio

__all__ = ["StreamState", "StreamStates"]


@dataclass(slots=True)
class StreamState:
    """`since` is trio's clock, None while it is not live; `reason` says why not."""

    since: float | None = None
    reason: str = ""
    scope: trio.CancelScope = field(default_factory=trio.CancelScope, repr=False)


class StreamStates(dict[str, StreamState]):
    def of(self, local_id: str) -> StreamState:
        return self.setdefault(local_id, StreamState())

    def turn(self, local_id: str, since: float | None, reason: str) -> bool:
        """Note how one is now; whether that is another than before."""
        state = self.of(local_id)
        turned = (state.since is None) is not (since is None)
        state.since, state.reason = since, reason
        return turned

    @property
    def all_live(self) -> bool:
        return bool(self) and all(one.since is not None for one in self.values())

    def leave(self) -> None:
        """Have all of them end."""
        for state in self.values():
            state.scope.cancel()
