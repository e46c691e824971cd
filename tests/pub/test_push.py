"""Being written to: what a push is answered, and what of it is kept."""

import msgspec
import pytest

from esd.formats import WorkspaceAddress, encode
from esd.pub import PUSHED
from tests.pub.serving import (
    as_body,
)
from tests.replica.signed import documents
from tests.replicas import MATT, NOW, SECOND, a_document

ELSEWHERE = WorkspaceAddress.parse("+canary.other5k")
JSON = "application/json; charset=utf-8"


def tampered(document):
    return msgspec.structs.replace(document, content="not what was signed")


def invalid(count):
    return [tampered(document) for document in documents(count, prefix="/invalid")]


async def test_a_push_is_counted_and_kept(pub):
    answer = await pub.post(documents(20))
    assert (answer.status, answer.counts) == (200, (20, 0, 20))
    assert answer.headers.get("content-type") == JSON
    assert (await pub.get()).body == as_body(documents(20))


async def test_a_push_of_what_is_known_is_ignored(pub):
    await pub.post(documents(20))
    answer = await pub.post(documents(20))
    assert (answer.status, answer.counts) == (200, (0, 20, 20))


async def test_a_push_is_nobodys_we_know(pub):
    await pub.post(documents(1))
    (replica,) = pub.replicas
    (arrival,) = replica.reader.arrivals(0, NOW)
    assert arrival.origin == PUSHED


@pytest.mark.parametrize(
    "document",
    [
        tampered(a_document("/b")),
        a_document("/b", at=NOW + 11 * 60 * SECOND),
        a_document("/!b", at=NOW - 2, until=NOW - 1),
        a_document("/b", to=ELSEWHERE),
        a_document("/~" + MATT.address),
        a_document("/a", "older", at=NOW - 1),
    ],
    ids=["tampered", "future", "expired", "elsewhere", "forbidden", "older"],
)
async def test_each_document_stands_alone(document, pub):
    answer = await pub.post([a_document("/a"), document, a_document("/c")])
    assert (answer.status, answer.counts, pub.count) == (200, (2, 1, 3), 2)


async def test_one_invalid_document_among_a_thousand_good_ones(pub):
    good = documents(1000)
    answer = await pub.post([*good[:500], *invalid(1), *good[500:]])
    assert (answer.status, answer.counts) == (200, (1000, 1, 1001))


@pytest.mark.parametrize(
    "element",
    [
        b"1",
        b'"x"',
        b"{}",
        b"[]",
        b"null",
        b"true",
        b'{"format":"es.9"}',
        b'{"format":"__proto__"}',
        b'{"format":"es.4"}',
        b'{"x":' + b"9" * 5000 + b"}",
        b"9" * 5000,
        b'{"_deep":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"format":"es.4","content":"\\ud800"}',
        b'{"format":"es.4","timestamp":1e400}',
    ],
    ids=lambda element: element[:20].decode(),
)
async def test_an_element_that_is_no_document_costs_only_itself(element, pub):
    good = encode(a_document())
    more = encode(a_document("/b"))
    answer = await pub.post(b"[" + b",".join([good, element, more]) + b"]")
    assert (answer.status, answer.counts, pub.count) == (200, (2, 1, 3), 2)


async def test_a_document_with_half_a_character_is_taken_and_mended(pub):
    mended = a_document(content="half: \ufffd")
    sent = encode(mended).replace("\ufffd".encode(), b"\\ud83d")
    answer = await pub.post(b"[" + sent + b"]")
    assert answer.counts == (1, 0, 1)
    assert (await pub.get()).body == as_body([mended])


async def test_an_integer_may_be_spelled_as_a_double_and_is_sent_on_as_one(pub):
    sent = encode(a_document(at=1_700_000_000_000_000))
    spelled = sent.replace(b"1700000000000000", b"1.7e15")
    assert (await pub.post(b"[" + spelled + b"]")).counts == (1, 0, 1)
    assert (await pub.get()).body == b"[" + sent + b"]"


async def test_private_fields_are_dropped(pub):
    sent = encode(a_document())
    private = sent.replace(b'{"format"', b'{"_localIndex":7,"format"')
    assert (await pub.post(b"[" + private + b"]")).counts == (1, 0, 1)
    assert (await pub.get()).body == b"[" + sent + b"]"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b"NaN",
        b'"a string"',
        b"{}",
        b'{"documents":[]}',
        b"[",
        b"[NaN]",
        b"[Infinity]",
        b"[undefined]",
        b"[,]",
        b"[] []",
        b"<html></html>",
        b"\xff\xfe[\0]\0",
        b"[" * 10_000,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
async def test_what_is_no_list_is_refused_as_a_list_of_nothing(body, pub):
    answer = await pub.post(body)
    assert (answer.status, answer.json["numIngested"]) == (400, 0)
    assert (answer.json["numTotal"], pub.count) == (answer.json["numIgnored"], 0)


@pytest.mark.parametrize("tail", [b"", b",oops]", b",NaN]", b"]]", b',{"a":'])
async def test_what_stood_before_a_fault_is_kept_and_counted(tail, pub):
    answer = await pub.post(as_body(documents(30))[:-1] + tail)
    assert (answer.status, answer.counts, pub.count) == (400, (30, 0, 30), 30)


async def test_a_future_document_is_taken_when_its_time_has_come(pub):
    soon = a_document(at=NOW + 3600 * SECOND)
    assert (await pub.post([soon])).counts == (0, 1, 1)
    pub.now += 3600 * SECOND
    assert (await pub.post([soon])).counts == (1, 0, 1)
