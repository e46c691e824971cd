"""The configuration as one frozen value. Its defaults are the defaults of esd.

The settings of a floor are declared on that floor (`Limits` by web, `Bounds` by
replica, `PeerSettings` by sync) and only gathered here: nobody below knows this file.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from esd.formats.addresses import WorkspaceAddress
from esd.formats.replication import Halves
from esd.replica.limits import Bounds
from esd.sync.settings import PeerSettings, RunLimits
from esd.web.limits import Limits

__all__ = [
    "Config",
    "ControlSettings",
    "HttpSettings",
    "NewWorkspaces",
    "WorkspaceSettings",
]


class NewWorkspaces(StrEnum):
    """What a push to a workspace that we do not hold does."""

    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Serving peers."""

    listen: tuple[str, ...] = ("127.0.0.1:3333", "[::1]:3333")
    names: tuple[str, ...] = ()
    new_workspaces: NewWorkspaces = NewWorkspaces.CLOSED
    readonly: bool = False
    title: str = ""
    notes: str = ""
    browser_origins: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """The operator's socket. None: the default place (esd.places), one's own group."""

    socket: Path | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSettings:
    """One workspace; `anonymous` is whether callers without a key may have it."""

    address: WorkspaceAddress
    alias: str | None = None
    halves: Halves = field(default_factory=Halves)
    anonymous: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`state_dir` is None where the default place is meant (esd.places).

    `warnings` are for the operator; whoever loads the configuration tells them.
    """

    state_dir: Path | None = None
    http: HttpSettings = field(default_factory=HttpSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    runs: RunLimits = field(default_factory=RunLimits)
    workspaces: tuple[WorkspaceSettings, ...] = ()
    peers: tuple[PeerSettings, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)
