"""What is open in a running esd, and how the operator steers it (`control.Node`).

A new configuration is taken on whole or not at all: it is read and judged first, and
what is applied afterwards cannot fail. What only a restart can change stays as it is,
and the answer says so.
"""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from esd import __version__
from esd.config import Config, ConfigError, WorkspaceSettings, read_config
from esd.config import Problem as ConfigProblem
from esd.control import Conflict, Health, Problem, Refused, Reloaded
from esd.daemon.health import Watch, find_troubles
from esd.daemon.shown import differences, shown
from esd.errors import OperatorMustAct
from esd.events import Event, Events, Scalar
from esd.formats import WorkspaceAddress
from esd.pub import Pub
from esd.replica import Clock, Replica, Replicas, TooManyWorkspaces
from esd.store import Identities, NodeFile
from esd.sync import Peers
from esd.web import Drain

__all__ = ["RunningNode"]

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class RunningNode:
    """All that is open. `make_pub` makes the public side for a configuration."""

    config: Config
    config_file: Path | None
    state: Path
    node_file: NodeFile
    replicas: Replicas
    peers: Peers
    make_pub: Callable[[Config], Pub]
    events: Events
    clock: Clock
    now: Callable[[], int]
    may_run: trio.Event  # runs wait for it, until the clock allows them
    drain: Drain
    control_socket: Path | None = None
    addresses: tuple[str, ...] = ()
    version: str = __version__

    def __post_init__(self) -> None:
        self.started = self.now()
        self.pub = self.make_pub(self.config)
        self._ending = trio.CancelScope()
        self._reloading = trio.Lock()
        self._rejected = False  # the last reload's file
        self._watch = Watch(self.tell, self.now)

    @property
    def identities(self) -> Identities:
        return self.node_file.identities

    def tell(self, kind: str, **data: Scalar) -> None:
        self.events.note(Event(kind, self.now(), data))

    def stop(self) -> None:
        """Stop accepting, and end when the busy connections are done, or at a deadline.

        Told a second time: end now.
        """
        if self.stopping:
            self._ending.cancel()
            return
        self.tell("stopping")
        self.drain.start()

    @property
    def stopping(self) -> bool:
        return self.drain.started

    def health(self) -> Sequence[Health]:
        free = shutil.disk_usage(self.state).free
        troubles = find_troubles(
            self.clock,
            self.peers,
            disk_short=free < self.config.bounds.free_disk,
            rejected=self._rejected,
        )
        return self._watch.look(troubles)

    # The configuration...

    def config_shown(self) -> Mapping[str, object]:
        return shown(self.config, self.replicas)

    async def reload(self) -> Reloaded:
        async with self._reloading:
            if self.config_file is None:
                raise Conflict(
                    "no-config-file",
                    "esd runs without a configuration file",
                    "start it with: esd run --config FILE",
                )
            try:
                new = read_config(self.config_file)
                self.hold(new.workspaces)
            except ConfigError as exc:
                self._rejected = True
                self.tell("config.rejected", problems=len(exc.problems))
                raise Refused([_as_refused(one) for one in exc.problems]) from exc
            except OperatorMustAct as exc:
                raise Conflict("state-unusable", str(exc), exc.hint) from exc
            self._rejected = False
            return self._apply(new)

    def _apply(self, new: Config) -> Reloaded:
        changed, needs_restart = differences(self.config, new)
        self.config = replace(
            new,
            state_dir=self.config.state_dir,
            http=replace(new.http, listen=self.config.http.listen),
            limits=self.config.limits,
            bounds=self.config.bounds,
            runs=self.config.runs,
            control=self.config.control,
        )
        self.pub = self.make_pub(self.config)
        self.peers.apply(self.config.peers)
        self.tell("config.reloaded", changed=len(changed))
        log.info("configuration read again: %s", ", ".join(changed) or "no change")
        return Reloaded(changed=changed, needs_restart=needs_restart)

    def hold(self, workspaces: Sequence[WorkspaceSettings]) -> None:
        """A replica for each configured workspace, by the name it has there."""
        for workspace in workspaces:
            replica = self.replicas.add(workspace.address, configured=True)
            if workspace.alias is not None:
                replica.alias = workspace.alias
        self._agree({one.address: one for one in workspaces})

    def _agree(self, configured: Mapping[WorkspaceAddress, WorkspaceSettings]) -> None:
        """What each gives and takes, and to whom: as configured, or to all alike."""
        for replica in self.replicas:
            usual = WorkspaceSettings(address=replica.address)
            workspace = configured.get(replica.address, usual)
            replica.halves = workspace.halves
            replica.anonymous = workspace.anonymous

    # ...and the workspaces.

    async def add_workspace(
        self, address: WorkspaceAddress, alias: str | None
    ) -> Replica:
        self._check_alias(address, alias)
        try:
            replica = self.replicas.add(address)
        except TooManyWorkspaces as exc:
            raise Conflict(
                "too-many-workspaces", str(exc), "raise max_workspaces and restart"
            ) from exc
        except OperatorMustAct as exc:
            raise Conflict("state-unusable", str(exc), exc.hint) from exc
        if alias is not None:
            await replica.change(lambda: replica.file.set_alias(alias))
            replica.alias = alias
        self.tell("workspace.added", workspace=replica.local_id)
        return replica

    def _check_alias(self, address: WorkspaceAddress, alias: str | None) -> None:
        holder = self.replicas.find(alias) if alias else None
        if holder is not None and holder.address != address:
            raise Conflict(
                "alias-taken",
                "another workspace has that alias",
                "choose another alias, or remove that workspace first",
            )

    async def remove_workspace(self, replica: Replica, *, purge: bool) -> None:
        if any(one.address == replica.address for one in self.config.workspaces):
            raise Conflict(
                "workspace-configured",
                "the configuration file names this workspace",
                f"remove it from {self.config_file}, then run: esdctl reload",
            )
        for run in self.peers.runs.latest():
            if any(one.workspace == replica.local_id for one in run.findings):
                self.peers.cancel(run.id)
        await self.replicas.remove(
            replica, None if purge else self.state / "removed", self.now()
        )
        self.tell("workspace.removed", workspace=replica.local_id, purged=purge)


def _as_refused(problem: ConfigProblem) -> Problem:
    return Problem(
        file=problem.file, key=problem.key, line=problem.line, text=problem.text
    )
