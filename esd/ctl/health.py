"""esdctl health and wait: for scripts that go on only when esd works."""

from argparse import ArgumentParser
from collections.abc import Callable

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts
from esd.ctl.table import printable
from esd.ctl.times import span

__all__ = ["NOUNS"]

LOOK_EVERY = 0.2  # seconds; start-up takes about one
SETTLED = {"in-sync", "paused"}


def _health(call: Call) -> ExitCode:
    answer = _readiness(call)
    if call.out.as_json:
        call.out.json(answer)
    else:
        _tell_checks(call, answer.parts("checks"))
    return ExitCode.OK if answer.flag("ready") else ExitCode.FAILED


def _tell_checks(call: Call, checks: list[Facts]) -> None:
    if call.out.quiet:
        return
    for check in checks:
        good, said = check.flag("ok"), check.text("message")
        sign = call.out.coloured(*(("[+]", "green") if good else ("[-]", "red")))
        word = "ok" if good else printable(said) or "not ok"
        call.out.line(f"{sign}{check.text('name')} {word}")


def _readiness(call: Call) -> Facts:
    """503 is an answer here, and not a refusal."""
    answer = call.daemon.ask("GET", "/v1/health/ready")
    return answer.facts if answer.status == 503 else answer.check().facts


def _wait(call: Call) -> ExitCode:
    reached = GOALS[call.option("goal")]
    began = call.around.steady()
    while missing := _look(call, reached):
        if call.patience is not None and call.around.steady() - began >= call.patience:
            raise CannotDo(
                f"not {call.option('goal')} after {span(call.patience)}: {missing}",
                code=ExitCode.TIMED_OUT,
                hint="esdctl status tells more",
            )
        call.around.sleep(LOOK_EVERY)
    goal = call.option("goal")
    if call.out.as_json:
        call.out.json(Facts({"reached": goal}))
    else:
        call.out.say(f"esd is {goal}")
    return ExitCode.OK


def _look(call: Call, reached: Callable[[Call], str]) -> str:
    """What is still missing. A daemon that does not run may come yet."""
    try:
        return reached(call)
    except CannotDo as exc:
        if exc.code is ExitCode.NOT_RUNNING:
            return str(exc)
        raise


def _ready(call: Call) -> str:
    answer = _readiness(call)
    if answer.flag("ready"):
        return ""
    wrong = [one.text("name") for one in answer.parts("checks") if not one.flag("ok")]
    return ", ".join(wrong) or "it does not say why"


def _in_sync(call: Call) -> str:
    peers = call.daemon.get("status").parts("peers")
    apart = [one for one in peers if one.text("state") not in SETTLED]
    return ", ".join(f"{one.text('name')} is {one.text('state')}" for one in apart)


GOALS = {"ready": _ready, "in-sync": _in_sync}


def _wait_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--for",
        dest="goal",
        choices=list(GOALS),
        default="ready",
        help="default: ready; in-sync: with all peers that are not paused",
    )


NOUNS: dict[str, Verbs] = {
    "health": {"": Verb("what works; exit code 1 if something does not", _health)},
    "wait": {
        "": Verb("until esd is ready, for as long as --timeout", _wait, _wait_arguments)
    },
}
