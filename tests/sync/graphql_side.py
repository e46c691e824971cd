"""Our side of a GraphQL conversation: what tests drive."""

import trio

from esd.formats import Batch, Halves, parse_queries
from esd.replica import Listing
from esd.sync import Client, Direction, RunLimits
from esd.sync.acquaintance import Acquaintance
from esd.sync.graphql import graphql_sync
from esd.sync.talk import Report, Talk
from tests.replicas import NOW, SECOND

URL = "http://graphql.example"
LATER = NOW + 10 * SECOND
NOTHING_NEW = [("GET", "list", 304)]


async def converse(replica, client, url, now, direction, **over):
    """One conversation over *client*; its report."""
    report = Report()
    settings = {
        "peer": "graphql",
        "url": url,
        "client": client,
        "replica": replica,
        "listing": Listing(replica),
        "direction": direction,
        "now": now,
        "limits": RunLimits(),
        "slots": trio.CapacityLimiter(16),
        "acquaintance": Acquaintance(url),
    }
    await graphql_sync(Talk(**settings | over), report)
    return report


class Side:
    """Our side: a replica and its memory of one server."""

    def __init__(self, replica, wire):
        self.replica = replica
        self.wire = wire
        self.now = LATER

    async def sync(self, direction=Direction.BOTH, *, url=URL, **over):
        self.wire.seen.clear()
        self.wire.bodies.clear()
        async with Client(url, RunLimits(), transport=self.wire) as client:
            return await converse(
                self.replica, client, url, self.now, direction, **over
            )

    async def hold(self, *held):
        await self.replica.ingest(Batch(list(held)), origin="", now=self.now)

    @property
    def count(self):
        return self.replica.reader.totals().count

    def kinds(self):
        return [kind for _, kind, _ in self.wire.seen]

    def paths(self):
        return set(self.replica.reader.paths(self.now))


def halves_of(incoming=None, outgoing=None, refuse=()):
    incoming = [{}] if incoming is None else incoming
    return Halves(
        incoming=parse_queries(incoming),
        outgoing=parse_queries(incoming if outgoing is None else outgoing),
        refuse=parse_queries(list(refuse)),
    )
