"""Opening everything a configuration names, in order, and closing it in reverse.

Whatever cannot be used stops the start with one sentence for the operator, before
anything was changed: the state may be the only copy.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

import trio

from esd import places
from esd.config import Config, NewWorkspaces
from esd.daemon.clocks import steady_clock, wall_clock
from esd.daemon.tree import Daemon
from esd.events import Events
from esd.pub import Caller, Lasting, Pub, PubSettings
from esd.replica import Clock, Replicas, Run
from esd.store import NodeFile, lock_state
from esd.sync import Client, Peers, PeerSettings, RunLimits, Runner

__all__ = ["connect_over_http", "open_daemon"]

T = TypeVar("T")

THREADS = 4  # two check signatures on two cores, the others wait for a disk
BOOT_ID_BYTES = 8

Connect = Callable[[PeerSettings, RunLimits], Client]


def connect_over_http(peer: PeerSettings, limits: RunLimits) -> Client:
    return Client(peer.url, limits, key=peer.key)


@contextmanager
def open_daemon(
    config: Config,
    *,
    config_file: Path | None = None,
    now: Callable[[], int] = wall_clock,
    connect: Connect = connect_over_http,
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
        daemon = _Parts(config, state, node_file, replicas, now).assemble(connect)
        daemon.config_file = config_file
        daemon.control_socket = config.control.socket
        daemon.hold(config.workspaces)
        yield daemon


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


class _Parts:
    """What is open so far, and how the rest is made of it."""

    def __init__(
        self,
        config: Config,
        state: Path,
        node_file: NodeFile,
        replicas: Replicas,
        now: Callable[[], int],
    ) -> None:
        self._config = config
        self._state = state
        self._node_file = node_file
        self._replicas = replicas
        self._now = now
        self._events = Events(token_hex(BOOT_ID_BYTES))
        self._clock = Clock(node_file.clock(), now(), steady_clock())
        self._lasting = Lasting()
        self._may_run = trio.Event()

    def assemble(self, connect: Connect) -> Daemon:
        return Daemon(
            config=self._config,
            config_file=None,
            state=self._state,
            node_file=self._node_file,
            replicas=self._replicas,
            peers=self._peers(connect),
            make_pub=self._pub,
            drain=self._lasting.drain,
            events=self._events,
            clock=self._clock,
            now=self._now,
            may_run=self._may_run,
        )

    def _peers(self, connect: Connect) -> Peers:
        limits = self._config.runs
        runner = Runner(
            replicas=self._replicas,
            limits=limits,
            slots=self._lasting.slots,
            now=self._now,
            note=self._events.note,
            hear_date=lambda date: self._clock.compare(date, self._now()),
            may_run=self._may_run,
        )
        return Peers(
            self._config.peers,
            runner,
            self._node_file.history,
            lambda peer: connect(peer, limits),
        )

    def _pub(self, config: Config) -> Pub:
        http = config.http
        settings = PubSettings(
            creates=http.new_workspaces is NewWorkspaces.OPEN,
            readonly=http.readonly,
            title=http.title,
            notes=http.notes,
            browser_origins=http.browser_origins,
            names=http.names,
            callers=tuple(_callers(config.peers)),
            salt=self._node_file.salt,
        )
        return Pub(
            self._replicas,
            settings,
            config.limits,
            config.bounds,
            self._lasting,
            self._now,
        )


def _callers(peers: Sequence[PeerSettings]) -> Iterator[Caller]:
    """The peers that we know when they call us. One way is one way, whoever calls."""
    for peer in peers:
        if peer.key is not None:
            yield Caller(
                name=peer.name,
                key=peer.key,
                workspaces=None if peer.common else frozenset(peer.workspaces),
                incoming=peer.incoming if peer.direction.pulls else (),
                outgoing=peer.outgoing if peer.direction.pushes else (),
            )
