"""esdctl api: any request, for what has no command and for those without curl.

The answer is printed as it is, also a refusal; only the exit code judges it.
"""

import re
from argparse import ArgumentParser

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.client import exit_code
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.given import read_given

__all__ = ["NOUNS"]

EVENTS = "/v1/events"  # the one answer that goes on

_METHOD = re.compile(r"[A-Z]{1,20}")
_PATH = re.compile(r"/[!-~]*")  # as it goes on the wire


def _api(call: Call) -> ExitCode:
    method, path = call.option("method").upper(), call.option("path")
    if _METHOD.fullmatch(method) is None or _PATH.fullmatch(path) is None:
        message = "a request is a method and a path"
        hint = "such as: esdctl api GET /v1/status"
        raise CannotDo(message, code=ExitCode.USAGE, hint=hint)
    if method == "GET" and path.partition("?")[0] == EVENTS:
        for event in call.daemon.lines(path):
            call.out.json_line(event)
            call.out.stdout.flush()
        return ExitCode.OK
    answer = call.daemon.ask(method, path, _body(call))
    if call.out.stdout.isatty() and "json" in answer.content_type:
        call.out.json(answer.facts)
    else:
        call.out.content(answer.body)
    return exit_code(answer.status)


def _body(call: Call) -> bytes | None:
    given = call.option("body")
    if given is None:
        return None
    if given == "-":
        given = read_given("-", call.around.stdin)
    elif given.startswith("@"):
        given = read_given(given[1:], call.around.stdin)
    return str(given).encode()


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("method", help="GET, POST, PUT or DELETE")
    parser.add_argument("path", help="such as /v1/status")
    parser.add_argument("body", nargs="?", help="JSON; - for stdin, @FILE for a file")


NOUNS: dict[str, Verbs] = {
    "api": {
        "": Verb(
            "send any request to the control socket",
            _api,
            _arguments,
            "The API is written down at: esdctl api GET /v1/openapi.json",
        )
    }
}
