"""What is shown of a peer's state: to whoever asks, watches, or reads the log."""

import logging
from dataclasses import dataclass, field
from math import inf

import trio

from esd.sync.runner import Runner
from esd.sync.status import Idle, PeerStatus, Pending, Syncing
from esd.sync.told import Told

__all__ = ["Shown"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Shown:
    """Of one peer. `at_rest` is the last status that was no run's."""

    peer: str
    runner: Runner
    status: PeerStatus = field(default_factory=lambda: Idle(inf))
    at_rest: PeerStatus = field(default_factory=lambda: Idle(inf))
    _told: Told = field(default_factory=Told)

    def show(self, status: PeerStatus) -> None:
        """Change the status; the log and whoever watches hear of turns."""
        if type(status) is not type(self.status):
            word = type(status).__name__.lower()
            self.runner.tell("peer.state", peer=self.peer, state=word)
        self.status = status
        if not isinstance(status, Pending | Syncing):
            self.at_rest = status
        self._told, line = self._told.after(status, trio.current_time())
        if line is not None:
            log.log(line.level, "peer %s: %s", self.peer, line.text)
