"""Vectors, group a: documents that the reference made and accepts."""

import json

import msgspec
import pytest

from esd.formats import (
    BatchDecoder,
    Es4Document,
    WorkspaceAddress,
    check,
    document_hash,
    encode,
    encode_base32,
    es4,
    sign_document,
)
from tests.formats.vectors import cases, document_of, keypairs, named, text_of

CASES = cases("a-valid-documents")
KEYPAIRS = keypairs("a-valid-documents")
WIRE_ORDER = [field.encode_name for field in msgspec.structs.fields(Es4Document)]


def test_no_case_is_missing():
    assert len(CASES) == 221


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_is_valid(case):
    doc = document_of(case)
    digest = check(doc, WorkspaceAddress(doc.workspace), case["now"])
    assert encode_base32(digest) == case["docHash"]
    assert document_hash(doc) == digest


@pytest.mark.parametrize("case", CASES, ids=named)
def test_its_hash_text_is_the_references(case):
    assert es4.hash_text(document_of(case)) == case["hashInput"]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_signing_it_again_gives_the_same_signature(case):
    doc = document_of(case)
    assert sign_document(KEYPAIRS[case["author"]], doc) == doc


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_comes_out_of_a_batch(case):
    decoder = BatchDecoder()
    batch = decoder.feed(b"[" + text_of(case) + b"]")
    assert batch.documents + decoder.close().documents == [document_of(case)]


def in_wire_order(text):
    """JSON.stringify, with lone surrogates as we store them: U+FFFD."""
    fields = json.loads(text)
    ordered = {name: fields[name] for name in ["format", *WIRE_ORDER]}
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_is_written_as_the_reference_writes_it(case):
    wire = case.get("wireJson") or text_of(case).decode()
    assert encode(document_of(case)) == in_wire_order(wire)


def test_most_of_them_are_written_byte_for_byte():
    """Where neither the order of fields nor lone surrogates make a difference."""
    same = 0
    for case in CASES:
        if "expand" not in case:
            wire = case.get("wireJson") or case["docJson"]
            same += encode(document_of(case)) == wire.encode()
    assert same == 203
