"""The same bytes to a real pub and to us, and what can be made of the answers.

Requests are sent as they stand, by no HTTP client that would tidy them.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import h11
import trio

from tests.daemons import a_config, start_daemon
from tests.peers.real import real_client, real_pub
from tests.peers.test_harness import some_writes

GARDEN = "+garden.sidebyside"
NEW = "+fresh.sidebyside"
API = "/earthstar-api/v1"
DOCUMENTS = f"{API}/{GARDEN}/documents"
PATHS = f"{API}/{GARDEN}/paths"
JSON = {"Content-Type": "application/json"}

TELLING = (
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "vary",
    "content-type",
    "content-encoding",
    "location",
)
WEAK_TAG = re.compile(r'W/"[^"]+"')


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Mapping[str, str]:
        told = {name: self.headers[name] for name in TELLING if name in self.headers}
        if "etag" in self.headers:
            weak = WEAK_TAG.fullmatch(self.headers["etag"])
            told["etag"] = "is weak" if weak else "is strong"
        return told

    @property
    def content(self) -> object:
        """What a client can make of the body."""
        kind = self.headers.get("content-type", "")
        if not kind.startswith("application/json") or not self.body:
            return self.body.decode() if kind.startswith("text/plain") else kind
        value = json.loads(self.body)
        if isinstance(value, list):
            return sorted(json.dumps(one, sort_keys=True) for one in value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str = "GET"
    target: str = DOCUMENTS
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def asks_for_a_list(self) -> bool:
        return self.method in ("GET", "HEAD")


def post(body: bytes, **headers: str) -> Asked:
    """A push; headers by their names with underscores, on top of the usual type."""
    more = {name.replace("_", "-"): text for name, text in headers.items()}
    return Asked(method="POST", headers=JSON | more, body=body)


def counts(ignored: int = 0, *, ingested: int = 0) -> Mapping[str, int]:
    return {
        "numIngested": ingested,
        "numIgnored": ignored,
        "numTotal": ingested + ignored,
    }


@dataclass(frozen=True, slots=True)
class Beside:
    """A real pub and ours, which hold the same."""

    ports: tuple[int, int]

    async def ask(self, asked: Asked) -> tuple[Answer, Answer]:
        """The real pub's answer and ours."""
        theirs, ours = [await send(port, asked) for port in self.ports]
        return theirs, ours


async def send(port: int, asked: Asked) -> Answer:
    fields = {"Host": "pub.example", "Connection": "close", **asked.headers}
    if asked.method == "POST":
        fields.setdefault("Content-Length", str(len(asked.body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    request = f"{asked.method} {asked.target} HTTP/1.1\r\n{head}\r\n".encode()
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request + asked.body)
        received = [piece async for piece in stream]
    return parsed(asked.method, b"".join(received))


def parsed(method: str, received: bytes) -> Answer:
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(received)
    parser.receive_data(b"")
    head = parser.next_event()
    assert isinstance(head, h11.Response)
    body = bytearray()
    while isinstance(event := parser.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    headers = {name.decode(): value.decode() for name, value in head.headers}
    return Answer(head.status_code, headers, bytes(body))


@asynccontextmanager
async def beside(
    nursery: trio.Nursery,
    state: Path,
    *,
    filled: bool = True,
    closed: bool = False,
    readonly: bool = False,
) -> AsyncIterator[Beside]:
    """Start both, with the documents of one real client, or with none."""
    creates = not (closed or readonly)
    config = a_config(state, creates=creates, readonly=readonly)
    esd = await start_daemon(nursery, config)
    async with (
        real_pub(closed=closed, readonly=readonly) as pub,
        real_client(GARDEN) as client,
    ):
        if filled:
            await client.write(some_writes())
            for url in (pub.url, esd.url):
                assert (await client.sync(url)).push is not None
        yield Beside((pub.port, esd.port))
