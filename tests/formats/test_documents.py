"""Documents as values: JSON, rank, rejection, and what they must not show."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esd.formats import (
    InvalidDocument,
    InvalidKeypair,
    Reason,
    WorkspaceAddress,
    check,
    decode_base32,
    decode_one,
    encode,
    encode_base32,
    keypair_from_seed,
    new_document,
    rank,
    shorten_signature,
    sign_document,
)
from esd.formats.tolerant import NotJson, read_document

SUZY = keypair_from_seed("suzy", bytes(32))
MATT = keypair_from_seed("matt", bytes(range(32)))
GARDENING = WorkspaceAddress("+gardening.friends")
NOW = 1617235200000000


def a_document(content="hello", **over):
    fields = {"path": "/wiki/bee", "timestamp": NOW} | over
    return new_document(SUZY, workspace=GARDENING, content=content, **fields)


@settings(deadline=None)
@given(st.text())
def test_any_content_is_written_as_json_and_read_back(content):
    doc = a_document(content)
    written = encode(doc)
    assert decode_one(written) == doc
    fields = json.loads(written)
    expected = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    assert written == expected.encode()
    check(doc, GARDENING, NOW)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(categories=["Cs", "Ll"])))
def test_lone_surrogates_do_not_survive(content):
    doc = a_document(content)
    assert decode_one(encode(doc)) == doc
    check(doc, GARDENING, NOW)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
def test_the_fast_reader_takes_nothing_that_the_exact_one_reads_otherwise(
    place, damage, removed
):
    text = encode(a_document('"quoted" \\ \u00e9'))
    place %= len(text)
    damaged = text[:place] + damage + text[place + removed :]
    assert outcome(decode_one, damaged) == outcome(read_document, damaged)


def outcome(read, text):
    try:
        return read(text)
    except InvalidDocument as exc:
        return exc.reason
    except NotJson:
        return Reason.MALFORMED


def test_a_document_shows_neither_address_nor_content():
    assert repr(a_document()) == "<es.4 document>"


def test_ranks_compare_as_text():
    early = a_document(timestamp=20_000_000_000_000)
    late = a_document(timestamp=1_600_000_000_000_000)
    assert rank(early) > rank(late)
    assert rank(late) == f"1600000000000000,{late.signature}"


def test_only_the_future_passes():
    assert [reason for reason in Reason if reason.passes] == [Reason.FUTURE]


def test_reasons_are_written_in_kebab_case():
    assert all(str(reason).replace("-", "").islower() for reason in Reason)


TEN_MINUTES = 600_000_000
MOMENTS = {
    "ten-minutes-ahead": ({"timestamp": NOW + TEN_MINUTES}, None),
    "further-ahead": ({"timestamp": NOW + TEN_MINUTES + 1}, Reason.FUTURE),
    "milliseconds": ({"timestamp": NOW // 1000}, Reason.TIMESTAMP),
    "too-large": ({"timestamp": 2**53}, Reason.TIMESTAMP),
    "alive": ({"timestamp": NOW - 1, "delete_after": NOW}, None),
    "expired": ({"timestamp": NOW - 2, "delete_after": NOW - 1}, Reason.EXPIRED),
    "no-span": ({"timestamp": NOW, "delete_after": NOW}, Reason.TIMESTAMP),
    "huge-span": ({"delete_after": 2**53}, Reason.TIMESTAMP),
}


@pytest.mark.parametrize("name", list(MOMENTS))
def test_validity_depends_on_the_moment(name):
    over, reason = MOMENTS[name]
    path = "/!bee" if "delete_after" in over else "/bee"
    doc = a_document(path=path, **over)
    if reason is None:
        check(doc, GARDENING, NOW)
        return
    with pytest.raises(InvalidDocument) as refusal:
        check(doc, GARDENING, NOW)
    assert refusal.value.reason is reason


def test_a_document_of_another_workspace_is_refused():
    with pytest.raises(InvalidDocument) as refusal:
        check(a_document(), WorkspaceAddress("+gardening.enemies"), NOW)
    assert refusal.value.reason is Reason.WORKSPACE
    assert "gardening" not in str(refusal.value)


def test_nobody_signs_for_another():
    with pytest.raises(InvalidKeypair):
        sign_document(MATT, a_document())


def lengthened(doc, extra):
    signature = encode_base32(decode_base32(doc.signature) + extra)
    return decode_one(encode(doc).replace(doc.signature.encode(), signature.encode()))


@pytest.mark.parametrize("extra", [b"\0", b"x" * 32, bytes(64)])
def test_a_lengthened_signature_is_refused_until_it_is_shortened(extra):
    doc = a_document()
    longer = lengthened(doc, extra)
    with pytest.raises(InvalidDocument) as refusal:
        check(longer, GARDENING, NOW)
    assert refusal.value.reason is Reason.SIGNATURE
    assert shorten_signature(longer) == doc


def test_a_good_signature_is_left_alone():
    doc = a_document()
    assert shorten_signature(doc) is doc


def test_what_is_no_signature_is_left_alone():
    doc = decode_one(encode(a_document()).replace(b'"signature":"b', b'"signature":"x'))
    assert shorten_signature(doc) is doc
