"""esdctl sync: get level with the peers now.

The runs are the daemon's: one that we stop waiting for goes on. We look at them again
and again, because they end in a blink or in minutes and a person wants to see which.
"""

from argparse import ArgumentParser

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts
from esd.ctl.progress import progress_on
from esd.ctl.runs import is_over, summary, went_well
from esd.ctl.sync_history import LOOKING_BACK
from esd.ctl.sync_tables import of_runs
from esd.ctl.times import grouped, span

__all__ = ["NOUNS"]

FIRST_WAIT = 0.1  # seconds; most runs move nothing and are over by then
LOOK_EVERY = 0.2  # seconds; a person sees no difference to faster


def _sync(call: Call) -> ExitCode:
    began = call.around.steady()
    waits = not call.option("no_wait")
    answer = call.daemon.post(
        "syncs", body=_asked(call), wait=FIRST_WAIT if waits else None
    )
    runs, skipped = answer.parts("syncs"), answer.parts("skipped")
    for one in skipped:
        hint = one.text("hint")
        call.out.remark(
            f"esdctl: left out: {one.text('message')}" + (f" ({hint})" if hint else "")
        )
    if waits:
        runs = _wait(call, runs, began)
    if call.out.as_json:
        shown = {"syncs": [run.raw for run in runs], "skipped": _raw(skipped)}
        call.out.json(Facts(shown), "syncs")
    if not waits:
        return _tell_started(call, runs)
    return _tell_end(call, runs, skipped, call.around.steady() - began)


def _raw(parts: list[Facts]) -> list[object]:
    return [part.raw for part in parts]


def _asked(call: Call) -> dict[str, object]:
    asked = {
        "peers": call.option("peer") or None,
        "workspaces": call.option("workspace"),
        "direction": call.option("direction"),
        "dry_run": call.option("dry_run") or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _wait(call: Call, runs: list[Facts], began: float) -> list[Facts]:
    """Until all are over, or --timeout is."""
    with progress_on(call.out) as progress:
        progress.show(runs)
        while not all(map(is_over, runs)):
            _check_patience(call, runs, began)
            try:
                call.around.sleep(LOOK_EVERY)
                runs = [_look_again(call, run) for run in runs]
            except KeyboardInterrupt:
                call.out.remark(f"esdctl: {_goes_on(runs)}")
                raise
            progress.show(runs)
    return runs


def _look_again(call: Call, run: Facts) -> Facts:
    return run if is_over(run) else call.daemon.get("syncs", run.text("id"))


def _check_patience(call: Call, runs: list[Facts], began: float) -> None:
    if call.patience is None or call.around.steady() - began < call.patience:
        return
    late = ", ".join(run.text("peer") for run in runs if not is_over(run))
    message = f"not over after {span(call.patience)}: {late}"
    raise CannotDo(message, code=ExitCode.TIMED_OUT, hint=_goes_on(runs))


def _goes_on(runs: list[Facts]) -> str:
    late = [run.text("id") for run in runs if not is_over(run)]
    commands = ", ".join(f"esdctl sync show {number}" for number in late)
    return f"it goes on without us: {commands}"


def _tell_started(call: Call, runs: list[Facts]) -> ExitCode:
    if not call.out.as_json:
        for run in runs:
            how = "joined" if run.flag("joined") else "asked for"
            call.out.say(f"{run.text('peer')}: sync {run.text('id')} {how}")
    return ExitCode.OK


def _tell_end(
    call: Call, runs: list[Facts], skipped: list[Facts], seconds: float
) -> ExitCode:
    failed = [run for run in runs if not went_well(run)]
    for run in failed:
        trouble = run.text("trouble") or run.text("state")
        call.out.remark(f"esdctl: {run.text('peer')}: {trouble}")
        if run.text("hint"):
            call.out.remark(f"  {run.text('hint')}")
    if not call.out.as_json and not call.out.quiet:
        _tell_workspaces(call, runs)
        call.out.say(summary(runs, seconds))
    if failed:
        return ExitCode.FAILED if len(failed) == len(runs) else ExitCode.PARTIAL
    # Who asks for all peers does not mean those that are held back on purpose.
    return ExitCode.PARTIAL if skipped and call.option("peer") else ExitCode.OK


def _tell_workspaces(call: Call, runs: list[Facts]) -> None:
    table, left_out = of_runs(runs)
    if table.rows:
        call.out.table(table)
    if left_out:
        call.out.say(f"{grouped(left_out)} more were level already")
    if table.rows or left_out:
        call.out.line()


def _sync_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("peer", nargs="*", help="names in the configuration; default: all peers")
    add("--workspace", "-w", action="append", help="only this one; may be repeated")
    add("--direction", choices=["both", "pull", "push"], help="default: as configured")
    add("--dry-run", action="store_true", help="tell what would move, move nothing")
    add("--no-wait", action="store_true", help="ask for it, and do not wait")


NOUNS: dict[str, Verbs] = {
    "sync": {
        "": Verb(
            "get level with all peers, or with those named",
            _sync,
            _sync_arguments,
            "also: esdctl sync history, esdctl sync show, esdctl sync cancel",
        ),
        **LOOKING_BACK,
    }
}
