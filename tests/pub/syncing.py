"""A pub that speaks our own protocol, without sockets, and what its callers say."""

import json
from contextlib import contextmanager

from esd.formats import document_hash, encode, encode_base32
from esd.formats.wire_ids import wire_id
from esd.pub import PubSettings, SyncLimits
from esd.replica import inline
from esd.web import Body, Headers, Request
from tests.formats import wire_id_vectors
from tests.pub.serving import GARDEN_TEXT, ROOMY, serving
from tests.replicas import GARDEN

PREFIX = "/earthstar-sync/v1/"
HOST = "pub.example"
SALT = bytes(range(32))
NEGENTROPY = "application/vnd.negentropy"

# Making one takes a tenth of a second.
KEY = next(
    bytes.fromhex(case["key"])
    for case in json.loads(wire_id_vectors.FILE.read_text())["cases"]
    if case["address"] == GARDEN_TEXT
)
GARDEN_ID = wire_id(KEY, SALT, HOST)


class Caller:
    """Asks a pub, by its configured name unless a test says another."""

    def __init__(self, served, **headers):
        self.served = served
        self.headers = {"host": HOST, **headers}

    @property
    def replica(self):
        return self.served.replicas.get(GARDEN)

    async def ask(self, method, name, body=b"", **headers):
        fields = {**self.headers, **headers}
        fields = {name: value for name, value in fields.items() if value is not None}
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.served.ask(method, PREFIX + name, body, **fields)

    async def about(self, method, name, body=b"", **headers):
        """A question about the garden."""
        return await self.ask(
            method, name, body, **{"earthstar_workspace": GARDEN_ID, **headers}
        )

    async def post(self, name, body=b"{}", **headers):
        return await self.about("POST", name, body, **headers)

    async def push(self, documents, **headers):
        lines = b"".join(encode(document) + b"\n" for document in documents)
        return await self.post("documents", lines, **headers)

    async def reconcile(self, message, asked=None, **headers):
        line = json.dumps(asked or {}).encode() + b"\n"
        kind = {"content_type": NEGENTROPY, **headers}
        return await self.post("reconcile", line + message, **kind)

    async def response(self, name, body=b"", remote="127.0.0.1"):
        """The response itself, its body still to be taken."""
        headers = Headers([("host", HOST), ("earthstar-workspace", GARDEN_ID)])
        request = Request(
            method="POST",
            target=PREFIX + name,
            headers=headers,
            remote=remote,
            body=Body.whole(body),
        )
        return await self.served.pub.handle(request)

    async def hold(self, documents):
        answer = await self.push(documents)
        assert answer.json["results"] == "a" * len(documents)


@contextmanager
def syncing(folder, *, bounds=ROOMY, sync=None, limits=None, run=inline, **settings):
    """A caller of a pub that hosts the garden and has its key."""
    known = {"salt": SALT, "names": (HOST,), "sync": sync or SyncLimits(), **settings}
    with serving(
        folder, PubSettings(**known), bounds=bounds, run=run, **(limits or {})
    ) as served:
        served.replicas.get(GARDEN).file.set_wire_key(KEY)
        yield Caller(served)


def code_of(answer):
    """The code of a problem, which must be one."""
    assert answer.headers.get("content-type") == "application/problem+json"
    told = answer.json
    assert told["status"] == answer.status
    return told["code"]


def hash_of(document):
    return encode_base32(document_hash(document))


def lines_in(answer):
    """The lines of an answer that are no end, and what the end says is next."""
    assert answer.status == 200
    assert answer.headers.get("content-type") == "application/x-ndjson"
    assert answer.body.endswith(b"\n")
    *lines, end = answer.body.splitlines()
    end = json.loads(end)
    assert end.keys() == {"end", "next"}
    assert end["end"] is True
    return [json.loads(line) for line in lines], end["next"]
