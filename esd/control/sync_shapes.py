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

__all__ = ["SyncShape", "from_records", "from_run"]


class PulledShape(msgspec.Struct, frozen=True, kw_only=True):
    accepted: int = 0
    obsolete: int = 0
    rejected: Mapping[str, int] = {}  # by reason


class TrafficShape(msgspec.Struct, frozen=True, kw_only=True):
    requests: int = 0
    sent: int = 0  # bytes of bodies
    received: int = 0


class ReportShape(msgspec.Struct, frozen=True, kw_only=True):
    """How one workspace fared; `level` names the conversation that was had."""

    level: str = ""
    standing: str = ""
    unchanged: bool = False  # the peer's list was one we knew
    pulled: PulledShape = PulledShape()
    sent: int = 0
    taken: int = 0  # of them, those the peer says it stored
    too_big: int = 0
    waiting: int = 0  # documents it refused before, whose retry time has not come
    traffic: TrafficShape = TrafficShape()


class KeptShape(ReportShape, frozen=True, kw_only=True):
    """What the history keeps of a workspace in a run."""

    trouble: str = ""
    hint: str = ""


class PartShape(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace in a run."""

    workspace: str
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
    asked: str | None
    started: str | None
    ended: str | None
    trouble: str
    hint: str
    workspaces: Sequence[PartShape]


def from_run(run: SyncRun) -> SyncShape:
    return SyncShape(
        id=run.id,
        peer=run.peer,
        cause=run.cause.value,
        state=run.state.value,
        direction=run.scope.direction.value,
        asked=as_time(run.asked),
        started=None if run.started is None else as_time(run.started),
        ended=None if run.ended is None else as_time(run.ended),
        trouble=run.trouble,
        hint=run.hint,
        workspaces=[_part(run, finding) for finding in run.findings],
    )


def _part(run: SyncRun, finding: Finding) -> PartShape:
    report, pulled, traffic = (
        finding.report,
        finding.report.pulled,
        finding.report.traffic,
    )
    return PartShape(
        workspace=finding.workspace,
        state="done" if finding.complete else run.state.value,
        started=as_time(finding.started),
        ended=None if finding.ended is None else as_time(finding.ended),
        report=ReportShape(
            level=report.level,
            standing=report.standing.value,
            unchanged=report.unchanged,
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
        ),
    )


def from_records(records: Iterable[RunRecord]) -> list[SyncShape]:
    """The runs that these records are of; the records of one run stand together."""
    grouped = groupby(records, key=lambda record: record.run)
    return [_from_one_run(list(group)) for _, group in grouped]


def _from_one_run(records: Sequence[RunRecord]) -> SyncShape:
    first = records[0]
    kept = [msgspec.json.decode(record.detail, type=KeptShape) for record in records]
    bad = next((i for i, one in enumerate(records) if one.outcome != "done"), None)
    return SyncShape(
        id=first.run,
        peer=first.peer,
        cause=first.cause,
        state="done" if bad is None else records[bad].outcome,
        direction=None,
        asked=None,
        started=as_time(min(record.started for record in records)),
        ended=as_time(max(record.ended for record in records)),
        trouble="" if bad is None else kept[bad].trouble,
        hint="" if bad is None else kept[bad].hint,
        workspaces=[_kept_part(*pair) for pair in zip(records, kept, strict=True)],
    )


def _kept_part(record: RunRecord, kept: KeptShape) -> PartShape:
    names = ReportShape.__struct_fields__
    return PartShape(
        workspace=record.workspace,
        state=record.outcome,
        started=as_time(record.started),
        ended=as_time(record.ended),
        report=ReportShape(**{name: getattr(kept, name) for name in names}),
    )
