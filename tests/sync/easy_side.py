"""Our side of an easy conversation: what tests drive."""

import trio

from esd.formats import Batch
from esd.replica import Listing
from esd.sync import Client, Direction, RunLimits
from esd.sync.acquaintance import Acquaintance
from esd.sync.easy import easy_sync
from esd.sync.talk import Report, Talk
from tests.replicas import NOW, SECOND

URL = "http://pub.example"
LATER = NOW + 10 * SECOND


class Side:
    """Our side: a replica and its memory of one pub."""

    def __init__(self, replica, wire):
        self.replica = replica
        self.wire = wire
        self.listing = Listing(replica)
        self.now = LATER

    def talk(self, client=None, direction=Direction.BOTH, *, url=URL, asked=False):
        return Talk(
            peer="pub",
            url=url,
            client=client,
            replica=self.replica,
            listing=self.listing,
            direction=direction,
            now=self.now,
            limits=RunLimits(),
            slots=trio.CapacityLimiter(16),
            acquaintance=Acquaintance(url),
            asked=asked,
        )

    async def sync(self, direction=Direction.BOTH, *, url=URL, asked=False):
        report = Report()
        self.wire.seen.clear()
        self.wire.bodies.clear()
        async with Client(url, RunLimits(), transport=self.wire) as client:
            await easy_sync(self.talk(client, direction, url=url, asked=asked), report)
        return report

    async def hold(self, *documents):
        await self.replica.ingest(Batch(list(documents)), origin="", now=self.now)

    @property
    def count(self):
        return self.replica.reader.totals().count
