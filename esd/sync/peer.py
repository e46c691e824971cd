"""One peer: its loop, and how it stands.

The loop is always at one of two places: asleep until its schedule is due or its bell
rings, or inside a run. So there is never more than one run with a peer, and nothing has
to be locked. All decisions are the schedule's (arithmetic on times passed in); the loop
only carries them out.

A request for a run is answered by one that starts after it: a run that is already under
way may have passed the document that the request is about. All requests made meanwhile
share the next one.
"""

import logging
import random
from dataclasses import dataclass, field
from math import inf

import trio

from esd.bell import Bell
from esd.replica import Replica
from esd.sync.client import Client
from esd.sync.run import Outcome, Runner
from esd.sync.schedule import Schedule, Trigger
from esd.sync.settings import PeerSettings
from esd.sync.status import (
    Idle,
    InSync,
    Moved,
    PeerStatus,
    Pending,
    Retrying,
    Syncing,
)
from esd.sync.told import Told

__all__ = ["Peer"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Peer:
    """One peer of the configuration, and its state; `run` is its life."""

    settings: PeerSettings
    runner: Runner
    turns: trio.CapacityLimiter  # runs at once, over all peers
    schedule: Schedule
    status: PeerStatus = field(default_factory=lambda: Idle(inf))
    last: Outcome | None = None
    started: int = 0  # runs so far
    finished: int = 0
    ended: Bell = field(default_factory=Bell)  # rings when a run has ended
    _wake: Bell = field(default_factory=Bell)
    _told: Told = field(default_factory=Told)
    _noticed: dict[str, int] = field(default_factory=dict)  # local id -> local index
    _dirty: set[str] = field(default_factory=set)  # local ids with news for it

    def __post_init__(self) -> None:
        for replica in self.workspaces():  # the first run is for all there is now
            self._noticed[replica.local_id] = replica.reader.last_index()

    async def run(self, client: Client) -> None:
        """Run with the peer whenever it is due, until cancelled."""
        self.status = Idle(self.schedule.next_run)
        async with client:
            while True:
                trigger = await self._wait_due()
                async with self.turns:
                    await self._run_once(client, trigger)

    async def _wait_due(self) -> Trigger:
        while True:
            seen, now = self._wake.count, trio.current_time()
            trigger = self.schedule.trigger(now)
            if trigger is not None:
                self.status = Pending(now)
                return trigger
            with trio.move_on_at(self.schedule.next_run):
                await self._wake.wait_after(seen)

    async def _run_once(self, client: Client, trigger: Trigger) -> None:
        now = trio.current_time()
        self.schedule = self.schedule.started(now)
        self.status = Syncing(now, trigger)
        workspaces = self._take_workspaces(trigger)
        self.started += 1
        outcome = await self.runner.run(self.settings, client, workspaces, trigger)
        self._settle(outcome)
        self.finished = self.started
        self.ended.ring()

    def _take_workspaces(self, trigger: Trigger) -> list[Replica]:
        """Those of this run, which sees all there is now: all, or those with news."""
        replicas = self.workspaces()
        if trigger is Trigger.WRITE:
            replicas = [one for one in replicas if one.local_id in self._dirty]
        for replica in replicas:
            self._noticed[replica.local_id] = replica.reader.last_index()
            self._dirty.discard(replica.local_id)
        return replicas

    def workspaces(self) -> list[Replica]:
        found = (self.runner.replicas.get(one) for one in self.settings.workspaces)
        return [replica for replica in found if replica is not None]

    def _settle(self, outcome: Outcome) -> None:
        """Let the schedule, the status and the log know how a run went."""
        self.last = outcome
        now, jitter = trio.current_time(), random.random()  # noqa: S311 spreads load
        if not outcome.trouble:
            self.schedule = self.schedule.succeeded(now, jitter)
        elif outcome.moved_to is not None:
            self.schedule = self.schedule.halt(now)
        else:
            self.schedule = self.schedule.failed(
                now, jitter, retry_after=outcome.retry_after
            )
        self.status = self._status_after(outcome, now)
        self._told, line = self._told.after(self.status, now)
        if line is not None:
            log.log(line.level, "peer %s: %s", self.settings.name, line.text)

    def _status_after(self, outcome: Outcome, now: float) -> PeerStatus:
        schedule = self.schedule
        if not outcome.trouble:
            return InSync(now, schedule.next_run, outcome.standings)
        since = min(schedule.failing_since, now)
        if outcome.moved_to is not None:
            place = outcome.moved_to or "its new place"
            return Moved(since, f"set the peer's url to {place}")
        return Retrying(schedule.next_run, schedule.failures, since, outcome.trouble)

    # What others tell it

    def ask(self) -> int:
        """Ask for a run, whatever the backoff; it is the one of the number returned."""
        self.schedule = self.schedule.ask()
        self._wake.ring()
        return self.started + 1

    async def wait_finished(self, run: int) -> Outcome:
        """Wait for the run of that number; how the latest one went."""
        while self.finished < run:
            await self.ended.wait_after(self.ended.count)
        assert self.last is not None
        return self.last

    def news(self, replica: Replica) -> None:
        """Something changed in *replica*; it matters if it is new to this peer."""
        if self._has_news(replica):
            self._dirty.add(replica.local_id)
            self.schedule = self.schedule.changed(trio.current_time())
            self._wake.ring()
        self._noticed[replica.local_id] = replica.reader.last_index()

    def _has_news(self, replica: Replica) -> bool:
        """Whether something arrived that was not noticed yet and is not from it."""
        noticed = self._noticed.get(replica.local_id, 0)
        settings = self.settings
        pushes = settings.direction.pushes and not settings.rhythm.manual
        return pushes and replica.reader.has_news(noticed, settings.name)

    def reset(self) -> None:
        """Forget that it was failing, and try it now."""
        self.schedule = self.schedule.reset(trio.current_time())
        self._wake.ring()

    @property
    def idle(self) -> bool:
        """Nothing is running, asked for, or written that no run has seen."""
        if self.schedule.running is not None or self.schedule.asked or self._dirty:
            return False
        return not any(self._has_news(replica) for replica in self.workspaces())
