"""Vectors, group b: good documents that were changed, and what the reference says."""

import re

import pytest

from esd.formats import (
    BatchDecoder,
    InvalidDocument,
    MalformedBody,
    Reason,
    WorkspaceAddress,
    check,
    decode_one,
    es4,
)
from tests.formats.vectors import cases, named, text_of

ALL = cases("b-mutated-documents")
NOT_JSON = [case for case in ALL if case["expect"].get("parse") == "fails"]
CASES = [case for case in ALL if case not in NOT_JSON]

PRIVATE_FIELD = re.compile('"_[^"]*":')


def test_no_case_is_missing():
    assert (len(ALL), len(NOT_JSON), len(CASES)) == (369, 17, 352)
    assert sum("lenient" in case for case in ALL) == 4


def is_ingested(case):
    try:
        doc = decode_one(text_of(case))
        check(doc, WorkspaceAddress(case["workspace"]), case["now"])
    except InvalidDocument:
        return False
    return True


def is_valid_alone(case):
    """The validator's own verdict, which takes private fields for extra ones."""
    if PRIVATE_FIELD.search(case["docJson"]):
        return False
    try:
        es4.check(decode_one(text_of(case)), case["now"])
    except InvalidDocument:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=named)
def test_ingesting_agrees_with_the_reference(case):
    accepted = case["expect"]["ingest"] == "accepted" and "lenient" not in case
    assert is_ingested(case) == accepted


@pytest.mark.parametrize("case", CASES, ids=named)
def test_validating_agrees_with_the_reference(case):
    valid = case["expect"]["validate"] == "valid" and "lenient" not in case
    assert is_valid_alone(case) == valid


@pytest.mark.parametrize("case", NOT_JSON, ids=named)
def test_what_is_not_json_is_malformed(case):
    with pytest.raises(InvalidDocument) as refusal:
        decode_one(text_of(case))
    assert refusal.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("case", NOT_JSON, ids=named)
def test_what_is_not_json_spoils_the_body_around_it(case):
    decoder = BatchDecoder()
    with pytest.raises(MalformedBody):  # noqa: PT012
        decoder.feed(b"[0," + text_of(case) + b"]")
        decoder.close()


REASONS = {
    "missing-field": {Reason.FIELDS, Reason.FORMAT},
    "not-a-document": {Reason.MALFORMED, Reason.FORMAT},
    "format": {Reason.FORMAT, Reason.FIELDS},  # es.3 is a format with other fields
    "format-prototype-name": {Reason.FORMAT},
    "ephemeral-path": {Reason.PATH},
    "path-structure": {Reason.PATH},
    "path-character": {Reason.PATH},
    "path-length": {Reason.PATH},
    "write-permission": {Reason.PERMISSION},
    "workspace": {Reason.WORKSPACE},
    "workspace-mismatch": {Reason.WORKSPACE},
    "signature": {Reason.SIGNATURE},
    "signature-over-wrong-text": {Reason.SIGNATURE},
    "ed25519-edge": {Reason.SIGNATURE},
    "content-hash": {Reason.CONTENT_HASH},
    "content-size": {Reason.CONTENT_SIZE},
}


@pytest.mark.parametrize("category", list(REASONS))
def test_the_reason_names_the_rule(category):
    reasons = set()
    for case in cases("b-mutated-documents", category):
        try:
            doc = decode_one(text_of(case))
            check(doc, WorkspaceAddress(case["workspace"]), case["now"])
        except InvalidDocument as exc:
            reasons.add(exc.reason)
    assert reasons <= REASONS[category]
