"""In which order documents come, and in which batches, makes no difference."""

from itertools import pairwise

import msgspec
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from esd.formats import Batch, WorkspaceAddress, encode
from esd.formats.document import rank
from tests.replica.memory import folder_in_memory
from tests.replica.runs import Slow
from tests.replicas import FERN, MATT, NOW, SECOND, SUZY, a_document, a_replica

HOUR = 3600 * SECOND

VALID = [
    a_document(path, f"{path} by {by.address[:5]} at {at}", by=by, at=at, until=until)
    for path, until in [("/a", None), ("/b", None), ("/!c", NOW + HOUR)]
    for by in (SUZY, MATT, FERN)
    # The first is from 1970 and has fewer digits: as text it is the latest.
    for at in (20_000_000_000_000, NOW - 1, NOW)
]
TWINS = [a_document("/a", f"{n}. of one microsecond", at=NOW) for n in range(3)]
SHORTER = [a_document("/!c", "brief", at=NOW + 1, until=NOW + HOUR // 2)]
INVALID = [
    msgspec.structs.replace(VALID[0], content="not what was signed"),
    a_document("/a", "too early", at=NOW + HOUR),
    a_document("/!c", "too late", at=NOW - 2, until=NOW - 1),
    a_document("/a", "elsewhere", to=WorkspaceAddress.parse("+other.place")),
]
POOL = VALID + TWINS + SHORTER + INVALID
GOOD = VALID + TWINS + SHORTER


@st.composite
def arrivals(draw):
    """Some of the pool in some order, some twice, cut into batches somehow."""
    order = draw(st.lists(st.sampled_from(range(len(POOL))), max_size=40))
    cuts = draw(st.sets(st.integers(0, len(order)), max_size=6))
    edges = [0, *sorted(cuts), len(order)]
    return [[POOL[n] for n in order[low:high]] for low, high in pairwise(edges)]


async def held_after(batches, run):
    with folder_in_memory() as folder, a_replica(folder) as replica:
        replica.run = run
        async with trio.open_nursery() as nursery:
            for batch in batches:
                nursery.start_soon(take, replica, batch)
        found = replica.reader.page(NOW).documents
        return found, replica.reader.totals(), replica.etag(NOW)


async def take(replica, batch):
    await replica.ingest(Batch(list(batch)), origin="", now=NOW)


def winners(documents):
    """What a store must hold, by the rule alone."""
    held = {}
    for document in documents:
        key = (document.path, document.author)
        if document in GOOD and (key not in held or rank(held[key]) < rank(document)):
            held[key] = document
    return [held[key] for key in sorted(held)]


@given(arrivals())
@settings(max_examples=60, deadline=None)
def test_only_what_came_counts_and_not_how(batches):
    expected = winners([document for batch in batches for document in batch])

    async def both_ways():
        found, totals, etag = await held_after(batches, Slow())
        plain, plain_totals, plain_etag = await held_after([expected], Slow(0))
        assert found == plain == [encode(document) for document in expected]
        assert (totals, etag) == (plain_totals, plain_etag)
        assert totals.count == len(expected)
        assert totals.size == sum(map(len, found))

    trio.run(both_ways)


@given(st.permutations(POOL), st.integers(1, len(POOL)))
@settings(max_examples=20, deadline=None)
def test_the_whole_pool_one_batch_after_the_other(order, size):
    batches = [order[at : at + size] for at in range(0, len(order), size)]

    async def one_by_one():
        with folder_in_memory() as folder, a_replica(folder) as replica:
            for batch in batches:
                await take(replica, batch)
            found = replica.reader.page(NOW).documents
            assert found == [encode(document) for document in winners(POOL)]

    trio.run(one_by_one)
