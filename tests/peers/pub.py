"""The real earthstar-pub 6.0.5, unmodified, as a process on loopback.

After its block it has forgotten everything, unless it keeps SQLite files in a folder of
the test's own. So a closed pub that knows a workspace is an open one, filled and ended,
and begun again as closed over the same folder.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.peers.installed import TREE, check_sqlite
from tests.peers.processes import NodeProgram, node_server
from tests.plain_http import plain_http

PROGRAM = TREE / "earthstar-pub" / "build" / "cli.js"
PATIENCE = 300.0  # seconds; into SQLite it takes 12 for ten thousand documents

JSON = {"content-type": "application/json"}

Document = Mapping[str, Any]
"""A signed document as the programs print it: its shape is theirs, not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealPub:
    """A pub that answers requests; *folder* holds its SQLite files, if it has any."""

    port: int
    folder: Path | None
    program: NodeProgram

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def documents_url(self, workspace: str) -> str:
        return f"{self.url}/earthstar-api/v1/{workspace}/documents"

    async def documents(self, workspace: str) -> list[Document] | None:
        """Return all documents with history; None if it knows no such workspace."""
        answer = await _request("GET", self.documents_url(workspace))
        return None if answer.status_code == 404 else answer.json()

    async def push(
        self, workspace: str, documents: Sequence[Document]
    ) -> httpx.Response:
        """Post *documents* as they are, and return its answer, whatever that is."""
        body = json.dumps(documents).encode()
        url = self.documents_url(workspace)
        return await _request("POST", url, content=body, headers=JSON)


async def _request(method: str, url: str, **more: Any) -> httpx.Response:
    async with plain_http(PATIENCE) as http:
        return await http.request(method, url, **more)


@asynccontextmanager
async def real_pub(
    *,
    sqlite: bool = False,
    closed: bool = False,
    readonly: bool = False,
    folder: Path | None = None,
    port: int = 0,
) -> AsyncIterator[RealPub]:
    """Run an earthstar-pub, which answers requests when the block begins.

    With *sqlite* its files are in *folder*, or in one that is gone after the block.
    """
    with _data_folder(folder, sqlite=sqlite) as data:
        arguments = [str(PROGRAM), "--port", str(port)]
        arguments += ["--closed"] * closed + ["--readonly"] * readonly
        if data is not None:
            arguments += ["--sqlite", "--dataFolder", str(data)]
        async with node_server(arguments) as (program, bound):
            pub = RealPub(port=bound, folder=data, program=program)
            await _request("GET", pub.url)
            yield pub


@contextmanager
def _data_folder(folder: Path | None, *, sqlite: bool) -> Iterator[Path | None]:
    if not sqlite:
        yield None
        return
    check_sqlite()
    if folder is not None:
        yield folder
        return
    with TemporaryDirectory(prefix="esd-pub-") as temporary:
        yield Path(temporary)
