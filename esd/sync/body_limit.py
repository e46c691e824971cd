"""How large a body a peer takes, as far as its refusals told.

It is halved where a body was refused for its size (413), and kept: otherwise every push
would begin with a body that is sent in vain. But what stood in the way may be gone one
day, a proxy or its settings. So from a day after it was learnt bodies may be twice as
large, once: if that is taken it is what we know, and if not, it was one body a day. And
what was learnt while the peer offered another limit says nothing any more.
"""

from dataclasses import dataclass, field

from esd.errors import PeerMisbehaved
from esd.sync.talk import Talk

__all__ = ["LEAST_LIMIT", "BodyLimit"]

LEAST_LIMIT = 16 << 10  # bytes; below that a peer is broken, not modest
DAY = 86_400_000_000  # µs


@dataclass(slots=True)
class BodyLimit:
    """Of one peer. `name` is what it is kept by, `offered` the peer's own or ours."""

    talk: Talk
    name: str
    offered: int
    most: int = field(init=False)  # bytes of the next body
    _known: int = field(init=False)

    def __post_init__(self) -> None:
        offered = self._fact("_offered")
        is_of_this = offered is None or offered == self.offered
        known = self._fact("") if is_of_this else None
        self._known = min(known or self.offered, self.offered)
        learnt_at = self._fact("_at") or 0
        is_old = not 0 <= self.talk.now - learnt_at < DAY
        self.most = min(self._known * (2 if is_old else 1), self.offered)

    async def took(self, size: int) -> None:
        """A body of that size was none too large."""
        if self._known < min(size, self.offered):
            await self._learn(min(max(self.most, size), self.offered))

    async def refused(self, size: int) -> None:
        """A body was too large. Raises PeerMisbehaved where nothing is small enough."""
        if size <= LEAST_LIMIT:
            raise PeerMisbehaved("it takes no push of any size")
        least = self._known if size > self._known else LEAST_LIMIT
        await self._learn(max(size // 2, least))

    async def _learn(self, most: int) -> None:
        self.most = self._known = most
        writer, peer = self.talk.replica.file.peer_writer, self.talk.peer

        def note() -> None:
            writer.note_fact(peer, self.name, most)
            writer.note_fact(peer, f"{self.name}_at", self.talk.now)
            writer.note_fact(peer, f"{self.name}_offered", self.offered)

        await self.talk.replica.change(note)

    def _fact(self, what: str) -> int | None:
        return self.talk.replica.reader.peers.fact(self.talk.peer, self.name + what)
