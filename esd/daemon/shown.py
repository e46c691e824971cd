"""A configuration for people: as it is in force, and what differs from another.

Workspaces appear by alias and local id; their addresses never do. Of a peer's key it is
told only whether there is one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from math import inf
from typing import TYPE_CHECKING

from msgspec import to_builtins

from esd.config import Config, WorkspaceSettings
from esd.formats import Queries, WorkspaceAddress
from esd.replica import Replicas
from esd.sync import PeerSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["differences", "shown"]


def shown(config: Config, replicas: Replicas) -> Mapping[str, object]:
    """The configuration in force, for JSON."""
    return {
        "state_dir": str(config.state_dir) if config.state_dir else None,
        "http": asdict(config.http),
        "control": {
            "socket": str(config.control.socket) if config.control.socket else None,
            "group": config.control.group,
        },
        "limits": asdict(config.limits) | asdict(config.bounds) | asdict(config.runs),
        "workspaces": [_workspace(one, replicas) for one in config.workspaces],
        "peers": [_peer(peer, replicas) for peer in config.peers],
    }


def _workspace(one: WorkspaceSettings, replicas: Replicas) -> dict[str, object]:
    return {
        "alias": one.alias,
        "id": _name(one.address, replicas),
        "anonymous": one.anonymous,
        **one.halves.as_object(),
    }


def _peer(peer: PeerSettings, replicas: Replicas) -> dict[str, object]:
    interval = peer.rhythm.interval
    return {
        "name": peer.name,
        "url": peer.url or None,
        "workspaces": _shared(peer, replicas),
        "direction": peer.direction.value,
        "interval": "manual" if interval == inf else interval,
        "protocol": peer.protocol.value,
        "incoming": _override(peer.incoming),
        "outgoing": _override(peer.outgoing),
        "key": peer.key is not None,
        "create_workspaces": peer.creates,
        "live": peer.live,
    }


def _shared(peer: PeerSettings, replicas: Replicas) -> str | list[str]:
    if peer.common:
        return "common"
    return [_name(address, replicas) for address in peer.workspaces]


def _override(queries: Queries | None) -> object:
    """None where those of the workspace hold."""
    return None if queries is None else to_builtins(list(queries))


def _name(address: WorkspaceAddress, replicas: Replicas) -> str:
    replica = replicas.get(address)
    return replica.local_id if replica else "not held"


def differences(old: Config, new: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that changed, and those of them that only a restart can change."""
    live = [f"http.{name}" for name in _changed(old.http, new.http)]
    live += _by_name("peer", _named_peers(old), _named_peers(new))
    live += _by_name("workspace", _aliases(old), _aliases(new))
    restart = [f"limits.{name}" for name in _changed(old.limits, new.limits)]
    restart += [f"limits.{name}" for name in _changed(old.bounds, new.bounds)]
    restart += [f"limits.{name}" for name in _changed(old.runs, new.runs)]
    restart += [f"control.{name}" for name in _changed(old.control, new.control)]
    if old.state_dir != new.state_dir:
        restart.append("state_dir")
    if "http.listen" in live:
        live.remove("http.listen")
        restart.append("http.listen")
    return (*live, *restart), tuple(restart)


def _changed(old: "DataclassInstance", new: "DataclassInstance") -> Iterator[str]:
    for one in fields(old):
        if getattr(old, one.name) != getattr(new, one.name):
            yield one.name


def _named_peers(config: Config) -> Mapping[str, object]:
    return {peer.name: peer for peer in config.peers}


def _aliases(config: Config) -> Mapping[str, object]:
    """By alias; one without has only its place in the file."""
    return {
        one.alias or str(number): one
        for number, one in enumerate(config.workspaces, start=1)
    }


def _by_name(
    kind: str, old: Mapping[str, object], new: Mapping[str, object]
) -> list[str]:
    names = dict.fromkeys([*old, *new])
    return [f"{kind}[{name}]" for name in names if old.get(name) != new.get(name)]
