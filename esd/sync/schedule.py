"""When the next run with one peer is due: arithmetic on times that are passed in.

A `Schedule` is a value. Each thing that happens to a peer (a run starts, ends or fails,
a local write, an operator's wish) makes a new one, and `next_run` says when to wake.
Nothing here reads a clock, sleeps or draws a random number: `now` is monotonic seconds,
`jitter` a number in [0, 1), both from the caller, so that every rule is a row in a
table.

Two clocks run side by side. `due` is the calm one: interval after interval. `push_due`
is the quick one: local writes, coalesced. Both wait behind `not_before`, which failures
and a peer's Retry-After move; only an operator's wish passes it. A run answers what was
known when it started, so what is written or asked meanwhile stays and makes another.

Only `Backoff` leaves this file for the disk. It is in wall-clock microseconds, because
monotonic time ends with the boot, and it is believed only within bounds: the wall clock
may have jumped either way in between.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf

from esd.store import Backoff
from esd.sync.rhythm import Rhythm

__all__ = ["Schedule", "Trigger"]

SECOND = 1_000_000  # microseconds


class Trigger(StrEnum):
    """Why a run starts."""

    SCHEDULE = "schedule"
    RETRY = "retry"
    WRITE = "local-write"
    STREAM = "stream"  # a live stream began or ended: something may have passed by it
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One peer's schedule; make it with `begin`."""

    rhythm: Rhythm = field(default_factory=Rhythm)
    due: float = inf  # the next run of its own accord
    not_before: float = -inf  # no run of our own accord before this
    failures: int = 0  # consecutive, those of manual runs not counted
    failing_since: float = inf
    last_attempt: float = -inf
    halted: bool = False  # an operator should act: it is only looked at rarely
    asked: bool = False  # an operator's wish that no run has answered yet
    dirty_since: float = inf  # the oldest local write that no run has seen
    last_write: float = -inf
    push_due: float = inf
    push_cause: Trigger = Trigger.WRITE  # of that; a write outdoes what else there was
    running: Trigger | None = None
    live: bool = False  # all that is new there comes by itself

    @classmethod
    def begin(
        cls,
        rhythm: Rhythm,
        *,
        now: float,
        jitter: float,
        wall: int = 0,
        backoff: Backoff | None = None,
    ) -> "Schedule":
        """The schedule at start, with the backoff that the last life left behind."""
        fresh = cls(rhythm=rhythm, due=now + rhythm.first(jitter))
        if backoff is None or rhythm.manual:
            return fresh
        return fresh._failing_as(backoff, now=now, wall=wall)

    # What the loop asks...

    @property
    def next_run(self) -> float:
        """When to wake and look; inf means never of our own accord."""
        if self.running is not None:
            return inf
        return -inf if self.asked else self._own_accord

    def trigger(self, now: float) -> Trigger | None:
        """Why a run should start now, or None."""
        if now < self.next_run:
            return None
        # An automatic run that is due anyway counts as one, or asking in a loop would
        # keep a dead peer's backoff from ever growing.
        if now < self._own_accord:
            return Trigger.MANUAL
        if self.failures or self.halted:
            return Trigger.RETRY
        return Trigger.SCHEDULE if self.due <= now else self.push_cause

    # ...and what happens to a peer.

    def started(self, now: float) -> "Schedule":
        """A run begins, and answers all that was asked and written until now."""
        trigger = self.trigger(now)
        assert trigger is not None, "a run started although none was due"
        return replace(
            self,
            running=trigger,
            asked=False,
            dirty_since=inf,
            push_due=inf,
            last_attempt=now,
        )

    def succeeded(
        self, now: float, jitter: float, *, whole: bool = True, again: float = inf
    ) -> "Schedule":
        """All is well; but only a run over everything answers for the interval.

        The peer turned something away that can be tried *again*, after so many seconds.
        """
        calm = self.rhythm.calm(jitter, live=self.live)
        due = now + calm if whole else self.due
        if not self.rhythm.manual:
            due = min(due, now + again)
        return replace(self._healthy(), running=None, due=due)

    def interrupted(self, now: float, jitter: float) -> "Schedule":
        """An operator ended the run: no success, and nobody's failure."""
        return replace(self, running=None, due=now + self.rhythm.calm(jitter))

    def failed(
        self, now: float, jitter: float, *, retry_after: float = 0.0
    ) -> "Schedule":
        """The run failed, but time may cure it; the peer may have said how much."""
        obeyed = now + self.rhythm.obey(retry_after)
        if self.running is Trigger.MANUAL:
            not_before = max(self.not_before, obeyed)
            return replace(self, running=None, not_before=not_before)
        failures = self.failures + 1
        retry = max(now + self.rhythm.backoff(failures, jitter), obeyed)
        return replace(
            self,
            running=None,
            halted=False,
            failures=failures,
            failing_since=min(self.failing_since, now),
            not_before=retry,
            due=retry,
        )

    def halt(self, now: float, jitter: float) -> "Schedule":
        """The run failed in a way that waiting hardly ever cures."""
        since, retry = min(self.failing_since, now), now + self.rhythm.rare(jitter)
        if self.running is Trigger.MANUAL and self.halted:
            retry = self.not_before
        return replace(
            self,
            running=None,
            halted=True,
            failing_since=since,
            not_before=retry,
            due=retry,
        )

    def ask(self) -> "Schedule":
        """An operator wants a run: at once, whatever the backoff."""
        return replace(self, asked=True)

    def unask(self) -> "Schedule":
        """The operator changed their mind."""
        return replace(self, asked=False)

    def reset(self, now: float) -> "Schedule":
        """Forget the failures; a peer that was failing is tried now."""
        if not (self.failures or self.halted):
            return replace(self, not_before=-inf)
        due = inf if self.rhythm.manual else now
        return replace(self._healthy(), due=due)

    def changed(self, now: float, cause: Trigger = Trigger.WRITE) -> "Schedule":
        """There is a local write to push, or another *cause* to look soon."""
        if self.rhythm.manual:
            return self
        since = min(self.dirty_since, now)
        written = self.dirty_since < inf and self.push_cause is Trigger.WRITE
        return replace(
            self,
            dirty_since=since,
            last_write=now,
            push_due=self._push_due(since, now),
            push_cause=Trigger.WRITE if written else cause,
        )

    def streaming(self, now: float, jitter: float, *, live: bool) -> "Schedule":
        """All that is new there comes by itself now, or does not any more."""
        if live or not self.live or self.failures:
            return replace(self, live=live)
        # What was put off because of the streams comes as if there had been none.
        due = min(self.due, now + self.rhythm.calm(jitter))
        return replace(self, live=False, due=due)

    def backoff(self, *, now: float, wall: int) -> Backoff | None:
        """What to keep on disk; None when there is nothing to remember."""
        if not self.failures:
            return None
        return Backoff(
            failing_since=_on_the_wall(self.failing_since, now, wall),
            last_attempt=_on_the_wall(self.last_attempt, now, wall),
            failures=self.failures,
            next_attempt=_on_the_wall(self.not_before, now, wall),
        )

    @property
    def _own_accord(self) -> float:
        return max(min(self.due, self.push_due), self.not_before)

    def _push_due(self, since: float, now: float) -> float:
        if self.push_due <= now:
            return self.push_due  # already due: a later write must not put it off
        # The first write after a quiet while goes at once: most writes come alone.
        if since == now and now - self.last_write >= self.rhythm.settle:
            return now
        return min(now + self.rhythm.settle, since + self.rhythm.patience)

    def _healthy(self) -> "Schedule":
        return replace(
            self, failures=0, failing_since=inf, not_before=-inf, halted=False
        )

    def _failing_as(self, kept: Backoff, *, now: float, wall: int) -> "Schedule":
        """Go on failing where the last life stopped, as far as that can be believed.

        A clock set back must not freeze the peer: never wait longer than was drawn. A
        clock set forward must not hammer it: the failures still count, so the one run
        that comes too early is followed by the long wait.
        """
        drawn = max(0, kept.next_attempt - kept.last_attempt)
        left = min(kept.next_attempt - wall, drawn) / SECOND
        retry = now + min(left, self.rhythm.backoff_cap)
        return replace(
            self,
            failures=max(1, kept.failures),
            failing_since=now - max(0, wall - kept.failing_since) / SECOND,
            last_attempt=now - max(0, wall - kept.last_attempt) / SECOND,
            not_before=retry,
            due=max(self.due, retry),
        )


def _on_the_wall(at: float, now: float, wall: int) -> int:
    return wall + round((at - now) * SECOND)
