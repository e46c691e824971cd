"""Vectors, group f: local queries in the 6.x dialect, over rows in memory."""

from dataclasses import dataclass
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.formats import decode_one, rank
from esd.formats.query import InvalidQuery, Query, select, select_paths
from tests.formats.vectors import keypairs, load, named

VECTORS = load("f-queries")
CASES = VECTORS["cases"]
ALIASES = {pair.address: name for name, pair in keypairs("f-queries").items()}


@dataclass(frozen=True)
class Row:
    path: str
    author: str
    timestamp: int
    signature: str = "b"
    content_length: int = 0


def stored():
    """What a store keeps of the vectors' documents: one for each path and author."""
    kept = {}
    for text in VECTORS["storeDocs"]:
        doc = decode_one(text.encode())
        held = kept.get((doc.path, doc.author))
        if held is None or rank(held) < rank(doc):
            kept[doc.path, doc.author] = doc
    return [kept[place] for place in sorted(kept)]


STORED = stored()


def living(now):
    return [
        Row(
            doc.path,
            doc.author,
            doc.timestamp,
            doc.signature,
            len(doc.content.encode()),
        )
        for doc in STORED
        if doc.delete_after is None or now <= doc.delete_after
    ]


def answer(case):
    rows, query = living(case["now"]), Query.parse(case["query"])
    if case["method"] == "authors":
        return [ALIASES[author] for author in sorted({row.author for row in rows})]
    if case["method"] == "paths":
        return list(select_paths(query, rows))
    found = select(query, rows)
    return [[row.path, ALIASES[row.author], row.timestamp] for row in found]


def test_no_case_is_missing():
    assert len(CASES) == 186
    assert len(VECTORS["storeDocs"]) == 68
    assert {case["dialect"] for case in CASES} == {"v6"}
    assert sum("lenient" in case for case in CASES) == 16


STRICT = [case for case in CASES if case["category"] != "odd-types"]
ODD = [case for case in CASES if case["category"] == "odd-types"]


@pytest.mark.parametrize("case", STRICT, ids=named)
def test_the_answer_is_the_references(case):
    assert answer(case) == case["expected"]


@pytest.mark.parametrize("case", ODD, ids=named)
def test_an_odd_type_is_refused_or_answered_as_one_of_its_stores_does(case):
    try:
        found = answer(case)
    except InvalidQuery:
        return
    assert found in [case["expected"], *case.get("differs", {}).values(), []]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": None}, "limit"),
        ({"limit": "1"}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 2**53}, "limit"),
        ({"path": 5}, "path"),
        ({"timestampGt": [1]}, "timestampGt"),
        ({"continueAfter": {"path": "/a"}}, "continueAfter"),
        ({"continueAfter": "/a"}, "continueAfter"),
        ({"history": 1}, "history"),
    ],
)
def test_a_wrong_type_is_refused_by_name(query, field):
    with pytest.raises(InvalidQuery, match=field):
        Query.parse(query)


@pytest.mark.parametrize("query", [None, [], "x", 1])
def test_a_query_is_an_object(query):
    with pytest.raises(InvalidQuery):
        Query.parse(query)


def test_unknown_fields_are_ignored():
    assert Query.parse({"pathPrefix": "/a", "x": None}) == Query()


def test_a_lone_surrogate_in_a_query_can_be_given_to_a_store():
    query = Query.parse(
        {"path": "\ud800", "continueAfter": {"path": "\udfff", "author": ""}}
    )
    assert query.path.encode() == query.continue_after.path.encode()


def test_a_query_streams():
    """Three answers out of rows without end, and no more read than needed."""
    read = []

    def endless():
        number = 0
        while True:
            number += 1
            read.append(number)
            yield Row(f"/{number:09}", "@suzy", number)

    assert len(list(islice(select(Query(), endless()), 3))) == 3
    assert len(read) == 4


@pytest.mark.parametrize("history", ["all", "latest"])
def test_a_limit_ends_the_reading(history):
    rows = (Row(f"/{n}", "@suzy", n) for n in range(10))
    assert [r.timestamp for r in select(Query(history=history, limit=2), rows)] == [
        0,
        1,
    ]


ROWS = st.lists(
    st.builds(
        Row,
        path=st.sampled_from(["/a", "/b", "/bb"]),
        author=st.sampled_from(["@suzy", "@matt", "@fern"]),
        timestamp=st.integers(1, 3),
        signature=st.sampled_from(["b1", "b2"]),
        content_length=st.integers(0, 3),
    ),
    unique_by=lambda row: (row.path, row.author),
).map(lambda rows: sorted(rows, key=lambda row: (row.path, row.author)))


@given(ROWS)
def test_the_latest_is_the_newest_and_on_a_tie_has_the_smallest_signature(rows):
    for latest in select(Query(), rows):
        rivals = [row for row in rows if row.path == latest.path]
        newest = max(row.timestamp for row in rivals)
        tied = [row.signature for row in rivals if row.timestamp == newest]
        assert (latest.timestamp, latest.signature) == (newest, min(tied))


@given(ROWS, st.integers(0, 5))
def test_continuing_after_each_page_reads_everything_once(rows, size):
    everything = list(select(Query(history="all"), rows))
    pages, after = [], None
    while True:
        page = Query(history="all", limit=size + 1, continue_after=after)
        found = list(select(page, rows))
        pages += found
        if not found:
            break
        last = found[-1]
        after = Query.parse(
            {"continueAfter": {"path": last.path, "author": last.author}}
        ).continue_after
    assert pages == everything
