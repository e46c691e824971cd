"""A pub without sockets: a request in, an answer out, as a connection would do it."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace

import trio

from esd.errors import PeerMisbehaved
from esd.formats import encode
from esd.pub import Lasting, Pub, PubSettings
from esd.replica import Bounds, Replicas, inline
from esd.store import NodeFile
from esd.web import Body, Headers, Limits, Request
from tests.replicas import GARDEN, NOW

ROOMY = Bounds(free_disk=0)
GARDEN_TEXT = "+canary.garden7q"
SECRET = "canary"  # of every address here: what no header and no log line may show
DOCUMENTS = f"/earthstar-api/v1/{GARDEN_TEXT}/documents"
PATHS = f"/earthstar-api/v1/{GARDEN_TEXT}/paths"
UNKNOWN = "/earthstar-api/v1/+canary.nobody9x/documents"
LOCAL = "127.0.0.1"
REMOTE = "192.0.2.7"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def counts(self):
        """The stats, which must be exactly these three."""
        stats = self.json
        assert list(stats) == ["numIngested", "numIgnored", "numTotal"]
        return tuple(stats.values())


@dataclass
class Serving:
    """A running pub; `now` can be moved."""

    pub: Pub
    replicas: Replicas
    limits: Limits
    now: int = NOW

    async def ask(self, method, target, body=b"", *, remote=LOCAL, **headers):
        """One request with all of its answer; header names with `_` for `-`."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(
            method=method,
            target=target,
            headers=Headers(fields.items()),
            remote=remote,
            body=body_of(body, fields.get("content-encoding", ""), self.limits.body),
        )
        try:
            response = await self.pub.handle(request)
        except PeerMisbehaved as exc:
            response = self.pub.refuse(request, exc.status_hint, exc.reason)
        answer = Answer(
            response.status, Headers(response.headers), await read(response.body)
        )
        assert SECRET not in repr(list(answer.headers))
        return answer

    async def get(self, target=DOCUMENTS, **headers):
        return await self.ask("GET", target, **headers)

    async def post(self, body, target=DOCUMENTS, **headers):
        if not isinstance(body, (bytes, list, tuple)):
            raise TypeError("documents come in a list")
        return await self.ask("POST", target, as_body(body), **headers)

    @property
    def count(self):
        return self.replicas.get(GARDEN).reader.totals().count


def as_body(documents):
    if isinstance(documents, bytes):
        return documents
    return b"[" + b",".join(encode(document) for document in documents) + b"]"


def body_of(data, encoding, limit):
    """A body that arrives in pieces and whose length nobody said."""
    pieces = iter([data[at : at + 50_000] for at in range(0, len(data), 50_000)])

    async def receive():
        await trio.lowlevel.checkpoint()
        return next(pieces, b"")

    return Body(receive, limit=limit, encoding=encoding)


async def read(body):
    if isinstance(body, bytes):
        return body
    return b"".join([piece async for piece in body])


@contextmanager
def serving(
    folder,
    settings=None,
    *,
    workspaces=(GARDEN,),
    bounds=ROOMY,
    run=inline,
    **limits,
):
    """A pub that hosts *workspaces*; the rest is closed unless *settings* open it."""
    node = NodeFile(folder / "node.db")
    (folder / "replicas").mkdir()
    replicas = Replicas(folder / "replicas", node, bounds, run)
    try:
        for address in workspaces:
            replicas.add(address)
        bound = replace(Limits(), **limits)
        settings = settings or PubSettings()
        pub = Pub(replicas, settings, bound, bounds, Lasting(), lambda: served.now)
        served = Serving(pub, replicas, bound)
        yield served
    finally:
        replicas.close()
        node.close()
