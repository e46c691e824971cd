"""Documents in and out, for tools on this machine.

A path stands in a URL as one segment, its slashes as `%2F`: then no client tidies up
its dots, and `%` and `+` in it mean what they say. Writing signs with an identity of
this node. There is no deleting in Earthstar; what is called so here writes an empty
document in place of the last one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from esd.control.asking import Parameters, read_json
from esd.control.document_queries import PARAMETERS, as_page, from_body, from_parameters
from esd.control.document_shapes import (
    DocumentShape,
    PageShape,
    document_shape,
    read_page,
)
from esd.control.document_writes import (
    WriteAsked,
    check_write,
    path_of,
    read_write,
    refused_write,
)
from esd.control.identities import keypair_for
from esd.control.node import Node
from esd.control.refusing import Refusal
from esd.control.workspaces import replica_named
from esd.formats import InvalidDocument
from esd.formats.query import ALL, Query
from esd.replica import Replica
from esd.store import StorageFull
from esd.web import Request, Response, Route, json_response, text

__all__ = ["DocumentsResource"]

ALL_AT_PATH = 1_000  # as many authors at one path


@dataclass(frozen=True, slots=True)
class DocumentsResource:
    node: Node

    def routes(self) -> list[Route]:
        documents = "/v1/workspaces/{workspace}/documents"
        one = f"{documents}/{{path}}"
        return [
            Route("GET", documents, self.find),
            Route("POST", f"{documents}/query", self.find_by_body),
            Route("GET", one, self.show),
            Route("GET", f"{one}/history", self.history),
            Route("PUT", one, self.write),
            Route("DELETE", one, self.delete),
        ]

    async def find(self, request: Request, captured: Mapping[str, str]) -> Response:
        asked = Parameters(request, *PARAMETERS, "contents")
        query = from_parameters(asked)
        return await self._page(captured, query, contents=asked.flag("contents"))

    async def find_by_body(
        self, request: Request, captured: Mapping[str, str]
    ) -> Response:
        contents = Parameters(request, "contents").flag("contents")
        query = from_body(await read_json(request))
        return await self._page(captured, query, contents=contents)

    async def show(self, request: Request, captured: Mapping[str, str]) -> Response:
        """The latest document at a path, or that of one author; `raw`: its content."""
        asked = Parameters(request, "author", "raw")
        raw, author = asked.flag("raw"), asked.text("author")
        found = await self._latest(self._replica(captured), path_of(captured), author)
        if not raw:
            return json_response(200, found)
        assert isinstance(found.content, str)
        return text(200, found.content)

    async def history(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Every author's document at a path, the latest first."""
        contents = Parameters(request, "contents").flag("contents")
        query = Query(history=ALL, path=path_of(captured))
        replica = self._replica(captured)
        page = await self._read(replica, query, ALL_AT_PATH, contents=contents)
        newest = sorted(page.documents, key=lambda shape: -shape.timestamp)
        return json_response(200, msgspec.structs.replace(page, documents=newest))

    async def write(self, request: Request, captured: Mapping[str, str]) -> Response:
        replica, path = self._replica(captured), path_of(captured)
        return await self._write(replica, path, await read_write(request))

    async def delete(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Write an empty document; one that expires goes on to expire when it did."""
        identity = Parameters(request, "identity").text("identity") or None
        replica, path = self._replica(captured), path_of(captured)
        found = await self._latest(replica, path, "")
        asked = WriteAsked(
            content="", identity=identity, delete_after=found.delete_after
        )
        return await self._write(replica, path, asked)

    async def _write(self, replica: Replica, path: str, asked: WriteAsked) -> Response:
        check_write(path, asked)
        keypair = await keypair_for(self.node, asked.identity)
        try:
            document = await replica.write(
                keypair,
                path,
                asked.content,
                now=self.node.now(),
                delete_after=asked.delete_after,
            )
        except InvalidDocument as exc:
            raise refused_write(exc.reason) from exc
        except StorageFull as exc:
            raise Refusal(
                status=507,
                code="storage-full",
                title="There is no room for it",
                detail=str(exc),
                hint="free disk space, or raise the bound in the configuration file",
            ) from exc
        assert document is not None, "a write without a time of its own is the latest"
        return json_response(200, document_shape(document, content=False))

    async def _latest(self, replica: Replica, path: str, author: str) -> DocumentShape:
        query = Query(path=path)
        if author:
            query = Query(history=ALL, path=path, author=author)
        page = await self._read(replica, query, 1, contents=True)
        found = next(iter(page.documents), None)
        if not isinstance(found, DocumentShape):
            raise Refusal(
                status=404,
                code="document-not-found",
                title="There is no document at this path",
                hint="see what there is: esdctl doc ls WORKSPACE",
            )
        return found

    async def _page(
        self, captured: Mapping[str, str], asked: Query, *, contents: bool
    ) -> Response:
        query, most = as_page(asked)
        replica = self._replica(captured)
        page = await self._read(replica, query, most, contents=contents)
        return json_response(200, page)

    async def _read(
        self, replica: Replica, query: Query, most: int, *, contents: bool
    ) -> PageShape:
        """In a thread: a query may have to pass over everything to find nothing."""
        now = self.node.now()
        read = partial(read_page, replica, query, now, most=most, contents=contents)
        return await replica.run(read)

    def _replica(self, captured: Mapping[str, str]) -> Replica:
        return replica_named(self.node, captured["workspace"])
