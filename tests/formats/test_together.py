"""Many at once: the same as one by one, and what is wrong with one harms no other."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.formats import (
    InvalidDocument,
    InvalidEncoding,
    Reason,
    WorkspaceAddress,
    check,
    check_all,
    decode_base32,
    decode_one,
    encode_base32,
    es4,
)
from esd.formats.encoding import AT_ONCE, decode_each, encode_hash, encode_hashes
from tests.formats.vectors import cases, load, text_of

GROUPS = [
    "a-valid-documents",
    "b-mutated-documents",
    "es3/a-valid-documents",
    "es3/b-mutated-documents",
]
SIZES = st.sampled_from([1, 5, 32, 33, 64])
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
ODD = "AB019_+- \n\0é\U0001d4b3\ud800"  # what Python's int() would take is among them


def alone(text, size):
    try:
        data = decode_base32(text)
    except InvalidEncoding:
        return None
    return data if len(data) == size else None


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=2 * AT_ONCE + 1))
def test_hashes_are_written_as_each_alone(digests):
    texts = encode_hashes(digests)
    assert [decode_base32(text.decode()) for text in texts] == digests
    assert texts == [encode_hash(digest) for digest in digests]


@given(SIZES, st.data())
def test_valid_texts_are_read_as_each_alone(size, data):
    values = data.draw(st.lists(st.binary(min_size=size, max_size=size)))
    assert decode_each([encode_base32(value) for value in values], size) == values


@given(SIZES, st.data())
def test_a_changed_letter_costs_only_its_text(size, data):
    length = len(encode_base32(bytes(size)))
    text = st.binary(min_size=size, max_size=size).map(encode_base32)
    texts = data.draw(st.lists(text, min_size=1, max_size=9))
    which = data.draw(st.integers(0, len(texts) - 1))
    place = data.draw(st.sampled_from([0, length // 2, length - 1]))
    letter = data.draw(st.sampled_from(LETTERS + ODD))
    old = texts[which]
    texts[which] = old[:place] + letter + old[place + 1 :]
    assert decode_each(texts, size) == [alone(text, size) for text in texts]


@given(SIZES, st.lists(st.text(LETTERS, max_size=120), max_size=9))
def test_any_letters_are_read_as_each_alone(size, texts):
    assert decode_each(texts, size) == [alone(text, size) for text in texts]


@pytest.mark.parametrize("size", [32, 64])
def test_a_text_cannot_lend_its_letters_to_the_next(size):
    good = encode_base32(bytes(range(size)))
    texts = [good + good[:8], good[8:], good]
    assert decode_each(texts, size) == [None, None, bytes(range(size))]


def readable(group):
    for case in cases(group):
        if "expand" in case:  # large, and slow
            continue
        with suppress(InvalidDocument):
            yield decode_one(text_of(case))


def judged(doc, workspace, now):
    try:
        return check(doc, workspace, now)
    except InvalidDocument as exc:
        return exc.reason


@pytest.mark.parametrize("group", GROUPS[::2])
def test_documents_are_judged_as_each_alone(group):
    """Of both formats, good ones and bad ones in turn."""
    docs = [doc for each in GROUPS for doc in readable(each)]
    workspace = WorkspaceAddress(next(readable(group)).workspace)
    now = load(group)["now"]
    together = check_all(docs, workspace, now)
    assert together == [judged(doc, workspace, now) for doc in docs]
    assert {type(one) for one in together} == {bytes, Reason}


def test_no_signature_is_looked_at_where_the_content_is_another():
    case = cases("a-valid-documents")[0]
    doc = msgspec.structs.replace(decode_one(text_of(case)), signature="")
    both = [doc, msgspec.structs.replace(doc, content=doc.content + "!")]
    found = es4.check_all(both, case["now"])
    assert found == [Reason.SIGNATURE, Reason.CONTENT_HASH]


def test_a_hash_that_no_bytes_stand_for_is_a_wrong_one():
    case = cases("a-valid-documents")[0]
    doc = decode_one(text_of(case))
    odd = msgspec.structs.replace(doc, content_hash="b\ud800" + doc.content_hash[2:])
    workspace, now = WorkspaceAddress(doc.workspace), load("a-valid-documents")["now"]
    found = check_all([odd, doc], workspace, now)
    assert found == [Reason.CONTENT_HASH, check(doc, workspace, now)]
