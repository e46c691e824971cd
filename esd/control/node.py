"""What the operator's side may ask of the running daemon, and nothing more.

The daemon implements `Node`; everything else in this package only needs to know this
much. What is refused here is refused in words for an operator: each refusal has a code
for programs, and a hint that says what to do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from esd.errors import EsdError
from esd.events import Events
from esd.formats import WorkspaceAddress
from esd.replica import Replica, Replicas
from esd.store import Identities
from esd.sync import Peers

__all__ = [
    "Conflict",
    "Health",
    "Node",
    "Problem",
    "Refused",
    "Reloaded",
    "Severity",
]


class Severity(StrEnum):
    """A warning may wait for Monday; an error means that something does not work."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One thing that an operator should look at."""

    code: str  # for programs; never changes
    severity: Severity
    since: int  # wall clock, µs
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What a reload came to, in keys of the configuration file."""

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in the configuration; `key` is empty where the file is meant."""

    file: str
    key: str
    line: int | None
    text: str


class Refused(EsdError):
    """The new configuration cannot be used; the old one stays."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the configuration cannot be used")
        self.problems = tuple(problems)


class Conflict(EsdError):
    """What is asked for does not go with how things are."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class Node(Protocol):
    """A running esd."""

    @property
    def version(self) -> str: ...

    @property
    def started(self) -> int:
        """Wall clock, µs."""
        ...

    @property
    def config_file(self) -> Path | None: ...

    @property
    def events(self) -> Events: ...

    @property
    def replicas(self) -> Replicas: ...

    @property
    def peers(self) -> Peers: ...

    @property
    def identities(self) -> Identities: ...

    @property
    def addresses(self) -> Sequence[str]:
        """Where peers reach us, as bound."""
        ...

    @property
    def stopping(self) -> bool:
        """Told to stop; from then on nothing waits for what will not come."""
        ...

    @property
    def now(self) -> Callable[[], int]:
        """The one wall clock, µs."""
        ...

    def health(self) -> Sequence[Health]:
        """What an operator should look at; empty where all is well."""
        ...

    def config_shown(self) -> Mapping[str, object]:
        """The effective configuration for JSON, without addresses and secrets."""
        ...

    async def reload(self) -> Reloaded:
        """Read the file again, all or nothing; one after the other.

        Raises Refused and Conflict; then nothing changed.
        """
        ...

    async def add_workspace(
        self, address: WorkspaceAddress, alias: str | None
    ) -> Replica:
        """Keep a replica of it from now on, also after a restart. Raises Conflict."""
        ...

    async def remove_workspace(self, replica: Replica, *, purge: bool) -> None:
        """Stop keeping it; its file is moved away, or deleted. Raises Conflict."""
        ...

    def stop(self) -> None:
        """As SIGTERM. Notes the event `stopping`, after which there are no more."""
        ...
