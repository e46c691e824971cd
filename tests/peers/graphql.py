"""earthstar-graphql as a process on loopback, and what a person asks it.

`real_graphql` is the real 3.0.0, the only release that npm has; it speaks es.3. What
came after it, with es.4, is played by an answerer with the real earthstar 5.7.6 inside
(graphql_es4.js): `es4_graphql`.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from esd.formats import Document
from esd.formats.document import encode
from tests.peers.installed import FOLDER, HOW, TREE, PeersMissing
from tests.peers.processes import NodeProgram, node_server
from tests.plain_http import plain_http

PATIENCE = 60.0  # seconds
PROGRAMS = ("earthstar-graphql", "apollo-server")
EVERYTHING = {"pathPrefixes": [""], "versionsByAuthors": []}
"""Without filters 3.0.0 wants nothing."""

_FIELDS = {
    "ES3Document": "value",
    "ES4Document": "content contentHash deleteAfter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphql:
    """A server that answers. `type` is what its schema calls a document."""

    port: int
    program: NodeProgram
    type: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, text: str, **variables: object) -> Any:
        """The data of its answer, which must hold no error."""
        async with plain_http(PATIENCE) as http:
            answer = await http.post(
                self.url, json={"query": text, "variables": variables}
            )
        said = answer.json()
        assert answer.status_code == 200, said
        assert "errors" not in said, said
        return said["data"]

    async def put(self, workspace: str, documents: Sequence[Document]) -> None:
        """Have it ingest documents, as another client would."""
        text = (
            "mutation($w:String!,$d:[DocumentInput!]!)"
            "{ingestDocuments(workspace:$w,documents:$d){__typename}}"
        )
        given = [json.loads(encode(document)) for document in documents]
        await self.ask(text, w=workspace, d=given)

    async def heads(self, workspace: str) -> Mapping[str, Mapping[str, Any]] | None:
        """All heads by path, as the real client asks for them; None: no workspace."""
        deleted = "(includeDeleted:true)" if self.type == "ES4Document" else ""
        text = (
            f"query($w:String!){{workspace(address:$w){{documents{deleted}"
            f"{{...on {self.type}{{path signature timestamp {_FIELDS[self.type]}"
            " author{address}}}}}"
        )
        told = (await self.ask(text, w=workspace))["workspace"]
        return told and {one["path"]: one for one in told["documents"]}


def check_graphql() -> None:
    """Raise PeersMissing where it is not installed."""
    absent = [name for name in PROGRAMS if not (TREE / name).is_dir()]
    if absent:
        raise PeersMissing(f"not installed: {', '.join(absent)}; {HOW}")


@asynccontextmanager
async def real_graphql(
    *workspaces: str,
    wants: Mapping[str, Sequence[str]] | None = EVERYTHING,
    hosts: bool = True,
    folder: Path | None = None,
) -> AsyncIterator[Graphql]:
    """The real 3.0.0, in memory unless it is given a folder for its SQLite files."""
    options = {"workspaces": workspaces, "syncFilters": wants, "hosts": hosts}
    if folder is not None:
        options["folder"] = str(folder)
    async with _graphql("graphql.js", "ES3Document", options) as server:
        yield server


@asynccontextmanager
async def es4_graphql(
    *workspaces: str,
    wants: Mapping[str, Sequence[str]] | None = None,
    hosts: bool = True,
    old: bool = False,
    introspection: bool = True,
) -> AsyncIterator[Graphql]:
    """The answerer for 4.1 to 6.1; with *old* for 4.0."""
    options = {"workspaces": workspaces, "syncFilters": wants, "hosts": hosts}
    options |= {"old": old, "introspection": introspection}
    async with _graphql("graphql_es4.js", "ES4Document", options) as server:
        yield server


@asynccontextmanager
async def _graphql(
    program: str, kind: str, options: Mapping[str, object]
) -> AsyncIterator[Graphql]:
    check_graphql()
    arguments = [str(FOLDER / program), msgspec.json.encode(options).decode()]
    async with node_server(arguments) as (process, port):
        yield Graphql(port=port, program=process, type=kind)
