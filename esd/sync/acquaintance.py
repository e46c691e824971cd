"""What we know of one peer that may speak ours, kept from run to run.

Most of what precedes a conversation never changes: what the peer speaks, its salt, that
it knows a workspace, its replication queries. It is asked once and kept in memory, so
that a run with nothing new is one request. Whatever of it is out of date is told by the
answer to that request (404, 409), and asked again.

Only what the peer speaks outlives a restart. Once it has spoken ours, it is never again
spoken to as a plain pub, whose URLs name the workspace, before an operator says so:
otherwise whoever can cut our requests could make us show the address.
"""

import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from esd.errors import EsdError, PeerMisbehaved
from esd.formats import Halves, encode_base32
from esd.formats.wire_ids import proof, wire_id
from esd.replica import Replica
from esd.store import KnownProtocol
from esd.sync.client import Client
from esd.sync.exchange import Answer
from esd.sync.hello import HELLO, PREFIX, Hello, read_hello
from esd.sync.refusals import check_ours, halves_in
from esd.sync.settings import Protocol

__all__ = ["Acquaintance", "PeerDowngraded"]

ASK_AGAIN = 86_400_000_000  # µs; a pub that became an esd is found out within a day
IDS_AT_ONCE = 64
NONCE = 32  # bytes
MOST_QUERIES = 256 << 10  # bytes: three lists of as many as a list may hold
JSON = {"Content-Type": "application/json"}


class PeerDowngraded(EsdError):
    """It spoke earthstar-sync once, and now answers as if it never had."""

    def __init__(self) -> None:
        super().__init__("it spoke earthstar-sync before, and now does not")


class _Proofs(msgspec.Struct):
    proofs: tuple[str, ...]


async def _nowhere(_known: KnownProtocol) -> None:
    """For those who need not remember."""


@dataclass(slots=True)
class Acquaintance:
    """`protocol` is what is written down; the rest is forgotten at a restart.

    `shared`: the name at the peer of each workspace that it proved to know, by local
    id. `queries`: its own halves for them.
    """

    url: str = field(repr=False)
    protocol: KnownProtocol | None = None
    write: Callable[[KnownProtocol], Awaitable[None]] = _nowhere
    hello: Hello | None = None
    greeted: int = 0  # the status of the last answer to that question
    greeted_at: int = 0  # wall clock, µs
    shared: dict[str, str] = field(default_factory=dict)
    queries: dict[str, Halves] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.protocol is not None and self.protocol.place != self._place:
            self.protocol = None  # another url: nothing is known of who answers there

    @property
    def _place(self) -> bytes:
        return hashlib.sha256(self.url.encode()).digest()[:16]

    def anew(self) -> "Acquaintance":
        """As if we had never met."""
        return Acquaintance(self.url, write=self.write)

    def doubt_hello(self) -> None:
        """It said otherwise since: ask again, and keep what follows from the salt."""
        self.greeted_at = 0

    @property
    def spoke_ours(self) -> bool:
        known = self.protocol
        return known is not None and known.protocol == Protocol.ESD

    @property
    def found(self) -> Protocol | None:
        """What it speaks, as far as was found out before."""
        return None if self.protocol is None else Protocol(self.protocol.protocol)

    def lately(self, now: int) -> Protocol | None:
        """The same, where that need not be asked again yet."""
        known = self.protocol
        if known is None or not 0 <= now - known.asked_at < ASK_AGAIN:
            return None
        return self.found

    async def note(self, protocol: Protocol, now: int) -> None:
        """Durable when this returns: before any workspace is named to it."""
        known = KnownProtocol(self._place, protocol.value, now)
        await self.write(known)
        self.protocol = known

    async def greet(self, client: Client, now: int = 0) -> bool:
        """Ask who it is; False: it does not know our protocol.

        A pub then answers 404, and a GraphQL server 400.
        """
        answer = await client.fetch("GET", HELLO)
        self.greeted = answer.status
        if answer.status in (400, 404):
            return False
        check_ours(answer)
        hello = read_hello(answer.body)
        if self.hello is None or hello.salt != self.hello.salt:
            self.shared.clear()
            self.queries.clear()
        self.hello, self.greeted_at = hello, now
        return True

    async def meet(self, client: Client, replicas: Sequence[Replica]) -> None:
        """Find out which of these workspaces the peer knows too.

        It learns nothing of those it does not know, and none counts as shared before it
        has proved for this very question that it knows the address.
        """
        unmet = [one for one in replicas if one.local_id not in self.shared]
        for start in range(0, len(unmet), IDS_AT_ONCE):
            await self._meet_some(client, unmet[start : start + IDS_AT_ONCE])

    async def have_hosted(self, client: Client, replica: Replica) -> None:
        """Have the peer host the workspace: the one time its address is told."""
        asked = {"workspace": replica.address.text}
        answer = await client.fetch(
            "POST", PREFIX + "workspaces/new", JSON, msgspec.json.encode(asked)
        )
        if answer.status not in (403, 404):  # it has changed its mind
            check_ours(answer)

    async def learn_halves(self, client: Client, replica: Replica) -> Halves:
        """What the peer wants of a shared workspace, and what it gives."""
        if replica.local_id not in self.queries:
            headers = {"Earthstar-Workspace": self.shared[replica.local_id]}
            answer = await client.fetch(
                "GET", PREFIX + "query", headers, most=MOST_QUERIES
            )
            check_ours(answer)
            try:
                told = msgspec.json.decode(answer.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
                raise PeerMisbehaved("its queries cannot be read") from exc
            self.queries[replica.local_id] = halves_in(told)
        return self.queries[replica.local_id]

    async def _meet_some(self, client: Client, replicas: Sequence[Replica]) -> None:
        assert self.hello is not None
        salt, host, nonce = self.hello.salt_bytes, client.authority, os.urandom(NONCE)
        ids, proofs = {}, {}
        for replica in replicas:
            key = await replica.make_wire_key()
            ids[replica.local_id] = wire_id(key, salt, host)
            proofs[replica.local_id] = proof(key, salt, host, nonce)
        asked = {"nonce": encode_base32(nonce), "ids": list(ids.values())}
        body = msgspec.json.encode(asked)
        answer = await client.fetch("POST", PREFIX + "workspaces", JSON, body)
        told = _proofs_of(answer)
        for local_id, wire in ids.items():
            if proofs[local_id] in told:
                self.shared[local_id] = wire


def _proofs_of(answer: Answer) -> frozenset[str]:
    check_ours(answer)
    try:
        return frozenset(msgspec.json.decode(answer.body, type=_Proofs).proofs)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PeerMisbehaved("its answer about workspaces cannot be read") from exc
