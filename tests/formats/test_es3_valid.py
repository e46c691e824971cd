"""es.3, vectors a: documents that the reference of 2020 made and accepts."""

import json
from collections import Counter

import msgspec
import pytest

from esd.formats import (
    BatchDecoder,
    Es3Document,
    Reason,
    WorkspaceAddress,
    check,
    document_hash,
    encode,
    es3,
)
from tests.formats.vectors import cases, document_of, keypairs, named, text_of

GROUP = "es3/a-valid-documents"
CASES = cases(GROUP)
AUTHORS = keypairs(GROUP)
WIRE = ["format", *[field.encode_name for field in msgspec.structs.fields(Es3Document)]]
COUNTS = {"plain": 39, "author": 5, "spelling": 11, "long": 4, "late": 1, "written": 40}


def test_no_case_is_missing():
    assert Counter(case["category"] for case in CASES) == COUNTS


def test_the_fields_stand_in_wire_order():
    expected = "format workspace path value author timestamp signature"
    assert expected.split() == WIRE


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_is_valid(case):
    doc = document_of(case)
    assert isinstance(doc, Es3Document)
    assert doc.author == AUTHORS[case["author"]].address
    digest = check(doc, WorkspaceAddress(doc.workspace), case["now"])
    assert digest.hex() == case["docHash"]
    assert document_hash(doc) == es3.document_hash(doc) == digest


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_comes_out_of_a_batch(case):
    decoder = BatchDecoder()
    batch = decoder.feed(b"[" + text_of(case) + b"]")
    rest = decoder.close()
    assert batch.documents + rest.documents == [document_of(case)]
    assert batch.rejected + rest.rejected == Counter[Reason]()


def in_wire_order(text):
    """JSON.stringify, with lone surrogates as we store them: U+FFFD."""
    fields = json.loads(text)
    fields["timestamp"] = int(fields["timestamp"])
    ordered = {name: fields[name] for name in WIRE}
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_is_written_as_the_reference_writes_it(case):
    assert encode(document_of(case)) == in_wire_order(text_of(case))


def test_most_of_them_are_written_byte_for_byte():
    same = [encode(document_of(case)) == text_of(case) for case in CASES]
    assert sum(same) == 83
