"""What the operator's side may ask of the running daemon, and nothing more.

The daemon implements it; what is below only needs to know this much. Every method is
plain: it looks or asks, and whoever wants to wait does so on the bells.
"""

from collections.abc import Sequence
from typing import Protocol

from esd.events import Events
from esd.replica import Replicas
from esd.sync import Peers

__all__ = ["Node"]


class Node(Protocol):
    """A running esd."""

    @property
    def events(self) -> Events: ...

    @property
    def replicas(self) -> Replicas: ...

    @property
    def peers(self) -> Peers: ...

    @property
    def addresses(self) -> Sequence[str]:
        """Where peers reach us, as bound."""
        ...

    def doubts(self) -> Sequence[str]:
        """What an operator should look at; empty where all is well."""
        ...

    def stop(self) -> None:
        """As SIGTERM."""
        ...
