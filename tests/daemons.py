"""Whole daemons for tests: in the test's own nursery, on a port of their own.

Peers are manual here: a run happens when a test asks for one, and never besides. So
what a test counts (requests, bytes) is what it caused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from math import inf
from pathlib import Path
from typing import Any

import httpx
import trio

from esd.config import Config, HttpSettings, NewWorkspaces, WorkspaceSettings
from esd.daemon import Daemon, connect_over_http, open_daemon, wall_clock
from esd.formats import WorkspaceAddress
from esd.formats.wire_ids import workspace_key
from esd.replica import Replica
from esd.sync import Client, Finding, PeerSettings, RunLimits, SyncRun
from esd.sync.rhythm import Rhythm
from tests.plain_http import plain_http

ON_LOOPBACK = ("127.0.0.1:0",)
MANUAL = Rhythm(interval=inf)
STOP_TIME = 60.0  # seconds; a clean stop takes a few milliseconds

Connect = Callable[[PeerSettings, RunLimits], Client]


def a_peer(name: str, url: str, *workspaces: str, **over: Any) -> PeerSettings:
    addresses = tuple(WorkspaceAddress.parse(one) for one in workspaces)
    settings = PeerSettings(name=name, url=url, workspaces=addresses, rhythm=MANUAL)
    return replace(settings, **over)


def a_config(
    state_dir: Path,
    workspaces: Sequence[str] = (),
    peers: Sequence[PeerSettings] = (),
    *,
    creates: bool = False,
    readonly: bool = False,
    names: tuple[str, ...] = (),
    **over: Any,
) -> Config:
    """A configuration that listens on a free port of loopback."""
    new = NewWorkspaces.OPEN if creates else NewWorkspaces.CLOSED
    http = HttpSettings(
        listen=ON_LOOPBACK, new_workspaces=new, readonly=readonly, names=names
    )
    config = Config(
        state_dir=state_dir,
        http=http,
        workspaces=tuple(
            WorkspaceSettings(address=WorkspaceAddress.parse(one)) for one in workspaces
        ),
        peers=tuple(peers),
    )
    return replace(config, **over)


@dataclass(slots=True, kw_only=True)
class Running:
    """A daemon that is up. `clients` are its connections to its peers, by name."""

    daemon: Daemon
    clients: dict[str, Client]
    ended: trio.Event = field(default_factory=trio.Event)

    @property
    def port(self) -> int:
        return int(self.daemon.addresses[0].rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def replica(self, workspace: str) -> Replica:
        replica = self.daemon.replicas.get(WorkspaceAddress.parse(workspace))
        assert replica is not None
        return replica

    def documents(self, workspace: str) -> bytes:
        """The list as it is served, in one piece."""
        pieces = self.replica(workspace).reader.page(
            self.daemon.now(), rows=1 << 20, size=1 << 40
        )
        return b"[" + b",".join(pieces.documents) + b"]"

    async def sync(self, peer: str) -> SyncRun:
        return await self.daemon.peers.sync(peer)

    async def sync_one(self, peer: str) -> Finding:
        """As `sync`, for a run that must go well and is about one workspace."""
        outcome = await self.sync(peer)
        assert not outcome.trouble
        (finding,) = outcome.findings
        assert finding.complete
        return finding

    async def stop(self) -> None:
        """Stop it in good order; its files are closed afterwards."""
        with trio.fail_after(STOP_TIME):
            self.daemon.stop()
            await self.ended.wait()


async def run_daemon(
    config: Config,
    *,
    now: Callable[[], int] = wall_clock,
    connect: Connect = connect_over_http,
    task_status: trio.TaskStatus[Running],
) -> None:
    """Run a daemon until it is stopped or cancelled; `started` gives it."""
    clients: dict[str, Client] = {}

    def remember(peer: PeerSettings, limits: RunLimits) -> Client:
        return clients.setdefault(peer.name, connect(peer, limits))

    with open_daemon(config, now=now, connect=remember) as daemon:
        _give_keys(daemon)
        running = Running(daemon=daemon, clients=clients)
        try:
            await daemon.run(task_status=_Instead(task_status, running))
        finally:
            # It closes its files with no await in between: nobody can look earlier.
            running.ended.set()


_key_of = cache(workspace_key)


def _give_keys(daemon: Daemon) -> None:
    """Of each workspace the key that the daemon would make: dear, and always the same.

    Else most of what such tests cost is making one again and again.
    """
    for replica in daemon.replicas:
        if replica.wire_key is None:
            replica.file.set_wire_key(_key_of(replica.address))


@dataclass(frozen=True, slots=True)
class _Instead:
    """Reports the daemon as `Running` to whoever waits for it."""

    task_status: trio.TaskStatus[Running]
    running: Running

    def started(self, _daemon: Daemon | None = None) -> None:
        self.task_status.started(self.running)


async def start_daemon(nursery: trio.Nursery, config: Config, **how: Any) -> Running:
    running: Running = await nursery.start(partial(run_daemon, config, **how))
    return running


async def restarted(nursery: trio.Nursery, running: Running, **how: Any) -> Running:
    """The same daemon again, over what the first one left on disk."""
    await running.stop()
    return await start_daemon(nursery, running.daemon.config, **how)


async def fetch(url: str, **headers: str) -> httpx.Response:
    """One GET on a connection of its own."""
    async with plain_http() as http:
        return await http.get(url, headers=headers)


async def push(url: str, body: bytes, **headers: str) -> httpx.Response:
    """One POST on a connection of its own."""
    async with plain_http() as http:
        return await http.post(url, content=body, headers=headers)
