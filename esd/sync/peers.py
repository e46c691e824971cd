"""All peers: their loops, and what wakes them.

Each peer has a loop of its own (see sync/peer) in one nursery, and each replica a task
that listens to its bell and tells the peers that share it. How a peer is failing is
kept in the node's file, so that a restart does not hammer one that is down.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from esd.bell import Bell
from esd.replica import Replica
from esd.store import NodeFile, RunRecord
from esd.sync.client import Client
from esd.sync.peer import Peer
from esd.sync.run import Outcome, Runner
from esd.sync.schedule import Schedule
from esd.sync.settings import PeerSettings

__all__ = ["Peers"]


@dataclass(slots=True)
class Peers:
    """The peers of the configuration, by name."""

    settings: Sequence[PeerSettings]
    runner: Runner
    node: NodeFile
    connect: Callable[[PeerSettings], Client]
    _peers: dict[str, Peer] = field(default_factory=dict)
    _ready: trio.Event = field(default_factory=trio.Event)
    _heard: dict[str, int] = field(default_factory=dict)  # local id -> rings told
    _listened: Bell = field(default_factory=Bell)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers.values())

    def __getitem__(self, name: str) -> Peer:
        return self._peers[name]

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep all replicas in sync with all peers until cancelled."""
        turns = trio.CapacityLimiter(self.runner.limits.runs)
        for settings in self.settings:
            schedule = self._schedule(settings)
            peer = Peer(settings, self.runner, turns, schedule)
            self._peers[settings.name] = peer
        async with trio.open_nursery() as nursery:
            for peer in self:
                nursery.start_soon(peer.run, self.connect(peer.settings))
                nursery.start_soon(self._keep_record, peer)
            nursery.start_soon(self._listen_to_all)
            self._ready.set()
            task_status.started()

    def _schedule(self, settings: PeerSettings) -> Schedule:
        return Schedule.begin(
            settings.rhythm,
            now=trio.current_time(),
            jitter=random.random(),  # noqa: S311 spreads load
            wall=self.runner.now(),
            backoff=self.node.backoff(settings.name),
        )

    async def sync(self, name: str) -> Outcome:
        """Ask for a run with one peer and wait for it."""
        await self._ready.wait()
        peer = self[name]
        return await peer.wait_finished(peer.ask())

    async def wait_idle(self) -> None:
        """Wait until no peer has anything left to do before its next interval."""
        await self._ready.wait()
        while True:
            busy = next((peer for peer in self if not peer.idle), None)
            if busy is not None:
                await busy.ended.wait_after(busy.ended.count)
            elif self._has_unheard():
                await self._listened.wait_after(self._listened.count)
            else:
                return

    def _has_unheard(self) -> bool:
        """Whether a bell has rung of which the peers were not told yet."""
        rung = {one.local_id: one.bell.count for one in self.runner.replicas}
        return any(self._heard.get(name) != count for name, count in rung.items())

    async def _listen_to_all(self) -> None:
        """Listen to every replica, also to those that are added later."""
        heard: set[str] = set()
        replicas = self.runner.replicas
        async with trio.open_nursery() as nursery:
            while True:
                seen = replicas.bell.count
                for replica in replicas:
                    if replica.local_id not in heard:
                        heard.add(replica.local_id)
                        nursery.start_soon(self._listen, replica, replica.bell.count)
                await replicas.bell.wait_after(seen)

    async def _listen(self, replica: Replica, seen: int) -> None:
        sharing = [p for p in self if replica.address in p.settings.workspaces]
        while True:
            self._heard[replica.local_id] = seen
            self._listened.ring()
            seen = await replica.bell.wait_after(seen)
            for peer in sharing:
                peer.news(replica)

    async def _keep_record(self, peer: Peer) -> None:
        """Write each run of *peer* down, and how the peer is failing."""
        seen, run = peer.ended.count, self.runner.replicas.run
        while True:
            seen = await peer.ended.wait_after(seen)
            records = _records(peer)
            backoff = peer.schedule.backoff(
                now=trio.current_time(), wall=self.runner.now()
            )
            await run(partial(self.node.note_run, peer.settings.name, records, backoff))


def _records(peer: Peer) -> list[RunRecord]:
    outcome = peer.last
    assert outcome is not None
    return [
        RunRecord(
            peer=peer.settings.name,
            workspace=finding.workspace,
            cause=outcome.cause,
            started=finding.started,
            ended=finding.ended,
            outcome="done" if finding.complete else "failed",
            detail=finding.as_json(outcome.trouble),
        )
        for finding in outcome.findings
    ]
