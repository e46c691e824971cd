"""esdctl workspace: what we keep replicas of, by local id or alias.

An address is a key: it comes in by stdin, a file or the prompt, and is shown only by
`show --reveal`.
"""

from argparse import ArgumentParser
from collections.abc import Iterator

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts
from esd.ctl.given import secret_from
from esd.ctl.queries import is_everything, query_lines
from esd.ctl.table import Table, printable
from esd.ctl.times import grouped, size

__all__ = ["NOUNS"]

AUTHORS_SHOWN = 20


def _list(call: Call) -> ExitCode:
    answer = call.daemon.get("workspaces")
    if call.out.as_json:
        call.out.json(answer, "workspaces")
        return ExitCode.OK
    table = Table(
        ("WORKSPACE", "ID", "DOCUMENTS", "SIZE", "PEERS"),
        right={"DOCUMENTS", "SIZE"},
    )
    for one in answer.parts("workspaces"):
        table.add(
            one.text("alias") or one.text("id"),
            one.text("id"),
            grouped(one.count("documents")),
            size(one.count("bytes")),
            ", ".join(one.texts("peers")) or "none",
        )
    if table.rows:
        call.out.table(table)
    else:
        call.out.say("No workspaces. Add one: esdctl workspace add --alias NAME")
    return ExitCode.OK


def _show(call: Call) -> ExitCode:
    reveal = 1 if call.option("reveal") else None
    one = call.daemon.get("workspaces", call.option("workspace"), reveal=reveal)
    if call.out.as_json:
        call.out.json(one)
        return ExitCode.OK
    call.out.pairs(
        [
            ("workspace", one.text("alias") or one.text("id")),
            ("id", one.text("id")),
            ("address", one.text("address")),
            ("documents", grouped(one.count("documents"))),
            ("size", size(one.count("bytes"))),
            ("authors", _authors(one)),
            *_exceptions(one),
        ]
    )
    table = Table(("PEER", "STANDING"))
    for standing in one.parts("standings"):
        told = standing.text("standing") or "not known yet"
        table.add(standing.text("peer"), told)
    call.out.line()
    if table.rows:
        call.out.table(table)
    else:
        call.out.say("No peer shares it.")
    return ExitCode.OK


def _authors(one: Facts) -> str:
    count, names = one.count("author_count"), one.texts("authors")
    if not names or count > AUTHORS_SHOWN:
        return grouped(count)
    return f"{count}: {', '.join(names)}"


def _exceptions(one: Facts) -> Iterator[tuple[str, str]]:
    """Where not everything moves, and not with everybody."""
    queries = one.part("queries")
    for name in ("incoming", "outgoing"):
        if name in queries and not is_everything(queries.parts(name)):
            yield from query_lines(name, queries.parts(name))
    if queries.parts("refuse"):
        yield from query_lines("refuse", queries.parts("refuse"))
    if "anonymous" in one and not one.flag("anonymous"):
        yield "anonymous", "no: only callers that show a peer's key"


def _id(call: Call) -> ExitCode:
    """The header alone, for curl -H."""
    body = {"for": call.option("url")}
    answer = call.daemon.post("workspaces", call.option("workspace"), "id", body=body)
    if call.out.as_json:
        call.out.json(answer)
    else:
        call.out.line(printable(answer.text("header")))
    return ExitCode.OK


def _add(call: Call) -> ExitCode:
    around, alias = call.around, call.option("alias")
    address = secret_from(
        call.option("address"), around.stdin, around.prompt, "the workspace address"
    )
    body = {"address": address} | ({"alias": alias} if alias else {})
    answer = call.daemon.post("workspaces", body=body)
    if call.out.as_json:
        call.out.json(answer)
        return ExitCode.OK
    one = answer.part("workspace")
    told = "added" if answer.flag("changed") else "was there already"
    call.out.say(f"{_named(one)} {told}")
    return ExitCode.OK


def _named(one: Facts) -> str:
    alias, local_id = one.text("alias"), one.text("id")
    return f"{alias} ({local_id})" if alias else local_id


def _remove(call: Call) -> ExitCode:
    name, purge = call.option("workspace"), call.option("purge")
    if purge and not call.option("yes"):
        _confirm(call, name)
    answer = call.daemon.delete("workspaces", name, purge=1 if purge else None)
    if call.out.as_json:
        call.out.json(answer)
        return ExitCode.OK
    told = "its documents are deleted" if purge else "its file is put aside"
    call.out.say(f"{_named(answer.part('workspace'))} removed; {told}")
    return ExitCode.OK


def _confirm(call: Call, name: str) -> None:
    """This may be the only copy."""
    around = call.around
    if not around.stdin.isatty():
        message = f"--purge deletes the documents of {name} for good"
        raise CannotDo(message, code=ExitCode.USAGE, hint="say --yes if it shall")
    around.stderr.write(f"Delete all documents of {name}? Type its name: ")
    around.stderr.flush()
    if around.stdin.readline().strip() != name:
        raise CannotDo("nothing was deleted")


def _one(parser: ArgumentParser) -> None:
    parser.add_argument("workspace", help="its alias or local id")


def _show_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--reveal", action="store_true", help="show the address too")


def _id_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument(
        "--for",
        dest="url",
        metavar="URL",
        required=True,
        help="the root of the server, as it will be dialled",
    )


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "address",
        nargs="?",
        metavar="-|@FILE",
        help="where the address is read: stdin or a file; else you are asked",
    )
    parser.add_argument("--alias", help="your own short name for it")


def _remove_arguments(parser: ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--purge", action="store_true", help="delete its documents")
    parser.add_argument("--yes", action="store_true", help="do not ask")


NOUNS: dict[str, Verbs] = {
    "workspace": {
        "list": Verb("all workspaces we keep", _list),
        "show": Verb(
            "one of them, and how it stands with each peer", _show, _show_arguments
        ),
        "id": Verb(
            "the header that names it to a server of earthstar-sync",
            _id,
            _id_arguments,
            'such as: curl -H "$(esdctl workspace id garden --for URL)"'
            " URL/earthstar-sync/v1/query",
        ),
        "add": Verb("keep one from now on", _add, _add_arguments),
        "remove": Verb("stop keeping it", _remove, _remove_arguments),
    }
}
