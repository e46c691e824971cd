"""esdctl sync history, show and cancel: runs that are or were.

Earlier runs are told by the daemon from its own file, years back.
"""

from argparse import ArgumentParser

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import ExitCode
from esd.ctl.facts import Facts
from esd.ctl.moved import Moved, is_dry
from esd.ctl.runs import lasted
from esd.ctl.sync_tables import of_one_run
from esd.ctl.table import Table
from esd.ctl.times import grouped, plural, size, span
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
        ("SYNC", "PEER", "STATE", "STARTED", "TOOK", "IN", "OUT", "BYTES", "WHAT"),
        right={"SYNC", "IN", "OUT", "BYTES"},
        state="STATE",
    )
    for run in answer.parts("syncs"):
        moved = Moved.in_parts(run.parts("workspaces"), dry=False)
        seconds = lasted(run)
        table.add(
            run.text("id"),
            run.text("peer"),
            shown_state(run.text("state")),
            call.out.times.tell_briefly(run.moment("started"), "not yet"),
            "" if seconds is None else span(seconds),
            grouped(moved.received),
            grouped(moved.sent),
            moved.told_size,
            _what(run),
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


def _what(run: Facts) -> str:
    """What went wrong; else by which conversation it went well."""
    dry = ["dry run"] if is_dry([run]) else []
    if run.text("trouble"):
        return ", ".join([*dry, run.text("trouble")])
    moved = Moved.in_runs([run])
    reports = [one.part("report") for one in run.parts("workspaces")]
    levels = dict.fromkeys(one.text("level") for one in reports)
    rejections = moved.rejections if moved.rejected else ""
    return ", ".join(filter(None, (*dry, *levels, moved.told_rounds, rejections)))


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
            ("moved", _moved(run)),
            ("traffic", _traffic(run)),
        ]
    )
    if run.parts("workspaces"):
        call.out.line()
        call.out.table(of_one_run(run))
    return ExitCode.OK


def _moved(run: Facts) -> str:
    moved = Moved.in_runs([run])
    return f"nothing, in a dry run: {moved.tell()}" if moved.dry else moved.tell()


def _traffic(run: Facts) -> str:
    traffic = [one.part("report").part("traffic") for one in run.parts("workspaces")]
    requests = sum(one.count("requests") for one in traffic)
    sent = sum(one.count("sent") for one in traffic)
    received = sum(one.count("received") for one in traffic)
    bodies = f"{size(sent)} sent, {size(received)} received"
    return f"{plural(requests, 'request')}, {bodies}" if requests else ""


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
