"""Local queries over a real store, as the reference's stores answer them."""

import pytest

from esd.formats import Batch, WorkspaceAddress
from esd.formats.batches import decode_one
from esd.formats.query import InvalidQuery, Query
from esd.replica import queries
from tests.formats.vectors import cases, keypairs, load, named
from tests.replicas import a_replica

GROUP = "f-queries"
CASES = [case for case in cases(GROUP) if case["dialect"] == "v6"]
ALIASES = {pair.address: alias for alias, pair in keypairs(GROUP).items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("queries")


@pytest.fixture(scope="module")
def replica(folder):
    import trio  # noqa: PLC0415 the store is filled once, outside any test's loop

    vectors = load(GROUP)
    documents = [decode_one(text.encode()) for text in vectors["storeDocs"]]
    assert len(documents) == 68
    with a_replica(folder, WorkspaceAddress.parse(vectors["workspace"])) as replica:

        async def fill():
            return await replica.ingest(
                Batch(documents), origin="x", now=vectors["now"]
            )

        tally = trio.run(fill)
        assert tally.invalid == 0
        yield replica


def answer(replica, case):
    query, now, reader = Query.parse(case["query"]), case["now"], replica.reader
    match case["method"]:
        case "documents":
            found = queries.documents(reader, query, now)
            return [
                [r.path, ALIASES.get(r.author, r.author), r.timestamp] for r in found
            ]
        case "paths":
            return list(queries.paths(reader, query, now))
        case "authors":
            return [ALIASES.get(author, author) for author in reader.authors(now)]


def accepted_answers(case):
    return [case["expected"], *case.get("differs", {}).values()]


def test_there_are_as_many_queries_as_were_made():
    assert len(CASES) == 186


@pytest.mark.parametrize("case", CASES, ids=named)
def test_query(replica, case):
    try:
        found = answer(replica, case)
    except InvalidQuery:
        assert "lenient" in case, "refused, though the reference answers"
        return
    if "lenient" in case:
        assert found in accepted_answers(case)
    else:
        assert found == case["expected"]
