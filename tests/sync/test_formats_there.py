"""Which formats a pub takes is found out, and the others are not sent to it."""

import gzip

import msgspec
import pytest

from esd.sync.formats_there import AGAIN
from tests.replicas import a_document, a_replica, an_es3_document
from tests.sync.pubs import PubWire
from tests.sync.test_easy import Side


def es3_documents(count):
    return [an_es3_document(f"/three/{n}") for n in range(count)]


def es4_documents(count):
    return [a_document(f"/four/{n}") for n in range(count)]


def pushed(wire):
    """The formats of each body."""
    return [
        {one["format"] for one in msgspec.json.decode(gunzipped(body))}
        for body in wire.bodies
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
    assert pushed(wire) == []


async def test_a_pub_of_today_takes_both_and_is_tried_with_little_first(side, wire):
    await side.hold(*es3_documents(20), *es4_documents(300))
    report = await side.sync()
    assert (report.taken, report.waiting) == (320, 0)
    assert all(len(formats) == 1 for formats in pushed(wire))
    assert len(wire.bodies[-1]) > len(wire.bodies[1])


async def test_what_its_list_holds_it_takes(side, wire):
    wire.put(es4_documents(1))
    await side.hold(*es4_documents(300))
    await side.sync()
    assert len(pushed(wire)) == 1  # not tried with little first


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
