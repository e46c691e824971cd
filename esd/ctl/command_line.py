"""A command line taken apart: the common options, the noun, its verb, the verb's own.

The common options may stand anywhere, so they are taken out first; what is left begins
with the noun, and only the noun's own file is loaded. argparse does the reading, but
what it has to say goes where all our words go.
"""

import argparse
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from esd.ctl.call import Verb, Verbs
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.lengths import seconds

__all__ = [
    "HELP",
    "asks_help",
    "choose",
    "common_help",
    "noun_help",
    "parser_of",
    "take_common",
]

HELP = ("-h", "--help")

NOUNS = {
    "status": ("status", "how esd and its peers are doing"),
    "health": ("health", "what works, item by item; exit code 1 if something does not"),
    "wait": ("health", "until esd is ready, or all peers are in sync"),
    "watch": ("events", "what happens, as it happens"),
    "events": ("events", "the same as watch"),
    "peer": ("peer", "list, show, pause, resume, reset"),
    "workspace": ("workspace", "list, show, id, add, remove"),
    "sync": ("sync", "now, with all peers or some; history, show, cancel"),
    "doc": ("doc", "ls, get, set, rm, history"),
    "identity": ("identity", "list, new, import, remove"),
    "config": ("config", "show, reload"),
    "reload": ("config", "the same as config reload"),
    "shutdown": ("config", "stop esd, as SIGTERM does"),
    "api": ("api", "any request: METHOD PATH [BODY|-]"),
    "version": ("status", "of esdctl and of the running esd"),
}
EXITS = "exit codes: " + ", ".join(
    f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode
)


class _Parser(argparse.ArgumentParser):
    """argparse, but its failures are ours."""

    def error(self, message: str) -> NoReturn:
        hint = f"{self.prog} --help tells what it takes"
        raise CannotDo(message, code=ExitCode.USAGE, hint=hint)


def take_common(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The common options, wherever they stand before a `--`, and what is left."""
    end = argv.index("--") if "--" in argv else len(argv)
    parser = _Parser(prog="esdctl", add_help=False, allow_abbrev=False)
    _add_common(parser)
    common, rest = parser.parse_known_args(argv[:end])
    return common, [*rest, *argv[end:]]


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("options of every command").add_argument
    add("--socket", type=Path, help="of the daemon; default: $ESD_SOCKET, or its place")
    add("--json", action="store_true", help="the answer as one JSON document")
    add("--jsonl", action="store_true", help="the answer as JSON, one line an item")
    add("--color", choices=["auto", "always", "never"], default="auto")
    add("--utc", action="store_true", help="times as RFC 3339, not from now")
    add("--timeout", type=seconds, metavar="TIME", help="give up then: 30, 5m, 2h")
    add("--quiet", "-q", action="store_true", help="no progress, no sentences")


def asks_help(arguments: Sequence[str]) -> bool:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return any(one in HELP for one in arguments[:end])


def noun_help(noun: str) -> str:
    """The verbs of a noun; empty where the noun alone is a command."""
    verbs = _verbs(noun)
    if "" in verbs:
        return ""
    told = [f"esdctl {noun} {name}: {verb.summary}" for name, verb in verbs.items()]
    return "\n".join(told) + "\n"


def choose(noun: str, rest: Sequence[str]) -> tuple[str, Verb, list[str]]:
    """The words of the command, what it does, and the arguments left for it."""
    verbs = _verbs(noun)
    if rest and rest[0] and rest[0] in verbs:
        return f"{noun} {rest[0]}", verbs[rest[0]], list(rest[1:])
    if "" in verbs:
        return noun, verbs[""], list(rest)
    if rest:
        raise _unknown(f"verb of {noun}", rest[0], verbs)
    told = noun_help(noun).splitlines()
    raise CannotDo(f"{noun} needs a verb", code=ExitCode.USAGE, details=told)


def _verbs(noun: str) -> Verbs:
    if noun not in NOUNS:
        raise _unknown("command", noun, NOUNS)
    verbs: Verbs = import_module(f"esd.ctl.{NOUNS[noun][0]}").NOUNS[noun]
    return verbs


def _unknown(kind: str, word: str, known: Iterable[str]) -> CannotDo:
    from difflib import get_close_matches  # noqa: PLC0415 only where one mistyped

    names = [name for name in known if name]
    close = get_close_matches(word, names, n=1)
    meant = f"did you mean {close[0]}?" if close else f"there is: {', '.join(names)}"
    return CannotDo(f"there is no such {kind}", code=ExitCode.USAGE, hint=meant)


def parser_of(words: str, verb: Verb) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"esdctl {words}",
        description=verb.summary,
        epilog=verb.epilog,
        allow_abbrev=False,
        add_help=False,  # asked for before: required arguments are not missed then
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.arguments(parser)
    parser.usage = parser.format_usage().removeprefix("usage: ").strip() + " [OPTIONS]"
    _add_common(parser)  # taken out already; they are here for --help
    return parser


def common_help() -> str:
    """What `esdctl --help` prints."""
    width = max(map(len, NOUNS))
    lines = [f"  {noun.ljust(width)}  {what}" for noun, (_, what) in NOUNS.items()]
    parser = _Parser(
        prog="esdctl",
        usage="esdctl COMMAND [VERB] [OPTIONS]",
        description="Ask the running esd, and steer it.\n\n" + "\n".join(lines),
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(parser)
    return parser.format_help()
