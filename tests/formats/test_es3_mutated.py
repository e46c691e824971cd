"""es.3, vectors b: good documents that were changed, and what the reference says."""

from collections import Counter

import pytest

from esd.formats import (
    BatchDecoder,
    InvalidDocument,
    MalformedBody,
    Reason,
    WorkspaceAddress,
    check,
    decode_one,
    es3,
    shorten_signature,
)
from tests.formats.vectors import cases, load, named, text_of

GROUP = "es3/b-mutated-documents"
NOW = load(GROUP)["now"]
ALL = cases(GROUP)
NOT_JSON = [case for case in ALL if case["expect"].get("parse") == "fails"]
CASES = [case for case in ALL if case not in NOT_JSON]

# What each category is rejected for.
REASONS = {
    "missing-field": {Reason.FIELDS, Reason.FORMAT},
    "type": {
        Reason.FIELDS,
        Reason.FORMAT,
        Reason.WORKSPACE,
        Reason.PATH,
        Reason.AUTHOR,
        Reason.SIGNATURE,
    },
    "extra-field": {Reason.FIELDS},
    "renamed-field": {Reason.FIELDS},
    "format": {Reason.FORMAT, Reason.FIELDS},
    "not-a-document": {Reason.MALFORMED, Reason.FORMAT},
    "timestamp": {Reason.TIMESTAMP, Reason.FUTURE},
    "timestamp-spelling": {Reason.TIMESTAMP, Reason.FIELDS},
    "path-character": {Reason.PATH},
    "path-structure": {Reason.PATH},
    "write-permission": {Reason.PERMISSION},
    "workspace-mismatch": {Reason.WORKSPACE},
    "workspace": {Reason.WORKSPACE},
    "author": {Reason.AUTHOR},
    "author-key": {Reason.SIGNATURE},
    "same-key": set(),
    "changed-after-signing": {Reason.SIGNATURE, Reason.WORKSPACE},
    "ed25519-edge": {Reason.SIGNATURE},
    "signature": {Reason.SIGNATURE},
}
COUNTS = {
    "missing-field": 7,
    "type": 42,
    "extra-field": 9,
    "renamed-field": 3,
    "format": 9,
    "not-a-document": 7,
    "not-json": 5,
    "timestamp": 13,
    "timestamp-spelling": 5,
    "path-character": 25,
    "path-structure": 15,
    "write-permission": 9,
    "workspace-mismatch": 7,
    "workspace": 16,
    "author": 17,
    "author-key": 5,
    "same-key": 1,
    "changed-after-signing": 5,
    "ed25519-edge": 11,
    "signature": 35,
}


def test_no_case_is_missing():
    assert Counter(case["category"] for case in ALL) == COUNTS
    assert (len(ALL), len(NOT_JSON)) == (246, 5)
    assert REASONS.keys() | {"not-json"} == COUNTS.keys()


def rejection(case):
    """Why it is not ingested, or None."""
    try:
        doc = decode_one(text_of(case))
        check(doc, WorkspaceAddress(case["workspace"]), NOW)
    except InvalidDocument as exc:
        return exc.reason
    return None


def is_valid_alone(case):
    try:
        es3.check(decode_one(text_of(case)), NOW)
    except InvalidDocument:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=named)
def test_ingesting_agrees_with_the_reference(case):
    accepted = case["expect"]["ingest"] == "accepted" and "refused" not in case
    assert (rejection(case) is None) == accepted


@pytest.mark.parametrize("case", CASES, ids=named)
def test_validating_agrees_with_the_reference(case):
    valid = case["expect"]["validate"] == "valid" and "refused" not in case
    assert is_valid_alone(case) == valid


@pytest.mark.parametrize("case", NOT_JSON, ids=named)
def test_what_is_not_json_spoils_the_body_around_it(case):
    decoder = BatchDecoder()
    with pytest.raises(MalformedBody):  # noqa: PT012
        decoder.feed(b"[0," + text_of(case) + b"]")
        decoder.close()


@pytest.mark.parametrize("category", list(REASONS))
def test_the_reason_names_the_rule(category):
    rejections = {rejection(case) for case in cases(GROUP, category)}
    assert rejections - {None} == REASONS[category]


REFUSED = [case for case in CASES if "refused" in case]
LENGTHENED = [case for case in REFUSED if case["category"] == "signature"]


def test_few_are_refused_on_purpose():
    """Those that the reference accepts; for all others there is one verdict."""
    reasons = Counter((case["category"], rejection(case)) for case in REFUSED)
    assert reasons == {
        ("timestamp", Reason.TIMESTAMP): 4,
        ("signature", Reason.SIGNATURE): 4,
    }


def test_the_two_programs_differ_only_over_a_slash_at_the_end():
    """The older one takes it."""
    differing = [case["tests"] for case in CASES if "differs" in case]
    assert differing == ["/", "/a/", "/wiki/Bees/"]


@pytest.mark.parametrize("case", LENGTHENED, ids=named)
def test_a_lengthened_signature_is_good_once_it_is_shortened(case):
    doc = shorten_signature(decode_one(text_of(case)))
    check(doc, WorkspaceAddress(case["workspace"]), NOW)


@pytest.mark.parametrize(
    "case",
    [case for case in cases(GROUP, "signature") if case not in LENGTHENED],
    ids=named,
)
def test_shortening_mends_nothing_else(case):
    doc = shorten_signature(decode_one(text_of(case)))
    with pytest.raises(InvalidDocument):
        check(doc, WorkspaceAddress(case["workspace"]), NOW)
