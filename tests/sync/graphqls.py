"""An earthstar-graphql in memory, as an httpx transport: for faults and moods.

It knows no GraphQL: it tells the few questions that we ask by their words, and answers
them as the real one does (tests/peers holds us against that one), heads in its order
and with Express' ETag. Documents are of whatever format they are put in with.
"""

import base64
import gzip
import hashlib
import json
import re

import httpx
import msgspec

from esd.formats import FORMATS, Es3Document, decode_base32, encode
from esd.formats.encoding import encode_base58
from esd.formats.es3 import document_hash
from esd.formats.keys import sign
from tests.replicas import GARDEN, NOW, SUZY
from tests.sync.pubs import reply

ES4, ES4_OLD, ES3 = 3, 2, 1
FIELDS = {"es.4": ("content", "contentHash", "deleteAfter"), "es.3": ("value",)}


def an_es3_document(path="/a", value="hello", *, by=SUZY, at=NOW, to=GARDEN):
    """A signed document of es.3; authors are the same keys, otherwise written."""
    name, key = by.address.split(".")
    document = Es3Document(
        workspace=to.text,
        path=path,
        content=value,
        author=f"{name}.{encode_base58(decode_base32(key))}",
        timestamp=at,
        signature="",
    )
    signature = decode_base32(sign(by, document_hash(document).hex().encode()))
    return msgspec.structs.replace(document, signature=encode_base58(signature))


def refusal(code="GRAPHQL_VALIDATION_FAILED", status=400):
    said = {"errors": [{"message": f"{GARDEN.text}!", "extensions": {"code": code}}]}
    return reply(status, json.dumps(said).encode())


class GraphqlWire(httpx.AsyncBaseTransport):
    """`seen` lists (method, kind of question, status). The moods are attributes.

    `wants` is (pathPrefixes, versionsByAuthors).
    """

    def __init__(self, *documents, schema=ES4, exists=True):
        self.schema = schema
        self.exists = exists
        self.documents = {}
        self.wants = (None, None)
        self.hosts = True
        self.refuses = set()  # paths
        self.limit = 50 << 20
        self.takes_gzip = True
        self.answer = None  # instead of its own: a function of the kind of question
        self.seen = []
        self.received = 0
        self.bodies = []
        self.put(documents)

    @property
    def format(self):
        return "es.3" if self.schema == ES3 else "es.4"

    def put(self, documents):
        for document in documents:
            self._take(document)

    def _take(self, document):
        key = (document.path, document.author)
        held = self.documents.get(key)
        rank = f"{document.timestamp},{document.signature}"
        if document.path in self.refuses:
            return "Rejected"
        if held is not None and f"{held.timestamp},{held.signature}" >= rank:
            return "Ignored"
        self.documents[key] = document
        return "Accepted"

    def heads(self):
        found = {}
        for (path, _), document in sorted(self.documents.items()):
            order = (document.timestamp, document.signature)
            if path not in found or order > found[path][0]:
                found[path] = (order, document)
        return {path: document for path, (_, document) in found.items()}

    async def handle_async_request(self, request):
        body = await request.aread()
        self.bodies.append(body)
        zipped = request.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(body) if zipped else body
        assert GARDEN.text.encode() not in str(request.headers).encode()
        if request.url.path.startswith("/earthstar-sync/"):
            return reply(400, b"GET query missing.")
        if zipped and not self.takes_gzip:
            kind, response = "?", reply(415)
        else:
            kind, response = self._answered(request, body)
        if response.status_code == 200 and request.method == "GET":
            response = self._unless_known(request, response)
        self.seen.append((request.method, kind, response.status_code))
        return response

    def _answered(self, request, body):
        if len(body) > self.limit:
            return "?", reply(413, b"<html>too large</html>")
        asked = request.url.params if request.method == "GET" else json.loads(body)
        variables = asked.get("variables") or {}
        if isinstance(variables, str):
            variables = json.loads(variables)
        kind = self._kind_of(asked["query"])
        if self.answer is not None and (given := self.answer(kind)) is not None:
            return kind, given
        if not self._understands(asked["query"]):
            return kind, refusal()
        if "w" in variables:
            assert variables["w"] == GARDEN.text
        data = getattr(self, f"_{kind}")(variables)
        said = json.dumps({"data": data}, separators=(",", ":"), ensure_ascii=False)
        return kind, reply(200, said.encode() + b"\n")

    def _kind_of(self, text):
        kinds = ["heads:", "document(", "ingestDocuments", "addWorkspace"]
        kinds += ["syncFilters", "__typename"]
        names = ["list", "fetch", "ingest", "add", "filters", "typename"]
        if "ingestDocuments" in text:
            return "ingest"
        return next(
            name for word, name in zip(kinds, names, strict=True) if word in text
        )

    def _understands(self, text):
        types = set(re.findall(r"ES\dDocument", text))
        own = "ES3Document" if self.schema == ES3 else "ES4Document"
        return types <= {own} and (self.schema == ES4 or "includeDeleted" not in text)

    def _unless_known(self, request, response):
        data = response.stream._stream
        digest = base64.b64encode(hashlib.sha1(data).digest()).decode()[:27]
        etag = f'W/"{len(data):x}-{digest}"'
        if etag in request.headers.get("if-none-match", "").split(", "):
            return reply(304, headers={"ETag": etag})
        self.received += len(data)
        return reply(200, data, {"ETag": etag})

    def _typename(self, variables):
        return {"__typename": "Query"}

    def _filters(self, variables):
        prefixes, authors = self.wants
        return {"syncFilters": {"pathPrefixes": prefixes, "versionsByAuthors": authors}}

    def _list(self, variables):
        heads = list(self.heads().values())
        if "p" in variables:
            by = [one for a in variables["a"] for one in heads if one.author == a]
            at = [
                one for p in variables["p"] for one in heads if one.path.startswith(p)
            ]
            heads = by + at
        listed = [
            {
                "p": one.path,
                "t": one.timestamp,
                "s": one.signature,
                "a": {"a": one.author},
            }
            for one in sorted(heads, key=lambda one: one.timestamp)
        ]
        workspace = {"heads": listed} if self.exists else None
        return self._filters(variables) | {"workspace": workspace}

    def _fetch(self, variables):
        if not self.exists:
            return {"workspace": None}
        return {"workspace": self._at(variables)}

    def _at(self, variables):
        heads = self.heads()
        names = [name for name in variables if re.fullmatch(r"p\d+", name)]
        return {f"d{name[1:]}": _told(heads.get(variables[name])) for name in names}

    def _ingest(self, variables):
        if not self.exists:
            found = {"__typename": "WorkspaceNotFoundError"}
            return {"ingestDocuments": found}
        given = [
            msgspec.convert(one, FORMATS[self.format].document)
            for one in variables["d"]
        ]
        results = [self._take(document) for document in given]
        if self.schema == ES3:
            said = {"__typename": "IngestDocumentsSuccess"}
            return {"ingestDocuments": said | {"workspace": self._at(variables)}}
        judged = [{"__typename": f"{one}DocumentIngestion"} for one in results]
        said = {"__typename": "DocumentIngestionReport", "documents": judged}
        return {"ingestDocuments": said}

    def _add(self, variables):
        added = "WorkspaceAddedResult" if self.hosts else "NotPermittedResult"
        self.exists = self.exists or self.hosts
        return {"addWorkspace": {"__typename": added}}


def _told(document):
    if document is None:
        return None
    fields = json.loads(encode(document))
    del fields["workspace"]
    return fields | {"author": {"address": document.author}}
