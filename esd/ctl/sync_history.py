"""esdctl sync history, show and cancel: runs that are or were.

Earlier runs are told by the daemon from its own file, years back.
"""

from argparse import ArgumentParser

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import ExitCode
from esd.ctl.facts import Facts
from esd.ctl.runs import Moved, lasted
from esd.ctl.table import Table
from esd.ctl.times import grouped, span
from esd.ctl.words import shown_state

__all__ = ["LOOKING_BACK"]


def _history(call: Call) -> ExitCode:
    answer = call.daemon.get(
        "syncs",
        limit=call.option("limit"),
        before=call.option("before"),
        peer=call.option("peer"),
    )
    if call.out.as_json:
        call.out.json(answer, "syncs")
        return ExitCode.OK
    table = Table(
        (
            "SYNC",
            "PEER",
            "STATE",
            "CAUSE",
            "STARTED",
            "TOOK",
            "RECEIVED",
            "SENT",
            "WHAT",
        ),
        right={"SYNC", "RECEIVED", "SENT"},
        state="STATE",
    )
    for run in answer.parts("syncs"):
        moved, seconds = Moved.in_runs([run]), lasted(run)
        table.add(
            run.text("id"),
            run.text("peer"),
            shown_state(run.text("state")),
            run.text("cause"),
            call.out.times.tell(run.moment("started"), "not yet"),
            "" if seconds is None else span(seconds),
            grouped(moved.received),
            grouped(moved.sent),
            run.text("trouble") or (moved.rejections if moved.rejected else ""),
        )
    if table.rows:
        call.out.table(table)
    else:
        call.out.say("No syncs so far")
    if answer.text("next"):
        call.out.remark(
            f"older ones: esdctl sync history --before {answer.text('next')}"
        )
    return ExitCode.OK


def _show(call: Call) -> ExitCode:
    run = call.daemon.get("syncs", str(call.option("sync")))
    if call.out.as_json:
        call.out.json(run)
        return ExitCode.OK
    times, seconds = call.out.times, lasted(run)
    call.out.pairs(
        [
            ("sync", run.text("id")),
            ("peer", run.text("peer")),
            ("state", shown_state(run.text("state"))),
            ("trouble", run.text("trouble")),
            ("hint", run.text("hint")),
            ("cause", run.text("cause")),
            ("direction", run.text("direction")),
            ("started", times.tell_fully(run.moment("started"), "not yet")),
            ("took", "" if seconds is None else span(seconds)),
            ("moved", Moved.in_runs([run]).tell()),
        ]
    )
    if run.parts("workspaces"):
        call.out.line()
        call.out.table(_by_workspace(run))
    return ExitCode.OK


def _by_workspace(run: Facts) -> Table:
    numbers = ("RECEIVED", "SENT", "TAKEN", "REQUESTS", "BYTES")
    table = Table(
        ("WORKSPACE", "STATE", *numbers, "STANDING"),
        right=set(numbers),
        state="STATE",
    )
    for one in run.parts("workspaces"):
        report = one.part("report")
        moved = Moved.in_runs([Facts({"workspaces": [one.raw]})])
        table.add(
            one.text("workspace"),
            shown_state(one.text("state")),
            grouped(moved.received),
            grouped(moved.sent),
            grouped(report.count("taken")),
            grouped(report.part("traffic").count("requests")),
            moved.told_size,
            report.text("standing"),
        )
    return table


def _cancel(call: Call) -> ExitCode:
    answer = call.daemon.delete("syncs", str(call.option("sync")))
    if call.out.as_json:
        call.out.json(answer)
        return ExitCode.OK
    run = answer.part("sync")
    told = "is cancelled" if answer.flag("changed") else "was over already"
    call.out.say(f"sync {run.text('id')} with {run.text('peer')} {told}")
    return ExitCode.OK


def _history_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--peer", help="only with this one")
    parser.add_argument("--limit", type=int, default=20, help="default: 20")
    parser.add_argument(
        "--before", type=int, metavar="SYNC", help="older than this one"
    )


def _one_sync(parser: ArgumentParser) -> None:
    parser.add_argument("sync", type=int, help="its number")


LOOKING_BACK: Verbs = {
    "history": Verb("earlier runs, newest first", _history, _history_arguments),
    "show": Verb("one run, workspace by workspace", _show, _one_sync),
    "cancel": Verb("end a run; what it took in stays", _cancel, _one_sync),
}
