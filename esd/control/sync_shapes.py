"""A sync run as the API tells of it, while it goes on and years later.

What is under way is told from the run itself, what is over and forgotten from the
history. Both say the same in the same fields. The history is read leniently: it may
have been written by an older esd, which counted other things.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec

from esd.control.times import as_time
from esd.store import RunRecord
from esd.sync import Finding, SyncRun
from esd.sync.talk import Report

__all__ = ["Aliases", "SyncShape", "from_records", "from_run"]

Aliases = Mapping[str, str | None]
"""By local id, of the workspaces that we keep now."""


class PulledShape(msgspec.Struct, frozen=True, kw_only=True):
    accepted: int = 0
    obsolete: int = 0
    rejected: Mapping[str, int] = {}  # by reason


class TrafficShape(msgspec.Struct, frozen=True, kw_only=True):
    requests: int = 0
    sent: int = 0  # bytes of bodies
    received: int = 0


class ReportShape(msgspec.Struct, frozen=True, kw_only=True):
    """How one workspace fared; `level` names the conversation that was had.

    What a run stored before one of these was counted says nothing of it: 0.
    """

    level: str = ""
    rounds: int = 0  # messages of a comparison
    standing: str = ""
    unchanged: bool = False  # the first answer told that there is nothing to do
    to_pull: int = 0  # documents found to be missing here...
    to_push: int = 0  # ...and there; in a dry run they stay where they are
    pulled: PulledShape = PulledShape()
    sent: int = 0
    taken: int = 0  # of them, those the peer says it stored
    too_big: int = 0
    waiting: int = 0  # documents it refused before, whose retry time has not come
    traffic: TrafficShape = TrafficShape()


class KeptShape(ReportShape, frozen=True, kw_only=True):
    """What the history keeps of a workspace in a run."""

    dry: bool = False
    trouble: str = ""
    hint: str = ""


class PartShape(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace in a run."""

    workspace: str
    alias: str | None
    state: str
    started: str
    ended: str | None
    report: ReportShape


class SyncShape(msgspec.Struct, frozen=True, kw_only=True):
    """`asked` and `direction` are null where only the history is left."""

    id: int
    peer: str
    cause: str
    state: str
    direction: str | None
    dry_run: bool
    asked: str | None
    started: str | None
    ended: str | None
    trouble: str
    hint: str
    workspaces: Sequence[PartShape]


def from_run(run: SyncRun, aliases: Aliases) -> SyncShape:
    return SyncShape(
        id=run.id,
        peer=run.peer,
        cause=run.cause.value,
        state=run.state.value,
        direction=run.scope.direction.value,
        dry_run=run.scope.dry,
        asked=as_time(run.asked),
        started=None if run.started is None else as_time(run.started),
        ended=None if run.ended is None else as_time(run.ended),
        trouble=run.trouble,
        hint=run.hint,
        workspaces=[_part(run, finding, aliases) for finding in run.findings],
    )


def _part(run: SyncRun, finding: Finding, aliases: Aliases) -> PartShape:
    return PartShape(
        workspace=finding.workspace,
        alias=aliases.get(finding.workspace),
        state="done" if finding.complete else run.state.value,
        started=as_time(finding.started),
        ended=None if finding.ended is None else as_time(finding.ended),
        report=_report(finding.report),
    )


def _report(report: Report) -> ReportShape:
    pulled, traffic = report.pulled, report.traffic
    return ReportShape(
        level=report.level,
        rounds=report.rounds,
        standing=report.standing.value,
        unchanged=report.unchanged,
        to_pull=report.to_pull,
        to_push=report.to_push,
        pulled=PulledShape(
            accepted=pulled.accepted,
            obsolete=pulled.obsolete,
            rejected=dict(pulled.rejected),
        ),
        sent=report.sent,
        taken=report.taken,
        too_big=report.too_big,
        waiting=report.waiting,
        traffic=TrafficShape(
            requests=traffic.requests,
            sent=traffic.sent,
            received=traffic.received,
        ),
    )


def from_records(records: Iterable[RunRecord], aliases: Aliases) -> list[SyncShape]:
    """The runs that these records are of; the records of one run stand together."""
    grouped = groupby(records, key=lambda record: record.run)
    return [_from_one_run(list(group), aliases) for _, group in grouped]


def _from_one_run(records: Sequence[RunRecord], aliases: Aliases) -> SyncShape:
    first = records[0]
    kept = [msgspec.json.decode(record.detail, type=KeptShape) for record in records]
    bad = next((i for i, one in enumerate(records) if one.outcome != "done"), None)
    return SyncShape(
        id=first.run,
        peer=first.peer,
        cause=first.cause,
        state="done" if bad is None else records[bad].outcome,
        direction=None,
        dry_run=any(one.dry for one in kept),
        asked=None,
        started=as_time(min(record.started for record in records)),
        ended=as_time(max(record.ended for record in records)),
        trouble="" if bad is None else kept[bad].trouble,
        hint="" if bad is None else kept[bad].hint,
        workspaces=[
            _kept_part(record, one, aliases.get(record.workspace))
            for record, one in zip(records, kept, strict=True)
        ],
    )


def _kept_part(record: RunRecord, kept: KeptShape, alias: str | None) -> PartShape:
    names = ReportShape.__struct_fields__
    return PartShape(
        workspace=record.workspace,
        alias=alias,
        state=record.outcome,
        started=as_time(record.started),
        ended=as_time(record.ended),
        report=ReportShape(**{name: getattr(kept, name) for name in names}),
    )
