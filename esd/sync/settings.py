"""What an operator says about a peer, and the bounds of every run with one.

Declared here, beside its users; the configuration only fills it in.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from esd.formats.addresses import WorkspaceAddress
from esd.formats.replication import Halves, Queries
from esd.sync.rhythm import Rhythm

__all__ = ["Direction", "PeerSettings", "Protocol", "RunLimits"]


class Direction(StrEnum):
    BOTH = "both"
    PULL = "pull"
    PUSH = "push"

    @property
    def pulls(self) -> bool:
        return self is not Direction.PUSH

    @property
    def pushes(self) -> bool:
        return self is not Direction.PULL


class Protocol(StrEnum):
    """The conversation to have; `auto` asks the peer for the best that both know."""

    AUTO = "auto"
    PUB = "pub"
    ESD = "esd"
    GRAPHQL = "graphql"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """One peer. It never learns of a workspace that is not in `workspaces`.

    With `common` all are shared that both already have, which a peer finds out only by
    proving that it has them.
    """

    name: str
    url: str = field(repr=False)  # without a slash at the end; "": it only calls us
    workspaces: tuple[WorkspaceAddress, ...] = ()
    common: bool = False
    direction: Direction = Direction.BOTH
    protocol: Protocol = Protocol.AUTO
    rhythm: Rhythm = field(default_factory=Rhythm)
    incoming: Queries | None = None  # None: those of the workspace
    outgoing: Queries | None = None
    key: str | None = field(default=None, repr=False)  # what either shows the other
    creates: bool = False  # whether we ask it to make room for what it does not hold
    live: bool = False  # follow its streams

    def shares(self, address: WorkspaceAddress) -> bool:
        return self.common or address in self.workspaces

    def halves(self, of_workspace: Halves) -> Halves:
        """What we want and give where this peer is concerned."""
        wanted, given = self.incoming, self.outgoing
        return Halves(
            incoming=of_workspace.incoming if wanted is None else wanted,
            outgoing=of_workspace.outgoing if given is None else given,
            refuse=of_workspace.refuse,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Bounds of a run with a peer. Times are seconds, sizes bytes."""

    connect_time: float = 10.0  # TCP and TLS; a host that is up answers in a second
    answer_idle: float = 30.0  # no byte for so long is a dead line, not a slow one
    stream_idle: float = 65.0  # of a live stream: two KEEPALIVEs and some
    run_time: float = (
        600.0  # for one workspace: a peer that drips holds nothing for ever
    )
    runs: int = 4  # at once, over all peers: each may fill a core with signatures
    list_body: int = 1024 * 1024 * 1024  # after inflation; streamed, never held
    push_body: int = 10 * 1024 * 1024  # what a pub takes in one request
    invalid_documents: int = 1000  # in one run: more is a broken peer, so back off
