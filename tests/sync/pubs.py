"""A pub in memory, as an httpx transport: for faults and moods no real one has.

It answers as earthstar-pub 6 does (tests/peers holds esd against the real one): one
list in order of path and author with Express' ETag, pushes taken one by one.
"""

import base64
import gzip
import hashlib
import json

import httpx

from esd.formats import encode
from esd.formats.batches import BatchDecoder

LIST = "/documents"


def reply(status, body=b"", headers=None):
    """A response whose body is still to be read, as one from a socket is."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


class PubWire(httpx.AsyncBaseTransport):
    """`seen` lists (method, status) of all requests. The moods are plain attributes."""

    def __init__(self, *documents, exists=True):
        self.exists = exists
        self.documents = {}
        self.seen = []
        self.bodies = []
        self.limit = 10 << 20
        self.readonly = False
        self.closed = False
        self.takes_gzip = True
        self.refuses = set()  # paths
        self.knows = {"es.3", "es.4"}  # formats
        self.answer = None  # instead of its own: a function of the request
        self.put(documents)

    def put(self, documents):
        taken = 0
        for document in documents:
            key = (document.path, document.author)
            held = self.documents.get(key)
            rank = f"{document.timestamp},{document.signature}"
            if document.path in self.refuses or document.format not in self.knows:
                continue
            if held is None or f"{held.timestamp},{held.signature}" < rank:
                self.documents[key] = document
                taken += 1
        return taken

    async def handle_async_request(self, request):
        body = await request.aread()
        probed = request.url.path in ("", "/") and request.method == "POST"
        if probed or request.url.path.startswith("/earthstar-sync/"):
            return reply(404, b"<html>Cannot GET</html>")  # as Express; not counted
        self.bodies.append(body)
        assert b"garden7q" not in str(request.headers).encode()
        response = self.answer(request) if self.answer else self._answer(request, body)
        self.seen.append((request.method, response.status_code))
        return response

    def _answer(self, request, body):
        if request.method == "GET":
            return self._list(request) if self.exists else reply(404)
        return self._push(request, body)

    def list_bytes(self):
        ordered = [self.documents[key] for key in sorted(self.documents)]
        return b"[" + b",".join(encode(document) for document in ordered) + b"]"

    def etag(self):
        data = self.list_bytes()
        digest = base64.b64encode(hashlib.sha1(data).digest()).decode()[:27]
        return f'W/"{len(data):x}-{digest}"'

    def _list(self, request):
        named = request.headers.get("if-none-match", "").split(", ")
        if self.etag() in named:
            return reply(304, headers={"ETag": self.etag()})
        return reply(200, self.list_bytes(), {"ETag": self.etag()})

    def _push(self, request, body):
        if request.headers.get("content-encoding") == "gzip":
            if not self.takes_gzip:
                return reply(415)
            body = gzip.decompress(body)
        if len(body) > self.limit:
            return reply(413, b"<html>too large</html>")
        if self.readonly:
            return reply(403, b"Forbidden")
        if not self.exists and self.closed:
            return reply(404, b"Not Found")
        self.exists = True
        decoder = BatchDecoder()
        documents = decoder.feed(body).documents + decoder.close().documents
        taken = self.put(documents)
        counts = {"numIngested": taken, "numIgnored": len(documents) - taken}
        counts["numTotal"] = len(documents)
        return reply(200, json.dumps(counts).encode())
