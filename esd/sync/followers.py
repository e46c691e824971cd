"""Which streams of a peer are followed, and when.

A stream is opened after a run that went well, which has found out what the peer speaks
and that it is the one we mean. When its first byte is there, the workspace is compared
once more, by a run like any other. One that ends is opened again after a while, sooner
at first and at random, because what ended one stream has most often ended many; and
the peer's schedule takes over in the meantime.
"""

import random
from dataclasses import dataclass, field

import trio

from esd.errors import OperatorMustAct, PeerMisbehaved, PeerUnavailable
from esd.formats import Predicate
from esd.replica import Replica
from esd.sync.answers import PeerMoved
from esd.sync.client import Client
from esd.sync.live import NoStream, Stream
from esd.sync.peer import Peer
from esd.sync.terms import ours_alone

__all__ = ["Followers"]

SOONEST = 1.0  # seconds until the next try, doubled each time...
LATEST = 300.0  # ...up to here
LASTING = 60.0  # a stream that lasted so long counts as one that works
NO_STREAM = 3_600.0  # a pub that has none will have one after an update


@dataclass(slots=True)
class Followers:
    """Those of one peer; `run` is their life."""

    peer: Peer
    client: Client
    _following: set[Replica] = field(default_factory=set)

    async def run(self) -> None:
        replicas = self.peer.runner.replicas
        async with self.client, trio.open_nursery() as nursery:
            while True:
                seen = replicas.bell.count
                for replica in self.peer.workspaces():
                    if replica not in self._following:
                        self._following.add(replica)
                        nursery.start_soon(self._follow, replica)
                await replicas.bell.wait_after(seen)

    async def _follow(self, replica: Replica) -> None:
        """Until it is held no more."""
        follower = _Follower(self.peer, self.client, replica)
        while self.peer.runner.replicas.get(replica.address) is replica:
            await follower.follow_once()
        self.peer.streams.pop(replica.local_id, None)
        self._following.discard(replica)


@dataclass(slots=True)
class _Follower:
    """Of one workspace."""

    peer: Peer
    client: Client
    replica: Replica
    failures: int = 0

    async def follow_once(self) -> None:
        await self._wait_well()
        state = self.peer.streams.of(self.replica.local_id)
        began = trio.current_time()
        try:
            with trio.CancelScope() as state.scope:
                await self._stream().follow(self._opened)
        except NoStream as exc:
            await self._ended(exc.reason, NO_STREAM)
        except (PeerUnavailable, PeerMisbehaved) as exc:
            await self._ended(exc.reason, self._delay(began))
        except (PeerMoved, OperatorMustAct) as exc:
            await self._ended(str(exc), LATEST)
        else:
            self.peer.stream_turned(self.replica, live=False)  # paused

    async def _wait_well(self) -> None:
        """Until the last run went well, and said how to speak to the peer."""
        while not self.peer.is_well or self._speaks_ours() is None:
            await self.peer.bell.wait_after(self.peer.bell.count)

    def _speaks_ours(self) -> bool | None:
        known = self.peer.acquaintance
        if known.hello is not None:
            return True if self.replica.local_id in known.shared else None
        return False if known.is_a_pub(self.peer.settings.protocol) else None

    def _stream(self) -> Stream:
        return Stream(
            peer=self.peer.settings.name,
            client=self.client,
            acquaintance=self.peer.acquaintance,
            replica=self.replica,
            wanted=self._wanted,
            now=self.peer.runner.now,
        )

    def _wanted(self, now: int) -> Predicate | None:
        halves = self.peer.settings.halves(self.replica.halves)
        wanted = ours_alone(halves, now).pull
        return None if wanted.is_everything else wanted

    def _opened(self) -> None:
        self.peer.stream_turned(self.replica, live=True)

    async def _ended(self, reason: str, delay: float) -> None:
        self.peer.stream_turned(self.replica, live=False, reason=reason)
        await trio.sleep(delay * random.random())  # noqa: S311 spreads load

    def _delay(self, began: float) -> float:
        lasted = trio.current_time() - began
        self.failures = 0 if lasted > LASTING else self.failures + 1
        return min(LATEST, SOONEST * 2.0 ** min(self.failures, 20))
