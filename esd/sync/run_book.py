"""Every run by its number: those under way, and those lately over.

Numbers rise for good, over restarts too. The book keeps runs as they are, so that one
can be watched while it goes on; the oldest that are over leave it, and are then only in
the history.
"""

from collections import OrderedDict
from collections.abc import Callable

from esd.sync.runs import Scope, SyncRun
from esd.sync.schedule import Trigger

__all__ = ["RunBook"]

KEPT = 500  # some hours of ten peers; a kilobyte each


class RunBook:
    """`last` is the highest number that was ever given."""

    def __init__(self, last: int, now: Callable[[], int]) -> None:
        self.last = last
        self._now = now
        self._runs: OrderedDict[int, SyncRun] = OrderedDict()

    def begin(self, peer: str, cause: Trigger, scope: Scope) -> SyncRun:
        """A new run with a number of its own."""
        self.last += 1
        run = SyncRun(self.last, peer, cause, scope, self._now())
        self._runs[run.id] = run
        self._forget_oldest()
        return run

    def _forget_oldest(self) -> None:
        if len(self._runs) > KEPT:
            over = (run for run in self._runs.values() if run.state.over)
            oldest = next(over, None)
            if oldest is not None:
                del self._runs[oldest.id]

    def get(self, number: int) -> SyncRun | None:
        return self._runs.get(number)

    def latest(self) -> list[SyncRun]:
        """Newest first."""
        return list(reversed(self._runs.values()))
