"""esdctl doc: documents in and out.

Paths stand on the command line, content need not: it comes from stdin or a file as it
is, and `get` gives it back as it is. Only a terminal is spared control characters.
"""

from argparse import ArgumentParser
from collections.abc import Iterator

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.client import route
from esd.ctl.exit_codes import ExitCode
from esd.ctl.facts import Facts
from esd.ctl.given import content_from
from esd.ctl.lengths import seconds
from esd.ctl.table import Table
from esd.ctl.times import grouped, size

__all__ = ["NOUNS"]

PAGE = 1000  # documents; the daemon's largest
LISTED = 100  # more than a screen; who wants all says so
MICROSECONDS = 1_000_000


def _ls(call: Call) -> ExitCode:
    limit: int = call.option("limit")
    found: list[Facts] = []
    more = False
    for page in _pages(call, limit):
        found += page.parts("documents")
        more = "next" in page
    if call.out.as_json:
        shown = {"documents": [one.raw for one in found], "more": more}
        call.out.json(Facts(shown), "documents")
    elif found:
        call.out.table(_listing(call, found))
    else:
        call.out.say("No documents")
    if more:
        call.out.remark(f"esdctl: there are more than {grouped(limit)}: use --limit")
    return ExitCode.OK


def _pages(call: Call, limit: int) -> Iterator[Facts]:
    """As many pages as *limit* documents need."""
    asked: dict[str, object] = {
        "pathStartsWith": call.option("prefix"),
        "author": call.option("author"),
        "history": "all" if call.option("all") else None,
    }
    while limit > 0:
        asked["limit"] = min(limit, PAGE)
        page = call.daemon.get(
            "workspaces", call.option("workspace"), "documents", **asked
        )
        yield page
        limit -= len(page.parts("documents"))
        if "next" not in page:
            return
        asked["continueAfterPath"] = page.part("next").text("path")
        asked["continueAfterAuthor"] = page.part("next").text("author")


def _listing(call: Call, found: list[Facts]) -> Table:
    table = Table(("PATH", "AUTHOR", "SIZE", "WRITTEN"), right={"SIZE"})
    for one in found:
        length = one.count("contentLength")
        table.add(
            one.text("path"),
            _short(one.text("author")),
            size(length) if length else "empty",
            call.out.times.tell(one.moment("time"), "?"),
        )
    return table


def _short(author: str) -> str:
    """Enough of it to tell authors apart; --json has all."""
    name, _, key = author.partition(".")
    return f"{name}.{key[:8]}…" if len(key) > 9 else author


def _get(call: Call) -> ExitCode:
    where = ("workspaces", call.option("workspace"), "documents", call.option("path"))
    author = call.option("author")
    if call.out.as_json:
        call.out.json(call.daemon.get(*where, author=author))
        return ExitCode.OK
    answer = call.daemon.ask("GET", route(*where, author=author, raw=1)).check()
    call.out.content(answer.body)
    return ExitCode.OK


def _set(call: Call) -> ExitCode:
    around = call.around
    content = content_from(call.option("content"), call.option("file"), around.stdin)
    body: dict[str, object] = {"content": content}
    if identity := call.option("identity"):
        body["identity"] = identity
    if (lasts := call.option("expires_in")) is not None:
        body["deleteAfter"] = round((around.now() + lasts) * MICROSECONDS)
    path = route(
        "workspaces", call.option("workspace"), "documents", call.option("path")
    )
    return _written(call, call.daemon.ask("PUT", path, body).check().facts, "written")


def _rm(call: Call) -> ExitCode:
    document = call.daemon.delete(
        "workspaces",
        call.option("workspace"),
        "documents",
        call.option("path"),
        identity=call.option("identity"),
    )
    return _written(call, document, "emptied")


def _written(call: Call, document: Facts, told: str) -> ExitCode:
    if call.out.as_json:
        call.out.json(document)
    else:
        author = _short(document.text("author"))
        call.out.say(f"{document.text('path')} {told} by {author}")
    return ExitCode.OK


def _history(call: Call) -> ExitCode:
    answer = call.daemon.get(
        "workspaces",
        call.option("workspace"),
        "documents",
        call.option("path"),
        "history",
    )
    documents = answer.parts("documents")
    if call.out.as_json:
        call.out.json(answer, "documents")
    elif documents:
        call.out.table(_listing(call, documents))
    else:
        call.out.say("No documents at this path")
    return ExitCode.OK


def _workspace(parser: ArgumentParser) -> None:
    parser.add_argument("workspace", help="its alias or local id")


def _place(parser: ArgumentParser) -> None:
    _workspace(parser)
    parser.add_argument("path", help="such as /wiki/Bees")


def _ls_arguments(parser: ArgumentParser) -> None:
    _workspace(parser)
    add = parser.add_argument
    add("prefix", nargs="?", help="only paths that begin so")
    add("--author", help="only where this author is the latest")
    add("--all", action="store_true", help="also the older ones at each path")
    add("--limit", type=int, default=LISTED, help=f"default: {LISTED}")


def _get_arguments(parser: ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("--author", help="that one's document, not the latest")


def _identity(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--as", dest="identity", metavar="IDENTITY", help="default: the only one"
    )


def _set_arguments(parser: ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("content", nargs="?", help="the text; - for stdin")
    parser.add_argument("--file", help="the content is in this file")
    parser.add_argument(
        "--expires-in", type=seconds, metavar="TIME", help="for paths with a !"
    )
    _identity(parser)


def _rm_arguments(parser: ArgumentParser) -> None:
    _place(parser)
    _identity(parser)


NOUNS: dict[str, Verbs] = {
    "doc": {
        "ls": Verb("the documents of a workspace", _ls, _ls_arguments),
        "get": Verb("a document's content, as it is", _get, _get_arguments),
        "set": Verb("write a document", _set, _set_arguments),
        "rm": Verb("write an empty document in its place", _rm, _rm_arguments),
        "history": Verb("each author's document at a path", _history, _place),
    }
}
