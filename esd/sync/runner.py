"""Carrying out a run: a conversation for each of its workspaces, one after the other.

It never raises: peers' own failures become the run's trouble. An exception that nobody
expected is a bug of ours which a peer can trigger: it is logged with its traceback and
counted as a failure of this one run, because it must not be able to take the whole
daemon down.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import trio

from esd.errors import OperatorMustAct, PeerMisbehaved, PeerUnavailable
from esd.events import Event, Note, Scalar
from esd.replica import Replica, Replicas
from esd.sync.acquaintance import Acquaintance, PeerDowngraded
from esd.sync.answers import PeerMoved
from esd.sync.choosing import in_common, sync_workspace
from esd.sync.client import Client
from esd.sync.runs import Finding, SyncRun
from esd.sync.schedule import Trigger
from esd.sync.settings import PeerSettings, Protocol, RunLimits
from esd.sync.talk import Conversation, Talk

__all__ = ["Runner"]

log = logging.getLogger(__name__)


def _already() -> trio.Event:
    event = trio.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What every run of every peer needs."""

    replicas: Replicas
    limits: RunLimits
    slots: trio.CapacityLimiter
    now: Callable[[], int]
    note: Note
    hear_date: Callable[[float], None]  # a peer's Date, seconds since 1970
    converse: Conversation = sync_workspace
    may_run: trio.Event = field(default_factory=_already)  # the clock allows it

    async def carry_out(
        self,
        run: SyncRun,
        peer: PeerSettings,
        client: Client,
        known: Acquaintance,
        workspaces: Sequence[Replica],
    ) -> None:
        """Bring *workspaces* level with *peer*; *run* tells how it went."""
        run.begin(self.now())
        client.begin_run()
        self.tell("sync.started", peer=run.peer, run=run.id, cause=run.cause.value)
        cancelled = True
        try:
            with run.cancelling:
                await self._guarded(run, peer, client, known, workspaces)
                cancelled = False
        finally:
            run.end(self.now(), cancelled=cancelled)
        if client.date is not None:
            self.hear_date(client.date)
        self.tell("sync.finished", peer=run.peer, run=run.id, state=run.state.value)

    async def _guarded(
        self,
        run: SyncRun,
        peer: PeerSettings,
        client: Client,
        known: Acquaintance,
        workspaces: Sequence[Replica],
    ) -> None:
        try:
            await self._all(run, peer, client, known, workspaces)
        except PeerMoved as exc:
            run.trouble, run.moved_to = str(exc), exc.origin
        except PeerDowngraded as exc:
            run.trouble, run.downgraded = str(exc), True
        except PeerUnavailable as exc:
            run.trouble, run.hint = exc.reason, exc.hint
            run.retry_after = exc.retry_after or 0.0
        except PeerMisbehaved as exc:
            run.trouble, run.hint = exc.reason, exc.hint
        except OperatorMustAct as exc:
            run.trouble, run.hint = str(exc), exc.hint
        except Exception:
            log.exception("peer %s: a bug of esd ended this run", run.peer)
            run.trouble = "a bug of esd ended the run"
            run.hint = "the log has the traceback; please report it"

    async def _all(
        self,
        run: SyncRun,
        peer: PeerSettings,
        client: Client,
        known: Acquaintance,
        workspaces: Sequence[Replica],
    ) -> None:
        if peer.common:
            workspaces = await in_common(peer, known, client, workspaces, self.now())
        for replica in workspaces:
            try:
                if self._is_held(replica):
                    await self._one(run, peer, client, known, replica)
            except OperatorMustAct:
                if self._is_held(replica):
                    raise  # else it was removed while we were at it

    def _is_held(self, replica: Replica) -> bool:
        return self.replicas.get(replica.address) is replica

    async def _one(
        self,
        run: SyncRun,
        peer: PeerSettings,
        client: Client,
        known: Acquaintance,
        replica: Replica,
    ) -> None:
        finding = Finding(replica.local_id, self.now())
        run.findings.append(finding)
        talk = Talk(
            peer=peer.name,
            url=peer.url,
            client=client,
            replica=replica,
            listing=self.replicas.listing(replica),
            direction=run.scope.direction,
            now=finding.started,
            limits=self.limits,
            slots=self.slots,
            acquaintance=known,
            protocol=Protocol.ESD if peer.common else peer.protocol,
            halves=peer.halves(replica.halves),
            creates=peer.creates,
            asked=run.cause is Trigger.MANUAL,
            dry=run.scope.dry,
        )
        before = client.traffic
        try:
            with trio.fail_after(self.limits.run_time):
                await self.converse(talk, finding.report)
            finding.complete = True
        except trio.TooSlowError as exc:
            raise PeerUnavailable("the run took longer than run_time") from exc
        finally:
            finding.report.traffic = client.traffic - before
            finding.ended = self.now()

    def tell(self, kind: str, **data: Scalar) -> None:
        self.note(Event(kind, self.now(), data))
