"""esdctl identity: the authors that this esd can sign for.

Their secrets go in and do not come out; only `new --reveal` shows the new one, once.
"""

import json
from argparse import ArgumentParser

from esd.ctl.call import Call, Verb, Verbs
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts
from esd.ctl.given import secret_from
from esd.ctl.table import Table

__all__ = ["NOUNS"]


def _list(call: Call) -> ExitCode:
    answer = call.daemon.get("identities")
    if call.out.as_json:
        call.out.json(answer, "identities")
        return ExitCode.OK
    table = Table(("IDENTITY", "ADDRESS", "CREATED"))
    for one in answer.parts("identities"):
        created = call.out.times.tell(one.moment("created"), "")
        table.add(one.text("name"), one.text("address"), created)
    if table.rows:
        call.out.table(table)
    else:
        call.out.say("No identities. Make one: esdctl identity new suzy")
    return ExitCode.OK


def _new(call: Call) -> ExitCode:
    asked: dict[str, object] = {"shortname": call.option("shortname")}
    if call.option("reveal"):
        asked["reveal"] = True
    return _added(call, ("identities",), asked, "made")


def _import(call: Call) -> ExitCode:
    around = call.around
    given = secret_from(
        call.option("keypair"), around.stdin, around.prompt, "the key pair (JSON)"
    )
    return _added(call, ("identities", "import"), _keypair(given), "imported")


def _keypair(text: str) -> dict[str, object]:
    """As `esd keygen` prints it; never repeat what was given."""
    try:
        keypair = Facts(json.loads(text))
    except ValueError:
        keypair = Facts()
    if not (keypair.text("address") and keypair.text("secret")):
        message = "this is not a key pair"
        hint = 'it is JSON as esd keygen prints it: {"address": …, "secret": …}'
        raise CannotDo(message, hint=hint)
    return {name: keypair.text(name) for name in ("address", "secret")}


def _added(
    call: Call, where: tuple[str, ...], body: dict[str, object], told: str
) -> ExitCode:
    if name := call.option("name"):
        body["name"] = name
    one = call.daemon.post(*where, body=body)
    if call.out.as_json:
        call.out.json(one)
        return ExitCode.OK
    call.out.say(f"{one.text('name')} {told}: {one.text('address')}")
    if "secret" in one:
        call.out.line(f"secret: {one.text('secret')}")
    return ExitCode.OK


def _remove(call: Call) -> ExitCode:
    name = call.option("identity")
    answer = call.daemon.delete("identities", name)
    if call.out.as_json:
        call.out.json(answer)
    else:
        call.out.say(f"{name} removed; what it signed stays")
    return ExitCode.OK


def _name(parser: ArgumentParser) -> None:
    parser.add_argument("--name", help="what to call it here; default: its shortname")


def _new_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shortname", help="four characters, such as suzy")
    parser.add_argument(
        "--reveal", action="store_true", help="show the secret now, to keep a copy"
    )
    _name(parser)


def _import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "keypair",
        nargs="?",
        metavar="-|@FILE",
        help="where the key pair is read: stdin or a file; else you are asked",
    )
    _name(parser)


def _remove_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("identity", help="its name here")


NOUNS: dict[str, Verbs] = {
    "identity": {
        "list": Verb("the authors that this esd can sign for", _list),
        "new": Verb("make a key pair and keep it", _new, _new_arguments),
        "import": Verb("keep a key pair made elsewhere", _import, _import_arguments),
        "remove": Verb("forget its secret for good", _remove, _remove_arguments),
    }
}
