"""es.3, vectors e: which of one author's versions stays, in whatever order they come.

The real stores beside the rule that ours follow: valid at that moment, and a larger
rank than what is held for the path and author.
"""

from itertools import permutations

import pytest

from esd.formats import (
    InvalidDocument,
    WorkspaceAddress,
    check,
    decode_one,
    rank,
    shorten_signature,
)
from tests.formats.vectors import cases, load, named

GROUP = "es3/e-storage-scenarios"
CASES = cases(GROUP)
NOW = load(GROUP)["now"]
WORKSPACE = WorkspaceAddress(load(GROUP)["workspace"])
(LENGTHENED,) = [case for case in CASES if "refused" in case]
MANY = 5  # documents of a scenario whose orders are all tried


def test_no_case_is_missing():
    assert len(CASES) == 22
    assert not [case for case in CASES if "differs" in case]


def offer(held, number, text):
    """Ingest one, as the store does; what it says."""
    try:
        doc = decode_one(text.encode())
        check(doc, WORKSPACE, NOW)
    except InvalidDocument:
        return "refused"
    place = (doc.path, doc.author)
    if place in held and rank(doc) <= rank(held[place][1]):
        return "refused"
    held[place] = (number, doc)
    return "accepted"


def ingested(texts):
    held = {}
    results = [offer(held, number, text) for number, text in enumerate(texts)]
    return results, {number for number, _ in held.values()}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case is not LENGTHENED], ids=named
)
def test_the_order_of_arrival(case):
    results, held = ingested(case["docs"])
    assert results == case["expect"]["results"]
    assert held == set(case["expect"]["held"])


@pytest.mark.parametrize(
    "case", [case for case in CASES if len(case["docs"]) <= MANY], ids=named
)
def test_the_order_of_arrival_makes_no_difference(case):
    outcomes = set()
    for order in permutations(case["docs"]):
        _, held = ingested(order)
        outcomes.add(frozenset(order[number] for number in held))
    assert len(outcomes) == 1


def test_a_lengthened_signature_replaces_nothing():
    """In the real stores it does, and anybody can make one."""
    early, longer = LENGTHENED["docs"]
    assert LENGTHENED["expect"]["held"] == [1]
    assert ingested([early, longer]) == (["accepted", "refused"], {0})
    assert shorten_signature(decode_one(longer.encode())) == decode_one(early.encode())
