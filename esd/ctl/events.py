"""esdctl watch: what happens, as it happens, until Ctrl-C or --timeout.

As JSON each is a line, as the daemon has it. For people the first one, which holds the
whole state, becomes a sentence, and heartbeats are left out.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.client import route
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts
from esd.ctl.table import printable

__all__ = ["NOUNS"]


def _watch(call: Call) -> ExitCode:
    for event in _events(call):
        _tell(call, event)
        if event.text("type") == "lagged":
            raise _lagged(event)
        if event.text("type") == "stopping":
            call.out.remark("esdctl: esd is stopping")
            return ExitCode.OK
    if call.patience is None and not call.option("no_follow"):
        raise CannotDo("esd ended the stream", hint="see journalctl -u esd")
    return ExitCode.OK


def _events(call: Call) -> Iterator[Facts]:
    """What the stream tells, for as long as --timeout."""
    began = call.around.steady()
    try:
        for event in call.daemon.lines(_path(call)):
            yield event
            if (
                call.patience is not None
                and call.around.steady() - began >= call.patience
            ):
                return
    except CannotDo as exc:
        if exc.code is not ExitCode.TIMED_OUT or call.patience is None:
            raise


def _path(call: Call) -> str:
    return route(
        "events",
        since=call.option("since"),
        boot_id=call.option("boot_id"),
        types=call.option("types"),
        follow=0 if call.option("no_follow") else None,
    )


def _tell(call: Call, event: Facts) -> None:
    if call.out.as_json:
        call.out.json_line(event)
    elif event.text("type") != "heartbeat":
        call.out.line(f"{_time(call, event.moment('at'))}  {_sentence(event)}")
    call.out.stdout.flush()


def _time(call: Call, at: datetime | None) -> str:
    """On a terminal the time of day is enough: one looks while it happens."""
    if at is None:
        return "?"
    times = call.out.times
    return f"{at.astimezone():%H:%M:%S}" if times.relative else times.stamp(at)


def _sentence(event: Facts) -> str:
    kind = event.text("type")
    if kind == "state":
        peers = event.part("status").parts("peers")
        told = [f"{one.text('name')} {one.text('state')}" for one in peers]
        lost = "; earlier events are lost" if event.flag("gap") else ""
        return f"state  event {event.text('id')}; {', '.join(told) or 'no peers'}{lost}"
    data = event.part("data")
    return printable("  ".join([kind, *(f"{name}={data.text(name)}" for name in data)]))


def _lagged(event: Facts) -> CannotDo:
    return CannotDo(
        "we read too slowly, and events are lost",
        hint=f"go on with: esdctl watch --since {event.text('id')}",
    )


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--types", help="only these: such as sync,peer.paused")
    add("--since", type=int, metavar="ID", help="also what came after this event")
    add("--boot-id", help="of the daemon's run that the ID is from")
    add("--no-follow", action="store_true", help="only what there is already")


WATCH = Verb("what happens, as it happens", _watch, _arguments)

NOUNS: dict[str, Verbs] = {"watch": {"": WATCH}, "events": {"": WATCH}}
