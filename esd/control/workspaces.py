"""The workspaces: by local id or alias, because an address is a key.

An address comes in only inside a body, and goes out only to whoever asks for it in so
many words (`?reveal=1`): not in lists by accident, in a screenshot or in a bug report.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from esd.control.asking import Asked, Parameters, read_body
from esd.control.node import Conflict, Node
from esd.control.peer_shapes import shares, standing_of
from esd.control.refusing import as_refusal, invalid, missing
from esd.formats import InvalidAddress, Queries, WorkspaceAddress
from esd.replica import Replica
from esd.web import Request, Response, Route, json_response

__all__ = ["WorkspaceShape", "WorkspacesResource", "replica_named", "workspace_shape"]

AUTHORS_TOLD = 1_000  # addresses of 59 characters; more are counted only

_ALIAS = re.compile(r"(?!ws-)[a-z0-9][a-z0-9_-]{0,39}")
GRAMMAR = "must be a short name of a-z, 0-9, _ and -, and not begin with ws-"


class WorkspaceShape(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    alias: str | None
    documents: int
    bytes: int
    peers: Sequence[str]
    address: str | msgspec.UnsetType = msgspec.UNSET


class StandingShape(msgspec.Struct, frozen=True, kw_only=True):
    """`standing` is null where the last run did not tell."""

    peer: str
    standing: str | None


class QueriesShape(msgspec.Struct, frozen=True, kw_only=True):
    """Which documents move; `digest` is by what peers know these queries."""

    incoming: Queries
    outgoing: Queries
    refuse: Queries
    digest: str


class WholeShape(WorkspaceShape, frozen=True, kw_only=True):
    """What one looks at alone; counting authors takes a pass over the documents.

    `anonymous`: whether callers have it who do not show a peer's key.
    """

    authors: Sequence[str]
    author_count: int
    standings: Sequence[StandingShape]
    queries: QueriesShape
    anonymous: bool


class AddAsked(Asked, frozen=True, kw_only=True):
    address: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class WorkspacesResource:
    node: Node

    def routes(self) -> list[Route]:
        one = "/v1/workspaces/{workspace}"
        return [
            Route("GET", "/v1/workspaces", self.show_all),
            Route("POST", "/v1/workspaces", self.add),
            Route("GET", one, self.show),
            Route("DELETE", one, self.remove),
        ]

    async def show_all(
        self, request: Request, _captured: Mapping[str, str]
    ) -> Response:
        reveal = Parameters(request, "reveal").flag("reveal")
        shapes = [
            workspace_shape(self.node, replica, reveal=reveal)
            for replica in self.node.replicas
        ]
        return json_response(200, {"workspaces": shapes})

    async def show(self, request: Request, captured: Mapping[str, str]) -> Response:
        reveal = Parameters(request, "reveal").flag("reveal")
        replica = replica_named(self.node, captured["workspace"])
        authors = await replica.run(partial(_authors, replica, self.node.now()))
        return json_response(200, self._whole(replica, authors, reveal=reveal))

    async def add(self, request: Request, _captured: Mapping[str, str]) -> Response:
        """Keep a replica of it from now on. One that we keep is left as it is."""
        Parameters(request)
        asked = await read_body(request, AddAsked)
        address = _address(asked.address)
        if asked.alias is not None and _ALIAS.fullmatch(asked.alias) is None:
            raise invalid("$.alias", GRAMMAR)
        known = self.node.replicas.get(address)
        if known is not None and asked.alias in (None, known.alias):
            return self._answer(200, known, changed=False)
        try:
            replica = await self.node.add_workspace(address, asked.alias)
        except Conflict as exc:
            raise as_refusal(exc) from exc
        return self._answer(201, replica, changed=True)

    async def remove(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Stop keeping it: its file is put aside, or with `purge` deleted."""
        purge = Parameters(request, "purge").flag("purge")
        replica = replica_named(self.node, captured["workspace"])
        shape = workspace_shape(self.node, replica)
        try:
            await self.node.remove_workspace(replica, purge=purge)
        except Conflict as exc:
            raise as_refusal(exc) from exc
        shown = {"changed": True, "purged": purge, "workspace": shape}
        return json_response(200, shown)

    def _answer(self, status: int, replica: Replica, *, changed: bool) -> Response:
        shape = workspace_shape(self.node, replica)
        return json_response(status, {"changed": changed, "workspace": shape})

    def _whole(
        self, replica: Replica, authors: Sequence[str], *, reveal: bool
    ) -> WholeShape:
        brief = workspace_shape(self.node, replica, reveal=reveal)
        return WholeShape(
            id=brief.id,
            alias=brief.alias,
            documents=brief.documents,
            bytes=brief.bytes,
            peers=brief.peers,
            address=brief.address,
            authors=authors[:AUTHORS_TOLD],
            author_count=len(authors),
            standings=_standings(self.node, replica),
            queries=_queries(replica),
            anonymous=replica.anonymous,
        )


def replica_named(node: Node, name: str, *, path: str = "") -> Replica:
    """The replica of that local id or alias, or the refusal that tells the names."""
    replica = node.replicas.find(name)
    if replica is None:
        names = [one.alias or one.local_id for one in node.replicas]
        raise missing("workspace", names, asked=name, path=path)
    return replica


def workspace_shape(
    node: Node, replica: Replica, *, reveal: bool = False
) -> WorkspaceShape:
    totals = replica.reader.totals()
    peers = [peer for peer in node.peers if shares(peer, replica)]
    return WorkspaceShape(
        id=replica.local_id,
        alias=replica.alias,
        documents=totals.count,
        bytes=totals.size,
        peers=[peer.settings.name for peer in peers],
        address=replica.address.text if reveal else msgspec.UNSET,
    )


def _standings(node: Node, replica: Replica) -> list[StandingShape]:
    return [
        StandingShape(
            peer=peer.settings.name, standing=standing_of(peer, replica.local_id)
        )
        for peer in node.peers
        if shares(peer, replica)
    ]


def _queries(replica: Replica) -> QueriesShape:
    halves = replica.halves
    return QueriesShape(
        incoming=halves.incoming,
        outgoing=halves.outgoing,
        refuse=halves.refuse,
        digest=halves.digest,
    )


def _authors(replica: Replica, now: int) -> list[str]:
    """A pass over everything: in a thread, with a reader of its own."""
    with replica.file.scanning() as reader:
        return reader.authors(now)


def _address(text: str) -> WorkspaceAddress:
    try:
        return WorkspaceAddress.parse(text)
    except InvalidAddress as exc:
        raise invalid("$.address", str(exc)) from None
