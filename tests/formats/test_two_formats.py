"""Documents of both formats beside each other: in one body, workspace and order."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esd.formats import (
    FORMATS,
    Es3Document,
    Es4Document,
    InvalidDocument,
    Reason,
    WorkspaceAddress,
    check,
    decode_one,
    encode,
    es3,
    keypair_from_seed,
    may_write,
    new_document,
    rank,
    shorten_signature,
)
from esd.formats.addresses import is_es3_author, is_es3_workspace, is_workspace_address
from esd.formats.paths import is_es3_path
from esd.formats.tolerant import read_document
from tests.formats.bodies import DOCS, TEXTS, array, cut, decode
from tests.formats.test_documents import outcome
from tests.formats.vectors import cases, document_of, load, text_of

GROUP = "es3/a-valid-documents"
NOW = load(GROUP)["now"]
OLD = [document_of(case) for case in cases(GROUP) if "expand" not in case]
OLD_TEXTS = [text_of(case) for case in cases(GROUP) if "expand" not in case]
FIRST, FIRST_TEXT = OLD[0], OLD_TEXTS[0]
TIME = b":1595750399000000"


def test_each_format_is_found_by_its_name():
    documents = {name: found.document for name, found in FORMATS.items()}
    assert documents == {"es.4": Es4Document, "es.3": Es3Document}


@pytest.mark.parametrize("size", [1 << 20, 5000, 64, 1])
def test_one_body_holds_both(size):
    documents = [doc for pair in zip(DOCS, OLD, strict=False) for doc in pair]
    texts = [text for pair in zip(TEXTS, OLD_TEXTS, strict=False) for text in pair]
    assert decode(cut(array(*texts), size)) == (documents, Counter(), True)


def changed(**over):
    return json.dumps(json.loads(FIRST_TEXT) | over).encode()


ODD = {
    "half": (FIRST_TEXT.replace(TIME, TIME + b".5"), Reason.TIMESTAMP),
    "infinity": (FIRST_TEXT.replace(TIME, b":1e400"), Reason.TIMESTAMP),
    "text": (changed(timestamp="1595750399000000"), Reason.FIELDS),
    "no-time": (changed(timestamp=None), Reason.FIELDS),
    "private-field": (changed(_localIndex=1), Reason.FIELDS),
    "private-list": (changed(_x=[[{}]]), Reason.FIELDS),
    "content": (FIRST_TEXT.replace(b'"value"', b'"content"'), Reason.FIELDS),
    "called-es4": (changed(format="es.4"), Reason.FIELDS),
    "es4-called-es3": (TEXTS[0].replace(b"es.4", b"es.3"), Reason.FIELDS),
    "no-format": (FIRST_TEXT.replace(b'"format":"es.3",', b""), Reason.FORMAT),
}


@pytest.mark.parametrize("size", [1 << 20, 1])
@pytest.mark.parametrize("name", list(ODD))
def test_an_odd_one_costs_only_itself(name, size):
    element, reason = ODD[name]
    body = array(TEXTS[0], FIRST_TEXT, element, OLD_TEXTS[1])
    expected = ([DOCS[0], FIRST, OLD[1]], Counter([reason]), True)
    assert decode(cut(body, size)) == expected


@settings(deadline=None)
@given(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
def test_the_fast_reader_takes_nothing_that_the_exact_one_reads_otherwise(
    place, damage, removed
):
    place %= len(FIRST_TEXT)
    damaged = FIRST_TEXT[:place] + damage + FIRST_TEXT[place + removed :]
    assert outcome(decode_one, damaged) == outcome(read_document, damaged)


def test_both_answer_to_the_same_attributes():
    assert (FIRST.format, FIRST.content) == ("es.3", "They dance.")
    assert FIRST.delete_after is None
    assert FIRST.content_hash in es3.hash_text(FIRST)
    assert repr(FIRST) == "<es.3 document>"
    assert decode_one(encode(FIRST)) == FIRST


def test_a_good_signature_is_left_alone():
    assert shorten_signature(FIRST) is FIRST
    assert shorten_signature(DOCS[0]) is DOCS[0]


def test_no_version_of_an_author_is_in_the_other_format():
    """So ranks never have to decide between two formats, but they could."""
    suzy = keypair_from_seed("suzy", bytes(32))
    assert not is_es3_author(suzy.address)
    renamed = json.loads(FIRST_TEXT) | {"author": suzy.address}
    with pytest.raises(InvalidDocument) as refusal:
        es3.check(decode_one(json.dumps(renamed).encode()), NOW)
    assert refusal.value.reason is Reason.AUTHOR
    assert rank(FIRST) == f"{FIRST.timestamp},{FIRST.signature}"


def test_a_workspace_may_hold_either_or_both():
    both, old, new = "+gardening.friends", "+gardening.Friends", "+garden1ng.friends"
    shared = [is_workspace_address(both), is_es3_workspace(both)]
    assert shared == [True, True]
    assert (is_workspace_address(old), is_es3_workspace(old)) == (False, True)
    assert (is_workspace_address(new), is_es3_workspace(new)) == (True, False)


def test_es4_is_not_written_where_only_es3_is_good():
    address = WorkspaceAddress("+gardening.Friends")
    doc = new_document(
        keypair_from_seed("suzy", bytes(32)),
        workspace=address,
        path="/a",
        content="",
        timestamp=NOW,
    )
    with pytest.raises(InvalidDocument) as refusal:
        check(doc, address, NOW)
    assert refusal.value.reason is Reason.WORKSPACE


SIZE = 10_000_000


def test_a_path_of_any_length_is_read_in_one_go():
    assert is_es3_path("/a" * (SIZE // 2))
    assert not is_es3_path("/a" * (SIZE // 2) + "/")
    assert may_write("@suzy", "/~" * (SIZE // 2) + "@suzy")
