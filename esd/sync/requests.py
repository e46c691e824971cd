"""Runs that one peer was asked for, and that have not begun.

A request for a run is answered by one that starts after it: a run that is already under
way may have passed the document that the request is about. Requests made meanwhile
share the next one, as far as it covers them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from esd.sync.runs import Scope, SyncRun
from esd.sync.schedule import Trigger

__all__ = ["Requests"]


@dataclass(slots=True)
class Requests:
    """Falsy where there are none. `now` is wall clock, µs."""

    begin: Callable[[Trigger, Scope], SyncRun]  # makes a run with a number of its own
    now: Callable[[], int]
    _runs: list[SyncRun] = field(default_factory=list)  # the oldest first

    def __len__(self) -> int:
        return len(self._runs)

    def ask(self, scope: Scope) -> tuple[SyncRun, bool]:
        """Ask for a run; and whether it joined one asked before."""
        for run in self._runs:
            if run.scope.covers(scope):
                return run, True
        run = self.begin(Trigger.MANUAL, scope)
        self._runs.append(run)
        return run, False

    def pop(self) -> SyncRun:
        """The one to begin with."""
        return self._runs.pop(0)

    def cancel(self, run: SyncRun) -> bool:
        """Whether it was among them, and now is over."""
        if run not in self._runs:
            return False
        self._runs.remove(run)
        run.cancelling.cancel()
        run.end(self.now(), cancelled=True)
        return True

    def cancel_all(self) -> None:
        for run in list(self._runs):
            self.cancel(run)
