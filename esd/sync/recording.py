"""Writing down the runs of a peer, and how it is failing.

Kept in the node's file, so that a restart neither hammers nor wakes anyone. A run is
written when it has ended, by a task beside the peer's loop, which need not wait for it.
"""

import logging
from dataclasses import dataclass
from functools import partial

import trio

from esd.errors import OperatorMustAct
from esd.store import History
from esd.sync.peer import Peer
from esd.sync.runs import SyncRun

__all__ = ["Record"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """Of one peer."""

    peer: Peer
    history: History

    async def keep(self) -> None:
        """Write each run down when it has ended, until cancelled."""
        try:
            while True:
                seen = self.peer.bell.count
                await self._write_ended()
                await self.peer.bell.wait_after(seen)
        finally:  # what has ended has ended, also where we are about to
            with trio.CancelScope(shield=True):
                await self._write_ended()

    async def _write_ended(self) -> None:
        while self.peer.ended:
            await self._write(self.peer.ended[0])
            del self.peer.ended[0]

    async def _write(self, run: SyncRun) -> None:
        """A disk in trouble ends no run: then only the looking back suffers."""
        runner = self.peer.runner
        backoff = self.peer.schedule.backoff(now=trio.current_time(), wall=runner.now())
        note = partial(self.history.note_run, run.peer, run.records(), backoff)
        try:
            await runner.replicas.run(note)
        except OperatorMustAct as exc:
            log.error("run %d is not written down: %s", run.id, exc)  # noqa: TRY400
