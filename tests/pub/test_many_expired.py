"""Thousands that have expired and are not yet removed: nobody waits while we pass them.

What a step may look at is bounded, so it may find nothing; and what comes of all steps
is what it was. Nothing here is timed: the bounds are told by the steps.
"""

from functools import cache

import pytest

from esd.replica.etags import MOST_EXPIRED, OUR_TAG, Etag
from esd.store.pages import PAGE_ROWS
from tests.pub.serving import DOCUMENTS, PATHS
from tests.replica.test_ingest import ingest
from tests.replicas import FERN, GARDEN, MATT, NOW, SECOND, SUZY, a_document

COUNT = 2 * PAGE_ROWS + 100
GONE = NOW + COUNT + SECOND  # when all of them have expired
LIVING = [a_document("/a"), a_document("/z"), a_document("/z", by=MATT)]


@cache
def brief():
    return tuple(
        a_document(f"/m/!{number:06}", "", until=NOW + 1 + number)
        for number in range(COUNT)
    )


@pytest.fixture
async def full(pub):
    """Before and after thousands that have expired, something lives."""
    await ingest(pub.replicas.get(GARDEN), *brief(), *LIVING)
    pub.now = GONE
    return pub


async def test_a_list_passes_them_in_steps(full):
    reader = full.replicas.get(GARDEN).reader
    page = reader.page(GONE)
    assert (len(page.documents), page.after) == (1, ("/m/!000998", SUZY.address))
    page = reader.page(GONE, page.after)
    assert (page.documents, page.after) == ([], ("/m/!001998", SUZY.address))
    assert len(reader.page(GONE, page.after).documents) == 2
    found = (await full.get(DOCUMENTS)).json
    assert [one["path"] for one in found] == ["/a", "/z", "/z"]


async def test_paths_pass_them_in_steps(full):
    reader = full.replicas.get(GARDEN).reader
    assert list(reader.path_steps(GONE, ("", None))) == [["/a"], [], ["/z"]]
    assert (await full.get(PATHS)).json == ["/a", "/z"]


class Interrupted:
    """A reader; while it is read, what has expired is removed."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file.reader, name)

    def expired(self, now, most):
        found = self.file.reader.expired(now, most)
        self.file.writer.expire(now)
        return found


async def test_a_tag_is_of_one_moment(pub):
    replica = pub.replicas.get(GARDEN)
    await ingest(replica, *brief()[:20], *LIVING)
    interrupted = Etag().at(GONE, Interrupted(replica.file), 1)
    assert interrupted == Etag().at(GONE, replica.reader, 2)


async def test_below_a_bound_there_is_nothing_to_pass(full):
    reader = full.replicas.get(GARDEN).reader
    assert list(reader.path_steps(GONE, ("", "/m"))) == [["/a"]]
    page = reader.page(GONE, high="/m")
    assert (len(page.documents), page.after) == (1, None)


async def test_a_path_by_many_authors_is_passed_in_steps(pub):
    authors = [SUZY, MATT, FERN]
    held = [a_document(f"/{number:04}", "") for number in range(PAGE_ROWS - 2)]
    held += [a_document("/many", "", by=by) for by in authors]
    replica = pub.replicas.get(GARDEN)
    await ingest(replica, *held, a_document("/zoo", ""))
    for given in (None, lambda *_: True):
        first, second = replica.reader.path_steps(NOW, ("", None), given)
        assert (first[-1], second) == ("/many", ["/zoo"])


# The tag


async def test_the_tag_is_made_without_looking_at_all_of_them(full):
    replica = full.replicas.get(GARDEN)
    assert len(replica.reader.expired(GONE, MOST_EXPIRED + 1)) == MOST_EXPIRED + 1
    tag = (await full.get()).headers.get("etag")
    assert tag.startswith(OUR_TAG)
    assert (await full.get(if_none_match=tag)).status == 304
    await replica.expire(GONE)
    after = (await full.get()).headers.get("etag")
    assert len(after) < len(tag), "then it is made of what lives, as everywhere"


async def test_the_tag_changes_with_each_change(full):
    replica = full.replicas.get(GARDEN)
    tags = [replica.etag(GONE)]
    await ingest(replica, a_document("/a", "changed", at=NOW + 1))
    tags.append(replica.etag(GONE))
    await ingest(replica, a_document("/n/!", until=GONE + SECOND))
    tags.append(replica.etag(GONE))
    tags.append(replica.etag(GONE + SECOND + 1))
    assert len(set(tags)) == len(tags)
    assert replica.etag(GONE + 2 * SECOND) == tags[-1]
