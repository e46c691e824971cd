"""Which streams of a peer are followed, and when.

A stream is opened after a run that went well, which has found out what the peer speaks
and that it is the one we mean. When its first byte is there, the workspace is compared
once more, by a run like any other. One that ends is opened again after a while, sooner
at first and at random, because what ended one stream has most often ended many; and
the peer's schedule takes over in the meantime.
"""

import logging
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
from esd.sync.refusals import MovedOn
from esd.sync.settings import Protocol
from esd.sync.stream_states import StreamState
from esd.sync.terms import ours_alone

__all__ = ["Followers"]

log = logging.getLogger(__name__)

SOONEST = 1.0  # seconds until the next try, doubled each time...
LATEST = 300.0  # ...up to here
LASTING = 60.0  # a stream that lasted so long counts as one that works
NO_STREAM = 3_600.0  # a pub that has none will have one after an update
LIVE = "live"  # among the levels of a hello


@dataclass(slots=True)
class Followers:
    """Those of one peer; `run` is their life."""

    peer: Peer
    client: Client
    _following: dict[Replica, trio.CancelScope] = field(default_factory=dict)

    async def run(self) -> None:
        replicas = self.peer.runner.replicas
        async with self.client, trio.open_nursery() as nursery:
            while True:
                seen = replicas.bell.count
                shared = self.peer.workspaces()
                for replica, scope in self._following.items():
                    if replica not in shared:
                        scope.cancel()
                for replica in shared:
                    if replica not in self._following:
                        self._following[replica] = trio.CancelScope()
                        nursery.start_soon(self._follow, replica)
                await replicas.bell.wait_after(seen)

    async def _follow(self, replica: Replica) -> None:
        """Until it is held no more."""
        self.peer.look_at(replica)  # the next run over everything may be far away
        follower = _Follower(self.peer, self.client, replica)
        with self._following[replica]:
            while True:
                await follower.follow_once()
        self.peer.streams.pop(replica, None)
        self.peer.count_streams()
        del self._following[replica]


@dataclass(slots=True)
class _Follower:
    """Of one workspace. `failures` are of streams, one after the other."""

    peer: Peer
    client: Client
    replica: Replica
    failures: int = 0
    has_asked_for_room: bool = False

    async def follow_once(self) -> None:
        """Open the stream when that is due, and follow it; rest where it failed."""
        await self._wait_well()
        with trio.CancelScope() as self._state.scope:
            await trio.sleep(await self._follow())
        if self._state.scope.cancelled_caught:  # paused, or begun anew
            self.failures, self.has_asked_for_room = 0, False
            self._ended("", "")

    @property
    def _state(self) -> StreamState:
        return self.peer.streams.of(self.replica)

    async def _wait_well(self) -> None:
        """Until the last run went well, and said how to speak to the peer."""
        while not self.peer.is_well or self._speaks_ours() is None:
            await self.peer.bell.wait_after(self.peer.bell.count)

    def _speaks_ours(self) -> bool | None:
        known = self.peer.acquaintance
        if known.hello is not None:
            return True if self.replica.local_id in known.shared else None
        wanted = self.peer.settings.protocol
        found = known.found if wanted is Protocol.AUTO else wanted
        return False if found is Protocol.PUB else None

    async def _follow(self) -> float:
        """Until the stream ends; the seconds to rest then."""
        began = trio.current_time()
        try:
            await self._follow_or_ask_for_room()
        except NoStream as exc:
            self._ended(exc.reason, exc.hint)
            return NO_STREAM * random.uniform(0.9, 1.1)  # noqa: S311 spreads load
        except MovedOn as exc:  # a run finds out what it knows now
            self._ended(exc.reason, exc.hint)
            self.peer.look_at(self.replica)
        except PeerUnavailable as exc:
            self._ended(exc.reason, exc.hint)
            return self._rest(began) + min(exc.retry_after or 0.0, NO_STREAM)
        except PeerMisbehaved as exc:
            self._ended(exc.reason, exc.hint)
        except PeerMoved as exc:
            place = exc.origin or "its new place"
            self._ended(str(exc), f"set the peer's url to {place}")
        except OperatorMustAct as exc:
            self._ended(str(exc), exc.hint)
        except Exception:
            log.exception(
                "peer %s: a bug of esd ended a stream", self.peer.settings.name
            )
            self._ended("a bug of esd ended it", "the log has the traceback")
        return self._rest(began)

    async def _follow_or_ask_for_room(self) -> None:
        """A plain pub has no stream of what it does not hold yet."""
        stream = self._stream()
        try:
            await stream.follow(self._opened)
        except NoStream:
            pushes = self.peer.settings.direction.pushes
            if stream.wire is not None or self.has_asked_for_room or not pushes:
                raise
        self.has_asked_for_room = True
        await stream.make_room()
        await stream.follow(self._opened)

    def _stream(self) -> Stream:
        known = self.peer.acquaintance
        if known.hello is not None and LIVE not in known.hello.levels:
            raise NoStream("it has no streams")
        return Stream(
            peer=self.peer.settings.name,
            client=self.client,
            replica=self.replica,
            wire=known.shared[self.replica.local_id] if known.hello else None,
            wanted=self._wanted,
            now=self.peer.runner.now,
            tally=self._state.tally,
        )

    def _wanted(self, now: int) -> Predicate | None:
        halves = self.peer.settings.halves(self.replica.halves)
        wanted = ours_alone(halves, now).pull
        return None if wanted.is_everything else wanted

    def _opened(self) -> None:
        self.has_asked_for_room = False  # should it lose the workspace one day
        self._turn(trio.current_time())

    def _ended(self, reason: str, hint: str) -> None:
        self._turn(None, reason, hint)

    def _turn(self, since: float | None, reason: str = "", hint: str = "") -> None:
        """Something may have come meanwhile that no stream has brought."""
        if self._state.turn(since, reason, hint):
            peer, workspace = self.peer.settings.name, self.replica.local_id
            live = self._state.is_live
            self.peer.runner.tell(
                "peer.live", peer=peer, workspace=workspace, live=live
            )
            self.peer.look_at(self.replica)
        self.peer.count_streams()

    def _rest(self, began: float) -> float:
        """Longer after each failure; one that worked for a while is none."""
        lasted = trio.current_time() - began
        self.failures = 0 if lasted > LASTING else self.failures + 1
        longest = min(LATEST, SOONEST * 2.0 ** min(self.failures, 20))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 spreads load
