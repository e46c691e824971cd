"""esdctl peer: who we sync with, how each stands, and holding one back."""

from argparse import ArgumentParser
from collections.abc import Iterator

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts
from esd.ctl.lengths import seconds
from esd.ctl.queries import query_lines
from esd.ctl.table import Table, printable
from esd.ctl.times import grouped, plural, span
from esd.ctl.words import shown_peer, without_next_run

__all__ = ["NOUNS"]


def _list(call: Call) -> ExitCode:
    answer = call.daemon.get("peers")
    if call.out.as_json:
        call.out.json(answer, "peers")
        return ExitCode.OK
    table = Table(
        ("PEER", "STATE", "LAST SYNC", "NEXT RUN", "WORKSPACES", "WHAT"),
        right={"WORKSPACES"},
        state="STATE",
    )
    for peer in answer.parts("peers"):
        runtime = peer.part("runtime")
        table.add(
            peer.text("name"),
            shown_peer(runtime),
            call.out.times.tell(runtime.moment("last_success")),
            call.out.times.tell(runtime.moment("next_run"), without_next_run(runtime)),
            str(len(runtime.parts("workspaces"))),
            what_is_wrong(runtime),
        )
    if table.rows:
        call.out.table(table)
    else:
        call.out.say(
            "No peers. Add a [[peer]] to the configuration: esdctl config show"
        )
    return ExitCode.OK


def what_is_wrong(runtime: Facts) -> str:
    """Such as "connection refused (14 failures)"; empty where all is well."""
    reason, failures = runtime.text("reason"), runtime.count("failures")
    return f"{reason} ({plural(failures, 'failure')})" if failures > 1 else reason


def _show(call: Call) -> ExitCode:
    peer = call.daemon.get("peers", call.option("peer"))
    if call.out.as_json:
        call.out.json(peer)
        return ExitCode.OK
    config, runtime, times = peer.part("config"), peer.part("runtime"), call.out.times
    failure = runtime.part("last_failure")
    failed = failure.moment("at")
    call.out.pairs(
        [
            ("peer", peer.text("name")),
            ("url", config.text("url")),
            ("state", shown_peer(runtime)),
            ("what", runtime.text("description")),
            ("hint", runtime.text("hint")),
            ("last sync", times.tell_fully(runtime.moment("last_success"))),
            ("last failure", (failed and times.tell_fully(failed)) or ""),
            ("", failure.text("reason")),
            ("failures", _failures(call, runtime)),
            ("next run", _next_run(call, runtime)),
            ("paused", _pause(call, runtime)),
            ("running", _running(runtime)),
            ("direction", config.text("direction")),
            ("protocol", config.text("protocol")),
            ("interval", _interval(config)),
            *_agreed(config),
        ]
    )
    shared = runtime.parts("workspaces")
    _show_shared(call, shared)
    _show_live(call, [one for one in shared if "live" in one])
    return ExitCode.OK


def _next_run(call: Call, runtime: Facts) -> str:
    moment = runtime.moment("next_run")
    return call.out.times.tell_fully(moment, without_next_run(runtime))


def _failures(call: Call, runtime: Facts) -> str:
    count, since = runtime.count("failures"), runtime.moment("failing_since")
    if not count:
        return ""
    return f"{count} in a row" + (f", {call.out.times.since(since)}" if since else "")


def _pause(call: Call, runtime: Facts) -> str:
    if runtime.text("state") != "paused":
        return ""
    until = runtime.moment("paused_until")
    return f"until {call.out.times.tell_fully(until)}" if until else "until resumed"


def _running(runtime: Facts) -> str:
    run = runtime.text("current_sync")
    return f"sync {run} (esdctl sync show {run})" if run else ""


def _interval(config: Facts) -> str:
    if "interval_seconds" not in config:
        return "only when asked"
    return span(float(config.text("interval_seconds") or 0))


def _agreed(config: Facts) -> Iterator[tuple[str, str]]:
    """What is other than with most peers."""
    if config.text("shares") == "common":
        yield "shares", "all workspaces that both of us have"
    for name in ("incoming", "outgoing"):
        if name in config:
            yield from query_lines(name, config.parts(name))
    if config.flag("key"):
        yield "key", "yes: we know each other by it"
    if config.flag("create_workspaces"):
        yield "creates", "it is asked to hold what it does not hold yet"
    if config.flag("live"):
        yield "live", "its streams are followed"


def _show_shared(call: Call, shared: list[Facts]) -> None:
    call.out.line()
    if not shared:
        call.out.say("It shares no workspace with us that we keep.")
        return
    table = Table(("WORKSPACE", "ID", "STANDING"))
    for one in shared:
        name = one.text("alias") or one.text("id")
        table.add(name, one.text("id"), one.text("standing") or "not known yet")
    call.out.table(table)


def _show_live(call: Call, followed: list[Facts]) -> None:
    """Where new documents come by themselves; and where they do not, why."""
    if not followed:
        return
    call.out.line()
    table = Table(("WORKSPACE", "LIVE", "RECEIVED", "REJECTED"), right={"RECEIVED"})
    for one in followed:
        stream = one.part("live")
        table.add(
            one.text("alias") or one.text("id"),
            _liveliness(call, stream),
            grouped(stream.count("received")),
            _rejected(stream.part("rejected")),
        )
    call.out.table(table)
    for hint in dict.fromkeys(one.part("live").text("hint") for one in followed):
        if hint:
            call.out.line(f"  {printable(hint)}")


def _liveliness(call: Call, stream: Facts) -> str:
    since = stream.moment("since")
    return call.out.times.since(since) if since else f"no: {stream.text('reason')}"


def _rejected(reasons: Facts) -> str:
    return ", ".join(f"{grouped(reasons.count(one))} {one}" for one in reasons)


def _pause_peers(call: Call) -> ExitCode:
    length = call.option("length")
    body = {} if length is None else {"seconds": length}
    how_long = "until resumed" if length is None else f"for {span(length)}"
    return _change(call, "pause", body, f"paused {how_long}", f"paused {how_long}")


def _resume(call: Call) -> ExitCode:
    return _change(call, "resume", None, "resumed", "was not paused")


def _reset(call: Call) -> ExitCode:
    told = "forgot its failures and what it spoke; it is tried now"
    return _change(call, "reset", None, told, "had no failures")


def _change(call: Call, what: str, body: object, told: str, unchanged: str) -> ExitCode:
    answers = []
    for name in _chosen(call):
        answers.append(call.daemon.post("peers", name, what, body=body))
        if not call.out.as_json:
            changed = answers[-1].flag("changed")
            call.out.say(f"{name}: {told if changed else unchanged}")
    if call.out.as_json:
        call.out.json(Facts({"peers": [one.raw for one in answers]}), "peers")
    return ExitCode.OK


def _chosen(call: Call) -> list[str]:
    named: list[str] = call.option("peer")
    if bool(named) == call.option("all"):
        raise CannotDo("name one peer or more, or say --all", code=ExitCode.USAGE)
    if named:
        return named
    return [one.text("name") for one in call.daemon.get("peers").parts("peers")]


def _one_peer(parser: ArgumentParser) -> None:
    parser.add_argument("peer", help="its name in the configuration")


def _some_peers(parser: ArgumentParser) -> None:
    parser.add_argument("peer", nargs="*", help="names in the configuration")
    parser.add_argument("--all", action="store_true", help="all peers")


def _pause_arguments(parser: ArgumentParser) -> None:
    _some_peers(parser)
    parser.add_argument(
        "--for", dest="length", type=seconds, metavar="TIME", help="such as 30m or 2h"
    )


NOUNS: dict[str, Verbs] = {
    "peer": {
        "list": Verb("all peers and how they stand", _list),
        "show": Verb("one peer: what is wrong, and what to do", _show, _one_peer),
        "pause": Verb("no runs with it until resumed", _pause_peers, _pause_arguments),
        "resume": Verb("runs with it again", _resume, _some_peers),
        "reset": Verb(
            "forget its failures and what it spoke, try it now", _reset, _some_peers
        ),
    }
}
