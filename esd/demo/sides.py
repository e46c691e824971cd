"""The two daemons, and a third one that looks at a pub.

Each is opened from the text of a configuration, as `esd run` opens one. They are peers
of each other, so each must know the other's port before it is bound: meanwhile a socket
that never listens holds it, which leaves it to the daemon and to nobody else.
"""

import json
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from esd.daemon import Daemon
from esd.formats import WorkspaceAddress
from esd.replica import Replica
from esd.sync.status import Standing, describe

__all__ = ["PUB", "OpenDaemon", "Side", "open_sides", "open_visitor"]

OpenDaemon = Callable[[str], AbstractContextManager[Daemon]]
"""Opens a daemon from a configuration's text."""

ALIAS = "demo"  # of the workspace, whose address is nobody's business
PUB = "pub"  # the peer of --pub
INTERVAL = "5s"  # between looks for news; what is written does not wait for it
SUFFIX_BYTES = 16  # nobody else meets this workspace by chance, not even on a pub


@dataclass(frozen=True, slots=True)
class Side:
    """One daemon of the demo."""

    name: str
    daemon: Daemon
    socket: Path

    @property
    def replica(self) -> Replica:
        (replica,) = self.daemon.replicas
        return replica

    async def documents(self) -> bytes:
        """The list of all documents, as it is served to peers."""
        listing = self.daemon.replicas.listing(self.replica)
        return b"".join([piece async for piece in listing.pieces(self.daemon.now())])

    def peers(self) -> list[str]:
        """How each of its peers is, in words."""
        now = trio.current_time()
        return [
            f"peer {peer.settings.name}: {describe(peer.status, now)}"
            for peer in self.daemon.peers
        ]

    async def sync(self, peer: str) -> str:
        """Have a run with that peer now; in words why they are not level, if so."""
        run = await self.daemon.peers.sync(peer)
        apart = [one.value for _, one in run.standings if one is not Standing.LEVEL]
        words = run.trouble or ", ".join(apart)
        return f"{self.name}: peer {peer}: {words}" if words else ""


@contextmanager
def open_sides(
    folder: Path, open_daemon: OpenDaemon, pub: str | None
) -> Iterator[tuple[Side, Side]]:
    """Both daemons, all of them below *folder*; the pub is a peer of the left one."""
    address = WorkspaceAddress(f"+{ALIAS}.b{secrets.token_hex(SUFFIX_BYTES)}")
    with ExitStack() as opened:
        left_at = opened.enter_context(_held_address())
        right_at = opened.enter_context(_held_address())
        left_peers = {"right": f"http://{right_at}"}
        if pub is not None:
            left_peers[PUB] = pub
        left = _Plan(folder, "left", left_at, left_peers)
        right = _Plan(folder, "right", right_at, {"left": f"http://{left_at}"})
        yield (
            opened.enter_context(left.open(open_daemon, address)),
            opened.enter_context(right.open(open_daemon, address)),
        )


@contextmanager
def open_visitor(folder: Path, open_daemon: OpenDaemon, left: Side) -> Iterator[Side]:
    """A third daemon, empty, which has only the pub that the left one has."""
    address = left.replica.address
    url = left.daemon.peers[PUB].settings.url
    with (
        _held_address() as here,
        _Plan(folder, "visitor", here, {PUB: url}).open(open_daemon, address) as side,
    ):
        yield side


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes a side. `peers` are names and URLs."""

    folder: Path
    name: str
    listen: str
    peers: Mapping[str, str]

    @contextmanager
    def open(
        self, open_daemon: OpenDaemon, address: WorkspaceAddress
    ) -> Iterator[Side]:
        with open_daemon(self.configuration(address)) as daemon:
            yield Side(self.name, daemon, self.socket)

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.name}.sock"

    def configuration(self, address: WorkspaceAddress) -> str:
        """As an operator would write it; JSON's strings are TOML's too."""
        lines = [
            f"state_dir = {json.dumps(str(self.folder / self.name))}",
            f"http.listen = [{json.dumps(self.listen)}]",
            f"control.socket = {json.dumps(str(self.socket))}",
            'limits.free_disk = "1 MiB"',  # temporary folders may be small
            "[[workspace]]",
            f"address = {json.dumps(address.text)}",
            f"alias = {json.dumps(ALIAS)}",
        ]
        for name, url in self.peers.items():
            lines += [
                "[[peer]]",
                f"name = {json.dumps(name)}",
                f"url = {json.dumps(url)}",
                f"workspaces = [{json.dumps(ALIAS)}]",
                f"interval = {json.dumps(INTERVAL)}",
                # Whoever reads along learns of a workspace that is gone in a minute.
                "allow_plaintext = true",
            ]
        return "\n".join(lines)


@contextmanager
def _held_address() -> Iterator[str]:
    """A free address of loopback, for whoever binds it as servers do."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
        yield f"{host}:{port}"
