"""The batch decoder, case by case: odd elements, odd spellings, malformed bodies."""

from collections import Counter

import pytest

from esd.formats import BatchDecoder, InvalidDocument, Reason, decode_one, encode
from esd.formats.batches import MAX_NESTED, PIECE
from tests.formats.bodies import (
    BODY,
    DOCS,
    ODD_ELEMENTS,
    ODD_SPELLINGS,
    TEXTS,
    TIMESTAMP,
    a_document,
    array,
    cut,
    decode,
)


@pytest.mark.parametrize("size", [len(BODY), 1 << 16, 5000, 700, 64])
def test_a_thousand_documents_however_they_are_cut(size):
    assert decode(cut(BODY, size)) == (DOCS, Counter(), True)


def test_a_hundred_documents_byte_by_byte():
    assert decode(cut(array(*TEXTS[:100]), 1)) == (DOCS[:100], Counter(), True)


@pytest.mark.parametrize("body", [b"[]", b" [ ] ", b"\xef\xbb\xbf[]", b"\n[\t]\r"])
def test_an_empty_array_is_no_documents(body):
    assert decode([body]) == ([], Counter(), True)
    assert decode(cut(body, 1)) == ([], Counter(), True)


@pytest.mark.parametrize("size", [1 << 20, 333, 1])
@pytest.mark.parametrize("name", list(ODD_ELEMENTS))
def test_an_element_that_is_no_document_costs_only_itself(name, size):
    element, reason = ODD_ELEMENTS[name]
    body = array(TEXTS[1], element, TEXTS[2])
    assert decode(cut(body, size)) == (DOCS[1:3], Counter([reason]), True)


@pytest.mark.parametrize("size", [1 << 20, 333, 1])
@pytest.mark.parametrize("name", list(ODD_SPELLINGS))
def test_an_odd_spelling_is_the_same_document(name, size):
    body = array(TEXTS[1], ODD_SPELLINGS[name], TEXTS[2])
    assert decode(cut(body, size)) == ([DOCS[1], DOCS[0], DOCS[2]], Counter(), True)


ODD_CONTENTS = {
    "lone-high": (rb"a\ud800b", "a\ufffdb"),
    "lone-low": (rb"\uDFFF", "\ufffd"),
    "two-wrong-way-round": (rb"\udc00\ud800", "\ufffd\ufffd"),
    "high-then-pair": (rb"\ud800\ud83c\udf0d", "\ufffd\U0001f30d"),
    "pair": (rb"\ud83c\udf0d", "\U0001f30d"),
    "pair-and-lone": (rb"\ud83c\udf0d\ud83c", "\U0001f30d\ufffd"),
    "escaped-backslash": (rb"\\ud800", r"\ud800"),
    "backslash-and-lone": (rb"\\\ud800", "\\\ufffd"),
    "lone-after-escape": (rb"\n\ud800\n", "\n\ufffd\n"),
    "not-utf8": (b"a\xffb\xed\xa0\x80", "a\ufffdb\ufffd\ufffd\ufffd"),
    "nul": (rb"\u0000", "\x00"),
}


@pytest.mark.parametrize("size", [1 << 20, 1])
@pytest.mark.parametrize("name", list(ODD_CONTENTS))
def test_what_is_not_unicode_is_replaced(name, size):
    spelled, content = ODD_CONTENTS[name]
    text = encode(a_document(5, "hello")).replace(b'"hello"', b'"' + spelled + b'"')
    documents, rejected, well = decode(cut(array(TEXTS[1], text, TEXTS[2]), size))
    assert [doc.content for doc in documents][1:2] == [content]
    assert (len(documents), rejected, well) == (3, Counter(), True)


def test_one_bad_document_among_a_thousand_good_ones():
    body = array(*TEXTS[:500], b"[null]", *TEXTS[500:])
    assert decode([body]) == (DOCS, Counter([Reason.MALFORMED]), True)


MALFORMED = {
    "empty": b"",
    "space": b"  \n",
    "byte-order-mark": b"\xef\xbb\xbf",
    "half-a-byte-order-mark": b"\xef\xbb",
    "two-byte-order-marks": b"\xef\xbb\xbf\xef\xbb\xbf[]",
    "object": b"{}",
    "null": b"null",
    "text": b"hello",
    "html": b"<html>[]</html>",
    "cut-short": BODY[:-1],
    "cut-in-an-element": BODY[:-100],
    "cut-in-a-number": b"[12",
    "only-opened": b"[",
    "leading-comma": b"[,1]",
    "trailing-comma": b"[1,]",
    "two-commas": b"[1,,2]",
    "no-comma": b"[1 2]",
    "no-comma-between-documents": b"[" + TEXTS[0] + TEXTS[1] + b"]",
    "trailing-bracket": b"[]]",
    "trailing-text": BODY + b"x",
    "trailing-array": BODY + BODY,
    "trailing-nul": BODY + b"\x00",
    "nan": array(b"NaN"),
    "nan-in-a-document": array(TEXTS[0].replace(TIMESTAMP, b":NaN"), TEXTS[1]),
    "infinity-in-a-document": array(TEXTS[0].replace(TIMESTAMP, b":-Infinity")),
    "leading-zero": array(b"01"),
    "single-quotes": array(b"{'a':1}"),
    "wrong-brackets": array(b"{]"),
    "bare-brace": b"[}]",
    "bad-escape": array(TEXTS[0].replace(b"/wiki", rb"\x/wiki")),
    "raw-newline": array(TEXTS[0].replace(b"/wiki", b"\n/wiki")),
    "form-feed": b"[\x0c]",
    "bad-in-a-private-field": array(TEXTS[0][:-1] + b',"_x":[1,]}'),
    "bad-deep-inside": array(
        TEXTS[0][:-1] + b',"_x":' + b"[" * 500 + b"1 2" + b"]" * 500 + b"}"
    ),
    "utf16": "[]".encode("utf-16"),
}


@pytest.mark.parametrize("name", list(MALFORMED))
def test_a_body_that_is_no_array_is_malformed(name):
    body = MALFORMED[name]
    documents, rejected, well = decode([body])
    assert not well
    assert decode(cut(body, 1000)) == (documents, rejected, False)
    if len(body) < 5000:
        assert decode(cut(body, 1)) == (documents, rejected, False)


def test_what_stood_before_the_fault_is_handed_out():
    documents, _, well = decode([BODY[:-1] + b",oops]"])
    assert (documents, well) == (DOCS, False)


def test_a_batch_counts_all_its_elements():
    batch = BatchDecoder().feed(array(TEXTS[0], b"null", b"{}") + b" " * PIECE)
    assert (batch.total, len(batch.documents)) == (3, 1)


def test_one_document_may_hold_only_so_much_inside():
    """Looking through millions of small lists would take a minute."""
    text = b'{"format":"es.4","_a":[' + b"[]," * MAX_NESTED + b"[]]}"
    with pytest.raises(InvalidDocument) as caught:
        decode_one(text)
    assert caught.value.reason is Reason.MALFORMED
