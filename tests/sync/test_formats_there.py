"""Which formats a pub takes is found out, and the others are not sent to it."""

import gzip

import msgspec
import pytest
import trio

from esd.formats import Batch
from esd.replica import Listing
from esd.sync import Client, Direction, RunLimits
from esd.sync.acquaintance import Acquaintance
from esd.sync.easy import easy_sync
from esd.sync.formats_there import AGAIN
from esd.sync.talk import Report, Talk
from tests.replicas import NOW, a_document, a_replica, an_es3_document
from tests.sync.pubs import PubWire

URL = "http://pub.example"


def es3_documents(count):
    return [an_es3_document(f"/three/{n}") for n in range(count)]


def es4_documents(count):
    return [a_document(f"/four/{n}") for n in range(count)]


class Side:
    def __init__(self, replica, wire):
        self.replica, self.wire, self.now = replica, wire, NOW
        self.listing = Listing(replica)

    async def sync(self):
        report = Report()
        self.wire.seen.clear()
        self.wire.bodies.clear()
        async with Client(URL, RunLimits(), transport=self.wire) as client:
            talk = Talk(
                peer="pub",
                url=URL,
                client=client,
                replica=self.replica,
                listing=self.listing,
                direction=Direction.BOTH,
                now=self.now,
                limits=RunLimits(),
                slots=trio.CapacityLimiter(16),
                acquaintance=Acquaintance(URL),
            )
            await easy_sync(talk, report)
        return report

    async def hold(self, *documents):
        tally = await self.replica.ingest(Batch(list(documents)), origin="", now=NOW)
        assert tally.accepted == len(documents)

    def pushed(self):
        """The formats of each body."""
        return [
            {one["format"] for one in msgspec.json.decode(gunzipped(body))}
            for body in self.wire.bodies
            if body
        ]


def gunzipped(body):
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


@pytest.fixture
def wire():
    return PubWire()


@pytest.fixture
async def side(tmp_path, wire):
    with a_replica(tmp_path) as replica:
        yield Side(replica, wire)


async def test_a_pub_of_version_2_gets_es3_only(side, wire):
    wire.knows = {"es.3"}
    await side.hold(*es3_documents(20), *es4_documents(50))
    report = await side.sync()
    assert (report.taken, report.sent) == (20, 20)
    assert report.waiting > 0
    assert {document.format for document in wire.documents.values()} == {"es.3"}
    await side.sync()
    report = await side.sync()
    assert wire.seen == [("GET", 304)]
    assert report.sent == 0


async def test_what_is_written_later_is_not_sent_either(side, wire):
    wire.knows = {"es.3"}
    await side.hold(*es3_documents(3), *es4_documents(3))
    await side.sync()
    await side.hold(a_document("/four/new"))
    await side.sync()
    assert side.pushed() == []


async def test_a_pub_of_today_takes_both_and_is_tried_with_little_first(side, wire):
    await side.hold(*es3_documents(20), *es4_documents(300))
    report = await side.sync()
    assert (report.taken, report.waiting) == (320, 0)
    assert all(len(formats) == 1 for formats in side.pushed())
    assert len(wire.bodies[-1]) > len(wire.bodies[1])


async def test_what_its_list_holds_it_takes(side, wire):
    wire.put(es4_documents(1))
    await side.hold(*es4_documents(300))
    await side.sync()
    assert len(side.pushed()) == 1  # not tried with little first


async def test_a_pub_that_was_updated_is_found_out_after_some_days(side, wire):
    wire.knows = {"es.3"}
    await side.hold(*es3_documents(3), *es4_documents(3))
    await side.sync()
    wire.knows = {"es.3", "es.4"}
    await side.sync()
    assert len(wire.documents) == 3
    side.now += AGAIN + 1
    await side.sync()
    assert len(wire.documents) == 6
