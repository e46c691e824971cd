"""The running esd: everything that is open, every task, and the order of the end.

Two nurseries, nested. `connections` holds one task a connection and ends last: on stop
it gets a deadline, not a cancel. `working` holds what makes new work (listeners, runs
with peers, expiry, signals) and is cancelled first, at once: whatever it had taken in
is already on disk. The nesting is the order; there are no flags.

READY is said when peers can connect and runs can start, not before. Here is the one
`now()`; every operation below reads it once and passes the number on.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from esd import places, systemd
from esd.config import Config, NewWorkspaces
from esd.control import Node
from esd.events import Event, Events
from esd.pub import Pub, PubSettings
from esd.replica import IN_FLIGHT_IN_ALL, Clock, Replicas, Run
from esd.store import NodeFile, lock_state
from esd.sync import Client, Peers, PeerSettings, RunLimits, Runner
from esd.web import (
    Doors,
    Drain,
    address_of,
    open_listeners,
    remote_of,
    serve_connection,
)

__all__ = ["Daemon", "open_daemon", "run"]

log = logging.getLogger(__name__)
T = TypeVar("T")

GRACE = 10.0  # seconds that busy connections get on stop; systemd waits for 30 and more
TEND_EVERY = 60.0  # expired documents are physically gone within the hour, with room
THREADS = 4  # two check signatures on two cores, the others wait for a disk
BOOT_ID_BYTES = 8


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def steady_clock() -> float:
    """Seconds of a clock that cannot be set, and goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def connect_over_http(peer: PeerSettings, limits: RunLimits) -> Client:
    return Client(peer.url, limits)


@dataclass(slots=True)
class Daemon:
    """All that is open. Implements `control.Node`."""

    config: Config
    node_file: NodeFile
    replicas: Replicas
    peers: Peers
    pub: Pub
    events: Events
    clock: Clock
    now: Callable[[], int]
    addresses: tuple[str, ...] = ()
    _drain: Drain = field(default_factory=Drain)
    _may_sync: trio.Event = field(default_factory=trio.Event)
    _ending: trio.CancelScope = field(default_factory=trio.CancelScope)

    def doubts(self) -> Sequence[str]:
        return self.clock.doubts

    def stop(self) -> None:
        """Stop accepting, and end when the busy connections are done, or at a deadline.

        Told a second time: end now.
        """
        if self._drain.started:
            self._ending.cancel()
        self._drain.start()

    async def run(
        self, *, task_status: trio.TaskStatus[Node] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve and sync until told to stop; then end in good order."""
        with open_listeners(self.config.http.listen) as listeners, self._ending:
            self.addresses = tuple(address_of(one) for one in listeners)
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as working:
                    await self._start(working, connections, listeners)
                    task_status.started(self)
                    await self._drain.wait_started()
                    working.cancel_scope.cancel()
                connections.cancel_scope.deadline = trio.current_time() + GRACE
        log.info("stopped")

    async def _start(
        self,
        working: trio.Nursery,
        connections: trio.Nursery,
        listeners: Sequence[trio.SocketListener],
    ) -> None:
        serve = partial(self._serve, Doors(self.config.limits))
        await working.start(
            partial(trio.serve_listeners, handler_nursery=connections), serve, listeners
        )
        working.start_soon(self._tend)
        working.start_soon(self._sync)
        self._tell("ready", f"listening on {', '.join(self.addresses)}")
        systemd.ready(self._summary())

    async def _serve(self, doors: Doors, stream: trio.SocketStream) -> None:
        remote = remote_of(stream)
        with doors.enter(remote) as inside:
            if not inside:
                await doors.turn_away(stream)
                return
            await serve_connection(
                stream,
                self.pub.handle,
                limits=self.config.limits,
                drain=self._drain,
                remote=remote,
                on_error=self.pub.refuse,
            )

    async def _sync(self) -> None:
        """Run with peers, once the clock shows no time that has already been."""
        await self._may_sync.wait()
        await self.peers.run()

    async def _tend(self) -> None:
        """Once a minute: read the clock, let expired documents go, tell systemd."""
        doubted: Sequence[str] = ()
        while True:
            self.clock.tick(self.now(), steady_clock())
            for doubt in set(self.doubts()) - set(doubted):
                self._tell("health.raised", f"{doubt}: nothing expires")
            doubted = self.doubts()
            if not self.clock.behind:
                self._may_sync.set()
            if self.clock.trusted:
                await self._expire(self.now())
            systemd.status(self._summary())
            await trio.sleep(TEND_EVERY)

    async def _expire(self, now: int) -> None:
        await self.replicas.run(partial(self.node_file.note_clock, now))
        for replica in self.replicas:
            gone = await replica.expire(now)
            if gone:
                log.info("%s: %d expired documents are gone", replica.local_id, gone)

    def _summary(self) -> str:
        workspaces, peers = len(self.replicas), len(self.config.peers)
        return f"{workspaces} workspaces, {peers} peers"

    def _tell(self, kind: str, message: str) -> None:
        level = logging.WARNING if kind == "health.raised" else logging.INFO
        log.log(level, "%s", message)
        self.events.note(Event(kind, self.now(), {"message": message}))


@contextmanager
def open_daemon(
    config: Config,
    *,
    now: Callable[[], int] = wall_clock,
    connect: Callable[[PeerSettings, RunLimits], Client] = connect_over_http,
) -> Iterator[Daemon]:
    """Open all that *config* names; everything is closed afterwards.

    Raises OperatorMustAct where something cannot be used; then nothing was changed.
    """
    state = config.state_dir or places.state_dir()
    with ExitStack() as opened:
        opened.enter_context(lock_state(state))
        node_file = NodeFile(state / "node.db")
        opened.callback(node_file.close)
        replicas = Replicas(_folder(state), node_file, config.bounds, _in_threads())
        opened.callback(replicas.close)
        replicas.open_all()
        for workspace in config.workspaces:
            replicas.add(workspace.address)
        yield _assemble(config, node_file, replicas, now, connect)


def _folder(state: Path) -> Path:
    folder = state / "replicas"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _in_threads() -> Run:
    """Worker threads with a limiter of our own: the default one is also DNS's."""
    limiter = trio.CapacityLimiter(THREADS)

    async def call(function: Callable[[], T], /) -> T:
        return await trio.to_thread.run_sync(function, limiter=limiter)

    return call


def _assemble(
    config: Config,
    node_file: NodeFile,
    replicas: Replicas,
    now: Callable[[], int],
    connect: Callable[[PeerSettings, RunLimits], Client],
) -> Daemon:
    events = Events(os.urandom(BOOT_ID_BYTES).hex())
    clock = Clock(node_file.clock(), now(), steady_clock())
    slots = trio.CapacityLimiter(IN_FLIGHT_IN_ALL)
    runner = Runner(
        replicas=replicas,
        limits=config.runs,
        slots=slots,
        now=now,
        note=events.note,
        hear_date=lambda date: clock.compare(date, now()),
    )
    return Daemon(
        config=config,
        node_file=node_file,
        replicas=replicas,
        peers=Peers(
            config.peers, runner, node_file, lambda peer: connect(peer, config.runs)
        ),
        pub=Pub(
            replicas, _pub_settings(config), config.limits, config.bounds, slots, now
        ),
        events=events,
        clock=clock,
        now=now,
    )


def _pub_settings(config: Config) -> PubSettings:
    http = config.http
    return PubSettings(
        creates=http.new_workspaces is NewWorkspaces.OPEN,
        readonly=http.readonly,
        title=http.title,
        notes=http.notes,
        browser_origins=http.browser_origins,
    )


async def run(config: Config) -> None:
    """The daemon as a service: until SIGTERM or SIGINT; the second one means now."""
    os.umask(0o077)
    with open_daemon(config) as daemon:
        async with trio.open_nursery() as watching:
            await watching.start(_watch_signals, daemon)
            await daemon.run()
            watching.cancel_scope.cancel()


async def _watch_signals(
    daemon: Daemon, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            log.info("%s: stopping", signal.Signals(number).name)
            systemd.stopping()
            daemon.stop()
