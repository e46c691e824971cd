"""A node for tests of the control API: real replicas, real peers over pubs in memory.

Only what the daemon adds to them is made up here.
"""

from contextlib import asynccontextmanager

import trio

from esd.control import Conflict, Health, Reloaded, Severity
from esd.events import Events
from esd.replica import Replicas, inline
from esd.store import NodeFile
from esd.sync import Client, Peers, PeerSettings, RunLimits, Runner
from esd.sync.rhythm import Rhythm
from tests.replicas import GARDEN, NOW, ROOMY, SECOND, SUZY

INTERVAL = 300.0
ALIAS = "garden"


class FakeNode:
    """Honours `esd.control.Node`. What a test wants of it are plain attributes."""

    version = "9.8.7"
    started = NOW
    addresses = ("127.0.0.1:3333", "[::1]:3333")

    def __init__(self, folder, wires=None, *, kept=1000, bounds=ROOMY, **settings):
        wires = wires or {}
        self.folder = folder
        self.config_file = folder / "esd.toml"
        self.node_file = NodeFile(folder / "node.db")
        (folder / "replicas").mkdir(exist_ok=True)
        self.replicas = Replicas(folder / "replicas", self.node_file, bounds, inline)
        self.replicas.open_all()
        self.replica = self.replicas.add(GARDEN)
        self.replica.alias = ALIAS
        self.events = Events("b00b1e5", kept)
        self.identities = self.node_file.identities
        self.identities.add("suzy", SUZY, NOW)
        self.stopping = False
        self.troubles = []
        self.reloads = []  # what the next reloads come to: a value, or a raise
        self.reloading = trio.Lock()
        runner = Runner(
            replicas=self.replicas,
            limits=RunLimits(),
            slots=trio.CapacityLimiter(16),
            now=self.now,
            note=self.events.note,
            hear_date=lambda _: None,
        )
        settings = {
            "rhythm": Rhythm(interval=INTERVAL),
            "workspaces": (GARDEN,),
            **settings,
        }
        self.peers = Peers(
            [PeerSettings(name=n, url=f"http://{n}", **settings) for n in wires],
            runner,
            self.node_file.history,
            lambda peer: Client(peer.url, RunLimits(), transport=wires[peer.name]),
        )

    def now(self):
        return NOW + round(trio.current_time() * SECOND)

    def health(self):
        return self.troubles

    def doubt(self, severity=Severity.WARNING):
        self.troubles.append(
            Health(
                code="clock-jumped",
                severity=severity,
                since=NOW,
                message="the clock jumped by more than an hour",
                hint="set the clock",
            )
        )

    def config_shown(self):
        return {"workspaces": [{"alias": ALIAS, "id": self.replica.local_id}]}

    async def reload(self):
        async with self.reloading:
            await trio.sleep(1)
            outcome = self.reloads.pop(0) if self.reloads else Reloaded()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def add_workspace(self, address, alias):
        if alias is not None and self.replicas.find(alias) is not None:
            raise Conflict("alias-taken", "another workspace has that alias", "choose")
        replica = self.replicas.add(address)
        replica.alias = alias
        return replica

    async def remove_workspace(self, replica, *, purge):
        if replica.address == GARDEN:
            raise Conflict(
                "workspace-configured",
                "the configuration names this workspace",
                f"remove it from {self.config_file}, then: esdctl reload",
            )
        await self.replicas.remove(
            replica, None if purge else self.folder / "removed", self.now()
        )

    def stop(self):
        self.stopping = True

    def close(self):
        self.replicas.close()
        self.node_file.close()


@asynccontextmanager
async def a_node(folder, wires=None, **settings):
    node = FakeNode(folder, wires, **settings)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(node.peers.run)
            yield node
            nursery.cancel_scope.cancel()
    finally:
        node.close()
