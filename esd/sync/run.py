"""One run with one peer: a conversation for each of its workspaces that is asked for.

A run ends well, with how each workspace stands, or in trouble; it never raises. Peers'
own failures become values here. An exception that nobody expected is a bug of ours
which a peer can trigger: it is logged with its traceback and counted as a failure of
this one run, because it must not be able to take the whole daemon down.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import trio

from esd.errors import OperatorMustAct, PeerMisbehaved, PeerUnavailable
from esd.events import Event, Note
from esd.replica import Replica, Replicas
from esd.sync.client import Client, PeerMoved
from esd.sync.easy import easy_sync
from esd.sync.schedule import Trigger
from esd.sync.settings import PeerSettings, RunLimits
from esd.sync.status import Standing
from esd.sync.talk import Conversation, Report, Talk

__all__ = ["Finding", "Outcome", "Runner"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one workspace's conversation went."""

    workspace: str  # local id
    started: int  # wall clock, µs
    ended: int
    report: Report
    complete: bool

    def as_json(self, trouble: str) -> str:
        """For the sync history: numbers and words, never an address."""
        report, pulled = self.report, self.report.pulled
        numbers = asdict(report) | {"standing": report.standing.value}
        numbers["pulled"] = {
            "accepted": pulled.accepted,
            "obsolete": pulled.obsolete,
            "rejected": dict(pulled.rejected),
        }
        return json.dumps(numbers | ({} if self.complete else {"trouble": trouble}))


@dataclass(slots=True)
class Outcome:
    """What a run came to. `trouble` is empty where it went well."""

    cause: str = ""
    findings: list[Finding] = field(default_factory=list)
    trouble: str = ""
    moved_to: str | None = None  # an origin; empty where it did not say
    retry_after: float = 0.0  # seconds the peer asked for
    hint: str = ""

    @property
    def standings(self) -> tuple[tuple[str, Standing], ...]:
        return tuple((one.workspace, one.report.standing) for one in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What every run of every peer needs."""

    replicas: Replicas
    limits: RunLimits
    slots: trio.CapacityLimiter
    now: Callable[[], int]
    note: Note
    hear_date: Callable[[float], None]  # a peer's Date, seconds since 1970
    converse: Conversation = easy_sync

    async def run(
        self,
        peer: PeerSettings,
        client: Client,
        workspaces: Sequence[Replica],
        cause: Trigger = Trigger.MANUAL,
    ) -> Outcome:
        """Bring *workspaces* level with *peer*, one after the other."""
        outcome = Outcome(cause.value)
        try:
            for replica in workspaces:
                await self._one(peer, client, replica, outcome)
        except PeerMoved as exc:
            outcome.trouble, outcome.moved_to = str(exc), exc.origin
        except PeerUnavailable as exc:
            outcome.trouble, outcome.retry_after = exc.reason, exc.retry_after or 0.0
        except PeerMisbehaved as exc:
            outcome.trouble = exc.reason
        except OperatorMustAct as exc:
            outcome.trouble, outcome.hint = str(exc), exc.hint
        except Exception:
            log.exception("peer %s: a bug of esd ended this run", peer.name)
            outcome.trouble = "a bug of esd ended the run; its log has the traceback"
        if client.date is not None:
            self.hear_date(client.date)
        return outcome

    async def _one(
        self,
        peer: PeerSettings,
        client: Client,
        replica: Replica,
        outcome: Outcome,
    ) -> None:
        started = self.now()
        talk = Talk(
            peer=peer.name,
            url=peer.url,
            client=client,
            replica=replica,
            listing=self.replicas.listing(replica),
            direction=peer.direction,
            now=started,
            limits=self.limits,
            slots=self.slots,
            asked=outcome.cause == Trigger.MANUAL,
        )
        self._tell("sync.started", peer, replica)
        report, before = Report(), client.traffic
        complete = False
        try:
            with trio.fail_after(self.limits.run_time):
                await self.converse(talk, report)
            complete = True
        except trio.TooSlowError as exc:
            raise PeerUnavailable("the run took longer than run_time") from exc
        finally:
            report.traffic = client.traffic - before
            finding = Finding(replica.local_id, started, self.now(), report, complete)
            outcome.findings.append(finding)
            self._tell("sync.finished", peer, replica)

    def _tell(self, kind: str, peer: PeerSettings, replica: Replica) -> None:
        data = {"peer": peer.name, "workspace": replica.local_id}
        self.note(Event(kind, self.now(), data))
