"""esdctl status and version: the first look, which mostly is the only one.

It begins with what is wrong and what to do about it; then the peers.
"""

from esd import __version__
from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import ExitCode
from esd.ctl.facts import Facts
from esd.ctl.table import Table, printable
from esd.ctl.times import plural
from esd.ctl.words import shown_peer, without_next_run

__all__ = ["NOUNS"]


def _status(call: Call) -> ExitCode:
    status = call.daemon.get("status")
    if call.out.as_json:
        call.out.json(status)
        return ExitCode.OK
    _headline(call, status)
    _tell_health(call, status.parts("health"))
    _tell_peers(call, status.parts("peers"))
    return ExitCode.OK


def _headline(call: Call, status: Facts) -> None:
    state = status.text("state")
    started = call.out.times.lasting(status.moment("started"))
    words = [f"esd {status.text('version')}", state]
    call.out.line(", ".join([*words, *([f"up {started}"] if started else [])]))
    reached = ", ".join(status.texts("addresses"))
    counts = status.part("counts")
    held = [
        plural(counts.count("workspaces"), "workspace"),
        plural(counts.count("documents"), "document"),
        plural(counts.count("peers"), "peer"),
    ]
    call.out.line(", ".join(held) + (f"; peers reach us at {reached}" * bool(reached)))


def _tell_health(call: Call, health: list[Facts]) -> None:
    for one in health:
        # What is said of one peer, named in the code, tells since when.
        since = None if ":" in one.text("code") else one.moment("since")
        told = printable(one.text("message"))
        told += f" ({call.out.times.since(since)})" if since else ""
        call.out.line()
        call.out.line(f"{call.out.state(one.text('severity'))}: {told}")
        if one.text("hint"):
            call.out.line(f"  {printable(one.text('hint'))}")


def _tell_peers(call: Call, peers: list[Facts]) -> None:
    if not peers:
        return
    table = Table(("PEER", "STATE", "LAST SYNC", "NEXT RUN", "WHAT"), state="STATE")
    for peer in peers:
        table.add(
            peer.text("name"),
            shown_peer(peer),
            call.out.times.tell(peer.moment("last_success")),
            call.out.times.tell(peer.moment("next_run"), without_next_run(peer)),
            _unusual(peer),
        )
    call.out.line()
    call.out.table(table)


def _unusual(peer: Facts) -> str:
    """What the other columns do not say already."""
    state, description = peer.text("state"), peer.text("description")
    usual = state in ("idle", "in-sync", "pending", "syncing") or description == state
    return "" if usual else description


def _version(call: Call) -> ExitCode:
    """Ours first: it can be told without a daemon."""
    if not call.out.as_json:
        call.out.line(f"esdctl {__version__}")
    root = call.daemon.ask("GET", "/").check().facts
    if call.out.as_json:
        call.out.json(Facts({"esdctl": __version__, "esd": root.raw}))
    else:
        spoken = ", ".join(root.texts("api"))
        call.out.line(f"esd {root.text('version')} (control API {spoken})")
    return ExitCode.OK


NOUNS: dict[str, Verbs] = {
    "status": {"": Verb("how esd and its peers are doing", _status)},
    "version": {"": Verb("the versions of esdctl and of the running esd", _version)},
}
