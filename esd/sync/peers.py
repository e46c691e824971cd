"""All peers: who there is, what they are asked for, and what wakes them.

Each peer has a loop of its own (peer), and a task beside it that writes its runs down
(recording); one task listens to all replicas and tells the peers that share what
changed (listening). Peers come and go while the daemon runs, when its configuration is
read again. Whether one is paused is kept in the node's file.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import trio

from esd.bell import Bell
from esd.formats import WorkspaceAddress
from esd.store import History, KnownProtocol
from esd.sync.acquaintance import Acquaintance
from esd.sync.client import Client
from esd.sync.followers import Followers
from esd.sync.listening import Listener
from esd.sync.peer import Peer
from esd.sync.recording import Record
from esd.sync.run_book import RunBook
from esd.sync.runner import Runner
from esd.sync.runs import Scope, SyncRun
from esd.sync.schedule import Schedule
from esd.sync.settings import Direction, PeerSettings
from esd.sync.showing import memories

__all__ = ["Peers"]

SECOND = 1_000_000


class Peers:
    """The peers of the configuration, by name. `run` is their life."""

    def __init__(
        self,
        settings: Sequence[PeerSettings],
        runner: Runner,
        history: History,
        connect: Callable[[PeerSettings], Client],
    ) -> None:
        self.history = history
        self.runs = RunBook(history.last_run(), runner.now)
        self._wanted = tuple(settings)
        self._runner = runner
        self._connect = connect
        self._peers: dict[str, Peer] = {}
        self._coming: list[tuple[Peer, Peer | None]] = []  # and its namesake before
        self._last_of_name: dict[str, Peer] = {}
        self._turns = trio.CapacityLimiter(runner.limits.runs)
        self._changed = Bell()
        self._ready = trio.Event()
        self._listener = Listener(runner.replicas, self)

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._peers.values()))

    def __getitem__(self, name: str) -> Peer:
        return self._peers[name]

    def __len__(self) -> int:
        return len(self._peers)

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep all replicas in sync with all peers until cancelled."""
        self.apply(self._wanted)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listener.run)
            self._ready.set()
            task_status.started()
            while True:
                seen = self._changed.count
                while self._coming:
                    nursery.start_soon(self._stay, *self._coming.pop())
                await self._changed.wait_after(seen)

    async def _stay(self, peer: Peer, before: Peer | None) -> None:
        """One peer, from when its namesake is gone to when it leaves itself.

        What a peer's list brought in is known by its name, so no two of one name may
        ever run at once.
        """
        try:
            if before is not None:
                await before.gone.wait()
            with peer.leaving:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(Record(peer, self.history).keep)
                    client = self._connect(peer.settings)
                    nursery.start_soon(peer.live, client)
                    if peer.settings.live and peer.settings.direction.pulls:
                        streams = Followers(peer, client.for_streams())
                        nursery.start_soon(streams.run)
        finally:
            peer.gone.set()
            if self._last_of_name.get(peer.settings.name) is peer:
                del self._last_of_name[peer.settings.name]

    # Who there is...

    def apply(self, settings: Sequence[PeerSettings]) -> tuple[str, ...]:
        """Have these peers from now on; the names of those that changed.

        One whose settings are the same goes on undisturbed, even in a run.
        """
        wanted = {one.name: one for one in settings if one.url}  # others only call us
        changed = []
        left: dict[str, PeerSettings] = {}
        for name, peer in list(self._peers.items()):
            if wanted.get(name) != peer.settings:
                changed.append(name)
                left[name] = peer.settings
                del self._peers[name]
                peer.leave()
        for name, one in wanted.items():
            if name not in self._peers:
                changed.append(name)
                self._peers[name] = peer = self._new(one, left.get(name, one))
                self._coming.append((peer, self._last_of_name.get(name)))
                self._last_of_name[name] = peer
        self._changed.ring()
        return tuple(dict.fromkeys(changed))

    def _new(self, settings: PeerSettings, was: PeerSettings) -> Peer:
        paused = self.history.paused()
        return Peer(
            settings,
            self._runner,
            self._turns,
            self._schedule(settings, same_place=settings.url == was.url),
            partial(self.runs.begin, settings.name),
            Acquaintance(
                settings.url,
                self.history.protocol(settings.name),
                partial(self._note_protocol, settings.name),
            ),
            self._on_trios_clock(paused[settings.name])
            if settings.name in paused
            else None,
        )

    def _schedule(self, settings: PeerSettings, *, same_place: bool) -> Schedule:
        """That nobody answered at another url says nothing of this one."""
        return Schedule.begin(
            settings.rhythm,
            now=trio.current_time(),
            jitter=random.random(),  # noqa: S311 spreads load
            wall=self._runner.now(),
            backoff=self.history.backoff(settings.name) if same_place else None,
        )

    def _on_trios_clock(self, until: int | None) -> float:
        if until is None:
            return math.inf
        return trio.current_time() + (until - self._runner.now()) / SECOND

    async def pause(self, name: str, until: int | None = None) -> None:
        """No runs with that peer until then (wall clock, µs), or until resumed."""
        self[name].pause(self._on_trios_clock(until))
        self._runner.tell("peer.paused", peer=name)
        await self._write(partial(self.history.note_pause, name, until))

    async def resume(self, name: str) -> None:
        self[name].resume()
        self._runner.tell("peer.resumed", peer=name)
        await self._write(partial(self.history.note_resume, name))

    async def reset(self, name: str) -> SyncRun:
        """Forget all we remember of that peer, and try it now; the run that does."""
        peer = self[name]
        peer.reset()
        await self._write(partial(self.history.forget_protocol, name))
        for replica in peer.workspaces():
            for memory in (name, *memories(name)):
                await replica.change(partial(replica.file.peer_writer.forget, memory))
        return peer.ask()[0]

    async def _write(self, write: Callable[[], None]) -> None:
        await self._runner.replicas.run(write)

    # ...and what runs are asked for.

    def start(
        self,
        name: str,
        workspaces: Sequence[WorkspaceAddress] | None = None,
        direction: Direction | None = None,
        *,
        dry: bool = False,
    ) -> tuple[SyncRun, bool]:
        """Ask for a run with one peer; and whether it joined one asked before.

        Raises KeyError, PeerPaused, and NotShared.
        """
        peer = self[name]
        scope = replace(peer.everything, dry=dry)
        if direction is not None:
            scope = replace(scope, direction=direction)
        if workspaces is not None:
            scope = replace(scope, workspaces=self._local_ids(workspaces))
        return peer.ask(scope)

    def _local_ids(self, addresses: Sequence[WorkspaceAddress]) -> frozenset[str]:
        found = (self._runner.replicas.get(address) for address in addresses)
        return frozenset(replica.local_id if replica else "" for replica in found)

    def cancel(self, number: int) -> bool:
        """End a run that is not over; False: there is no such."""
        run = self.runs.get(number)
        if run is None or run.state.over:
            return False
        if run.peer in self._peers:
            self._peers[run.peer].cancel(run)
        return True

    async def sync(self, name: str, scope: Scope | None = None) -> SyncRun:
        """Ask for a run with one peer and wait for it."""
        await self._ready.wait()
        run, _ = self[name].ask(scope)
        await run.wait()
        return run

    async def wait_idle(self) -> None:
        """Wait until no peer has anything left to do before its next interval."""
        await self._ready.wait()
        while True:
            busy = next((peer for peer in self if not peer.idle), None)
            if busy is not None:
                await busy.bell.wait_after(busy.bell.count)
            elif self._listener.is_behind:
                told = self._listener.bell
                await told.wait_after(told.count)
            else:
                return

    async def _note_protocol(self, name: str, known: KnownProtocol) -> None:
        await self._write(partial(self.history.note_protocol, name, known))
