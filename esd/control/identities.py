"""The authors this node can sign for.

Their addresses are public, their secrets never leave this node but once: in the answer
to whoever makes a new one and asks for it in so many words. A secret comes in only in a
body, and no answer repeats it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from esd.control.asking import Asked, Parameters, read_body
from esd.control.node import Node
from esd.control.refusing import Refusal, invalid, missing
from esd.control.times import as_time
from esd.formats import (
    InvalidKeypair,
    Keypair,
    check_keypair,
    is_author_address,
    new_keypair,
)
from esd.store import Identity
from esd.web import Request, Response, Route, json_response

__all__ = ["IdentitiesResource", "keypair_for"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
GRAMMAR = "must be a short name of a-z, 0-9, _ and -"


class IdentityShape(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is there only in the answer to whoever asked to see a new one."""

    name: str
    address: str
    created: str
    secret: str | msgspec.UnsetType = msgspec.UNSET


class NewAsked(Asked, frozen=True, kw_only=True):
    """`name` is the shortname where it is left out."""

    shortname: str
    name: str | None = None
    reveal: bool = False


class ImportAsked(Asked, frozen=True, kw_only=True):
    address: str
    secret: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class IdentitiesResource:
    node: Node

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v1/identities", self.show_all),
            Route("POST", "/v1/identities", self.new),
            Route("POST", "/v1/identities/import", self.take_in),
            Route("DELETE", "/v1/identities/{identity}", self.remove),
        ]

    async def show_all(self, request: Request, _: Mapping[str, str]) -> Response:
        Parameters(request)
        found = await self.node.replicas.run(self.node.identities.list)
        return json_response(200, {"identities": [_shape(one) for one in found]})

    async def new(self, request: Request, _captured: Mapping[str, str]) -> Response:
        Parameters(request)
        asked = await read_body(request, NewAsked)
        try:
            keypair = new_keypair(asked.shortname)
        except InvalidKeypair as exc:
            raise invalid("$.shortname", str(exc)) from None
        shape = await self._add(asked.name or asked.shortname, keypair)
        if asked.reveal:
            shape = msgspec.structs.replace(shape, secret=keypair.secret)
        return json_response(201, shape)

    async def take_in(self, request: Request, _captured: Mapping[str, str]) -> Response:
        """Import a key pair, such as `esd keygen` or earthstar-cli made."""
        Parameters(request)
        asked = await read_body(request, ImportAsked)
        if not is_author_address(asked.address):
            raise invalid("$.address", "must be an author's address, as in @suzy.b…")
        keypair = Keypair(asked.address, asked.secret)
        try:
            check_keypair(keypair)
        except InvalidKeypair as exc:
            raise invalid("$.secret", str(exc), code="invalid-keypair") from None
        name = asked.name or asked.address[1:].partition(".")[0]
        return json_response(201, await self._add(name, keypair))

    async def remove(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Forget a key pair for good. Its documents stay."""
        Parameters(request)
        name = captured["identity"]
        known = await self.node.replicas.run(self.node.identities.list)
        found = next((one for one in known if name in (one.name, one.address)), None)
        if found is None:
            raise missing("identity", [one.name for one in known], asked=name)
        await self.node.replicas.run(partial(self.node.identities.remove, found.name))
        return json_response(200, {"changed": True, "identity": _shape(found)})

    async def _add(self, name: str, keypair: Keypair) -> IdentityShape:
        if _NAME.fullmatch(name) is None:
            raise invalid("$.name", GRAMMAR)
        now = self.node.now()
        add = partial(self.node.identities.add, name, keypair, now)
        if not await self.node.replicas.run(add):
            raise Refusal(
                status=409,
                code="name-taken",
                title="There is an identity of that name",
                hint="give the new one another name, or remove the old one first",
            )
        return _shape(Identity(name, keypair.address, now))


async def keypair_for(node: Node, name: str | None) -> Keypair:
    """The key pair to sign with; where nobody is named, the only one there is."""
    known = await node.replicas.run(node.identities.list)
    if name is None:
        if len(known) != 1:
            told = ", ".join([one.name for one in known])
            hint = f"say who signs; there is: {told or 'nobody yet'}"
            raise invalid("$.identity", "is missing", hint=hint)
        name = known[0].name
    keypair = await node.replicas.run(partial(node.identities.get, name))
    if keypair is None:
        raise missing("identity", [one.name for one in known], asked=name)
    return keypair


def _shape(identity: Identity) -> IdentityShape:
    return IdentityShape(
        name=identity.name,
        address=identity.address,
        created=as_time(identity.created),
    )
