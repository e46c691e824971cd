"""The real earthstar, unmodified, as a client process (client.js).

A client holds one workspace, in memory or in a SQLite file, for as long as its block
lasts. It does what an app would: write, press the sync button, look at the documents.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.installed import FOLDER, check_sqlite
from tests.peers.processes import NodeProgram, node_dialogue
from tests.peers.pub import Document

NEWEST, OLDEST = RELEASES = ("earthstar-6", "earthstar-5")
"""6.8.5 and 5.7.6, by the names that package.json gives them: es.4."""

WITH_ES3 = ("earthstar-3", "earthstar-2")
"""3.1.1 and 2.0.2, which know nothing but es.3."""


class ClientRefused(Exception):
    """The real program would not do it: its own error, by name and message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A document for a client to sign. Authors go by their four-letter shortname; each
    client makes its own keypair for one at first use."""

    author: str
    path: str
    content: str
    timestamp: int | None = None
    delete_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of the documents that went one way, in the programs' own numbers."""

    ingested: int
    ignored: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """One round of syncLocalAndHttp; a direction that was refused or failed is None."""

    pull: Counted | None
    push: Counted | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """An app's sync button after it was pressed: idle, success, failure, or for ever
    `syncing` (until the page is reloaded), with the error that did it."""

    button: str
    pub: str
    rejected: str | None


class RealClient:
    """A client and its storage; each method returns when the program has done it."""

    def __init__(self, program: NodeProgram, workspace: str) -> None:
        self.workspace = workspace
        self._program = program

    async def write(self, writes: Sequence[Write]) -> None:
        """Sign and keep *writes*, in this order."""
        await self._do("write", documents=[_as_js(write) for write in writes])

    async def ingest(self, documents: Sequence[Document]) -> list[str]:
        """Offer signed *documents*; return what the storage said of each."""
        said: list[str] = await self._do("ingest", documents=documents)
        return said

    async def documents(self) -> list[Document]:
        """Return all documents, history included."""
        documents: list[Document] = await self._do("documents")
        return documents

    async def sync(self, url: str) -> Synced:
        """Pull and push once; raise ClientRefused with what an app would not catch."""
        answer = await self._do("sync", url=url)
        pull, push = _counted(answer["pull"]), _counted(answer["push"])
        return Synced(pull=pull, push=push, seconds=answer["seconds"])

    async def press_sync(self, url: str) -> Pressed:
        """Press the sync button of an app whose only pub is *url*."""
        return Pressed(**await self._do("press", url=url))

    async def follow(self, url: str) -> None:
        """Sync, and from then on live, both ways (RELEASES only)."""
        await self._do("follow", url=url)

    async def expect(self, path: str) -> None:
        """Look out for a document that somebody else writes there."""
        await self._do("expect", path=path)

    async def arrived(self) -> tuple[Document, float]:
        """Wait for the expected document; it, and its seconds from author to here."""
        arrival = await self._do("arrived")
        document = arrival["document"]
        return document, (arrival["at"] - document["timestamp"]) / 1e6

    async def _do(self, command: str, **more: object) -> Any:
        line = json.dumps({"do": command, **more}) + "\n"
        await self._program.tell(line.encode())
        answer = json.loads(await self._program.hear_line())
        if "rejected" in answer:
            raise ClientRefused(answer["rejected"])
        return answer["value"]


def _as_js(write: Write) -> Mapping[str, str | int]:
    """Leave out what is not given: the program then fills in its own."""
    fields = {
        "author": write.author,
        "path": write.path,
        "content": write.content,
        "timestamp": write.timestamp,
        "deleteAfter": write.delete_after,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _counted(stats: Mapping[str, int] | None) -> Counted | None:
    if stats is None:
        return None
    return Counted(
        ingested=stats["numIngested"],
        ignored=stats["numIgnored"],
        total=stats["numTotal"],
    )


@asynccontextmanager
async def real_client(
    workspace: str, *, release: str = NEWEST, sqlite_file: Path | None = None
) -> AsyncIterator[RealClient]:
    """Run a client of *workspace*, in memory unless it is given a file."""
    arguments = [str(FOLDER / "client.js"), release, workspace]
    if sqlite_file is not None:
        check_sqlite()
        arguments.append(str(sqlite_file))
    async with node_dialogue(arguments) as program:
        yield RealClient(program, workspace)
