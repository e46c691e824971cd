"""One peer: its loop, and how it stands.

The loop is always at one of two places: asleep until its schedule is due or its bell
rings, or inside a run. So there is never more than one run with a peer, and nothing has
to be locked. All decisions are the schedule's (arithmetic on times passed in); the loop
only carries them out.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import trio

from esd.bell import Bell
from esd.replica import Replica
from esd.sync.acquaintance import Acquaintance
from esd.sync.after_run import Failure, at_rest, schedule_after, status_after
from esd.sync.client import Client
from esd.sync.news import News
from esd.sync.requests import Requests
from esd.sync.runner import Runner
from esd.sync.runs import NotShared, PeerPaused, RunState, Scope, SyncRun
from esd.sync.schedule import Schedule, Trigger
from esd.sync.settings import Direction, PeerSettings
from esd.sync.shown import Shown
from esd.sync.status import Idle, InSync, PeerStatus, Pending, Syncing
from esd.sync.stream_states import StreamStates

__all__ = ["Peer"]


@dataclass(slots=True)
class Peer:
    """One peer of the configuration, and its state; `live` is its life."""

    settings: PeerSettings
    runner: Runner
    turns: trio.CapacityLimiter  # runs at once, over all peers
    schedule: Schedule
    begin: Callable[[Trigger, Scope], SyncRun]  # makes a run with a number of its own
    acquaintance: Acquaintance
    paused_until: float | None = None  # trio's clock; inf: until resumed
    running: SyncRun | None = None
    ended: list[SyncRun] = field(default_factory=list)  # and not yet written down
    last_success: int | None = None  # wall clock, µs
    last_failure: Failure | None = None
    bell: Bell = field(default_factory=Bell)  # rings when a run has ended
    leaving: trio.CancelScope = field(default_factory=trio.CancelScope)
    gone: trio.Event = field(default_factory=trio.Event)
    _wake: Bell = field(default_factory=Bell)
    streams: StreamStates = field(default_factory=StreamStates)
    _asked: Requests = field(init=False)
    _news: News = field(init=False)
    _shown: Shown = field(init=False)

    def __post_init__(self) -> None:
        self._asked = Requests(self.begin, self.runner.now)
        self._shown = Shown(self.settings.name, self.runner)
        self._news = News(self.settings)
        self._news.seen(self.workspaces())  # the first run is for all there is now
        self._shown.show(self._at_rest())

    def workspaces(self) -> list[Replica]:
        if self.settings.common:
            return list(self.runner.replicas)
        found = (self.runner.replicas.get(one) for one in self.settings.workspaces)
        return [replica for replica in found if replica is not None]

    @property
    def everything(self) -> Scope:
        return Scope(self.settings.direction)

    async def live(self, client: Client) -> None:
        """Run with the peer whenever it is due, until cancelled."""
        try:
            async with client:
                await self.runner.may_run.wait()
                while True:
                    await self._wait_due()
                    async with self.turns:
                        await self._run_once(client)
        finally:
            self.leave()

    async def _wait_due(self) -> None:
        while True:
            seen, now = self._wake.count, trio.current_time()
            if self.paused_until is not None and now >= self.paused_until:
                self.resume()
            if self.paused_until is None and self.schedule.trigger(now) is not None:
                self._shown.show(Pending(now))
                return
            until = self.schedule.next_run
            if self.paused_until is not None:
                until = self.paused_until
            with trio.move_on_at(until):
                await self._wake.wait_after(seen)

    async def _run_once(self, client: Client) -> None:
        """The run that is due, unless that changed while others had their turns."""
        now = trio.current_time()
        trigger = self.schedule.trigger(now)
        if trigger is None or self.paused_until is not None:
            self._shown.show(self._at_rest())
            return
        self.running = run = self._next(trigger)
        self.schedule = self.schedule.started(now)
        self._shown.show(Syncing(now, trigger))
        await self.runner.carry_out(
            run, self.settings, client, self.acquaintance, self._taken(run.scope)
        )
        self.running = None
        self._settle(run)

    def _next(self, trigger: Trigger) -> SyncRun:
        """What was asked for first; else all, or what has news."""
        if self._asked:
            return self._asked.pop()
        scope = self.everything
        if trigger in (Trigger.WRITE, Trigger.STREAM):
            scope = replace(scope, workspaces=frozenset(self._news.dirty))
        return self.begin(trigger, scope)

    def _taken(self, scope: Scope) -> list[Replica]:
        """The workspaces of a run, which sees all that is there now."""
        replicas = self.workspaces()
        self._news.dirty &= {one.local_id for one in replicas}  # some may be gone
        if scope.workspaces is not None:
            replicas = [one for one in replicas if one.local_id in scope.workspaces]
        if scope.direction is self.settings.direction and not scope.dry:
            self._news.seen(replicas)
        return replicas

    def _settle(self, run: SyncRun) -> None:
        """Let the schedule, the status and the log know how a run went."""
        now, jitter = trio.current_time(), random.random()  # noqa: S311 spreads load
        whole = run.scope == self.everything
        self.schedule = schedule_after(run, self.schedule, now, jitter, whole=whole)
        if run.trouble:
            assert run.ended is not None
            self.last_failure = Failure(run.ended, run.trouble, run.hint)
        elif run.state is RunState.DONE and not run.scope.dry:
            self.last_success = run.ended
        why = self.schedule.push_cause
        if run.trouble and run.cause is Trigger.MANUAL and not self.schedule.halted:
            self._news.dirty |= self._news.offered  # no other run is due for them
            why = Trigger.WRITE
        if self._asked:
            self.schedule = self.schedule.ask()
        if self._news.dirty:
            self.schedule = self.schedule.changed(now, why)
        self._shown.show(self._status_after(run, now))
        self.ended.append(run)
        self.bell.ring()

    # How it stands...

    def _status_after(self, run: SyncRun, now: float) -> PeerStatus:
        if self.paused_until is not None or run.state is RunState.CANCELLED:
            return self._at_rest()
        if run.scope.dry and not run.trouble:
            return self._shown.at_rest  # it says nothing of how we stand
        return status_after(run, self.schedule, now)

    def _at_rest(self) -> PeerStatus:
        return at_rest(self.paused_until, self.schedule)

    @property
    def status(self) -> PeerStatus:
        return self._shown.status

    @property
    def idle(self) -> bool:
        """Nothing is running, asked for, or written that no run has seen."""
        if self.running is not None or self._asked or self._news.dirty:
            return False
        return not any(map(self._news.in_, self.workspaces()))

    @property
    def is_well(self) -> bool:
        """The last run went well, so far as is known, and others may follow."""
        ill = self.schedule.failures or self.schedule.halted
        return self.paused_until is None and not ill and self.last_success is not None

    # ...and what others tell it.

    def ask(self, scope: Scope | None = None) -> tuple[SyncRun, bool]:
        """Ask for a run, whatever the backoff; and whether it joined one asked before.

        Raises PeerPaused, and NotShared for what the peer does not share with us.
        """
        scope = scope or self.everything
        self._check_shared(scope)
        if self.paused_until is not None:
            raise PeerPaused(f"{self.settings.name} is paused")
        run, joined = self._asked.ask(scope)
        self.schedule = self.schedule.ask()
        self._wake.ring()
        return run, joined

    def _check_shared(self, scope: Scope) -> None:
        shared = {replica.local_id for replica in self.workspaces()}
        if scope.workspaces is not None and not scope.workspaces <= shared:
            raise NotShared(f"{self.settings.name} does not share that workspace")
        mine = self.settings.direction
        if mine not in (Direction.BOTH, scope.direction):
            raise NotShared(f"{self.settings.name} is configured for {mine} only")

    def cancel(self, run: SyncRun) -> None:
        """End a run that is not over: what it has taken in stays."""
        run.cancelling.cancel()
        if self._asked.cancel(run) and not self._asked:
            self.schedule = self.schedule.unask()

    def leave(self) -> None:
        """There will be no more runs: nobody need wait for one."""
        self._cancel_asked()
        self.leaving.cancel()

    def _cancel_asked(self) -> None:
        self._asked.cancel_all()
        self.schedule = self.schedule.unask()

    def news(self, replica: Replica) -> None:
        """Something changed in *replica*; it matters if it is new to this peer."""
        if self._news.heard(replica):
            self._run_soon(Trigger.WRITE)

    def _run_soon(self, cause: Trigger) -> None:
        now = trio.current_time()
        self.schedule = self.schedule.changed(now, cause)
        if isinstance(self.status, InSync | Idle):
            self._shown.show(Pending(now))
        self._wake.ring()

    def look_at(self, replica: Replica) -> None:
        """Something may be in it that no run has seen."""
        if self.is_well and not self.settings.rhythm.manual:
            self._news.dirty.add(replica.local_id)
            self._run_soon(Trigger.STREAM)

    def count_streams(self) -> None:
        """One has begun or ended: the schedule depends on whether all are there."""
        now, jitter = trio.current_time(), random.random()  # noqa: S311 spreads load
        live = self.streams.all_live
        self.schedule = self.schedule.streaming(now, jitter, live=live)
        self._wake.ring()

    def pause(self, until: float) -> None:
        """No runs until then; one that is under way ends by itself."""
        self.paused_until = until
        self.streams.leave()
        self._cancel_asked()
        if self.running is None:
            self._shown.show(self._at_rest())
        self._wake.ring()

    def resume(self) -> None:
        self.paused_until = None
        self.bell.ring()
        if self.running is None:
            self._shown.show(self._at_rest())
        self._wake.ring()

    def reset(self) -> None:
        """Forget how it was failing and what it spoke; try it now."""
        self.acquaintance = self.acquaintance.anew()  # a run under way keeps its own
        self.streams.leave()
        self.schedule = self.schedule.reset(trio.current_time())
        self._wake.ring()
