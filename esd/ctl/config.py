"""esdctl config, reload and shutdown: what the daemon runs with."""

import json
from collections.abc import Iterator

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import ExitCode

__all__ = ["NOUNS"]


def _show(call: Call) -> ExitCode:
    answer = call.daemon.get("config")
    if call.out.as_json:
        call.out.json(answer)
        return ExitCode.OK
    file = answer.text("file")
    call.out.line(f"# {file or 'no file: these are the defaults'}")
    config = answer.part("config") if "config" in answer else answer
    for line in _keys(config.raw, ""):
        call.out.line(line)
    return ExitCode.OK


def _keys(value: object, key: str) -> Iterator[str]:
    """One line a value, under its whole key: easy to search, easy to compare."""
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _keys(below, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, below in enumerate(value):
            yield from _keys(below, f"{key}[{number}]")
    else:
        yield f"{key} = {_said(value)}"


def _said(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_said, value)) + "]"
    return "none" if value is None else json.dumps(value)


def _reload(call: Call) -> ExitCode:
    answer = call.daemon.post("config", "reload")
    if call.out.as_json:
        call.out.json(answer)
        return ExitCode.OK
    changed, later = answer.texts("changed"), answer.texts("needs_restart")
    call.out.say(f"Reloaded: {', '.join(changed) or 'nothing changed'}")
    if later:
        call.out.remark(f"esdctl: not before a restart of esd: {', '.join(later)}")
    return ExitCode.OK


def _shutdown(call: Call) -> ExitCode:
    answer = call.daemon.post("shutdown")
    if call.out.as_json:
        call.out.json(answer)
    else:
        call.out.say("esd is stopping")
    return ExitCode.OK


RELOAD = Verb(
    "read the configuration file again: all of it or, if broken, none", _reload
)

NOUNS: dict[str, Verbs] = {
    "config": {
        "show": Verb("what is in force, addresses and secrets masked", _show),
        "reload": RELOAD,
    },
    "reload": {"": RELOAD},
    "shutdown": {"": Verb("stop esd, as SIGTERM does", _shutdown)},
}
