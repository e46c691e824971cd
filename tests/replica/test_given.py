"""The list and its ETag for whoever is not given everything."""

import json

import pytest

from esd.formats import encode
from esd.replica import OUR_TAG, Listing
from tests.replica.sets import EVERYTHING, PREDICATES, asking
from tests.replica.signed import documents
from tests.replica.test_ingest import ingest
from tests.replica.test_items import POOL
from tests.replica.test_listing import as_a_pub_writes_it, big, long, whole
from tests.replicas import FERN, MATT, NOW, SECOND, SUZY, a_document, a_replica

NAMES = sorted(PREDICATES)
HELD = [
    document
    for document in POOL
    # The one of 1970 is the latest by the rule: one of a place is held.
    if document.timestamp == 20_000_000_000_000
]
BIG = asking([{"path_prefix": "/big"}])


def part(held, given):
    return [
        document
        for document in held
        if given.matches(
            document.path, document.author, document.timestamp, document.format
        )
    ]


@pytest.mark.parametrize("name", NAMES)
async def test_the_list_is_of_what_is_given(name, tmp_path):
    given = PREDICATES[name]
    held = [*HELD, *documents(30, "/a"), a_document("/b/new", at=NOW + 5)]
    with a_replica(tmp_path) as replica:
        await ingest(replica, *POOL, *held)
        listing = Listing(replica)
        found = await whole(listing.pieces(NOW, given))
        assert found == as_a_pub_writes_it(part(held, given))
        at_once = listing.whole(NOW, given)
        assert at_once in (found, None)
        paths = json.loads(await whole(listing.paths(NOW, given)))
        assert paths == sorted({document.path for document in part(held, given)})


async def test_a_long_list_of_which_little_is_given(tmp_path):
    """Pages end where nothing is given, too."""
    held = documents(2500)
    few = asking(
        [{"timestamp_after": NOW + 2490}], [{"versions_by_author": SUZY.address}]
    )
    with a_replica(tmp_path) as replica:
        await ingest(replica, *held)
        listing = Listing(replica)
        assert listing.whole(NOW, few) is None
        expected = as_a_pub_writes_it(held[2491:])
        assert await whole(listing.pieces(NOW, few)) == expected
        assert len(json.loads(await whole(listing.paths(NOW, few)))) == 9


async def test_long_documents_that_are_not_given_are_passed_over(tmp_path):
    held = [a_document("/a"), long(1), a_document("/long/2"), long(3), a_document("/z")]
    short = asking([{"path": "/a"}, {"path": "/z"}, {"path": "/long/2"}])
    but_one = asking(refuse=[{"path": "/long/1"}])
    with a_replica(tmp_path) as replica:
        await ingest(replica, *held)
        listing = Listing(replica)
        for given in (short, but_one):
            found = await whole(listing.pieces(NOW, given))
            assert found == as_a_pub_writes_it(part(held, given))


async def test_a_page_is_bounded_by_what_is_read(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *(big(number) for number in range(8)))
        page = replica.reader.page(NOW, given=lambda *_: False)
        assert page.documents == []
        assert page.after == ("/big/01", SUZY.address)


async def test_a_path_by_many_authors_is_told_once(tmp_path):
    authors = [SUZY, MATT, FERN]
    held = [*documents(999), *(a_document("/doc/z", by=by) for by in authors)]
    with a_replica(tmp_path) as replica:
        await ingest(replica, *held)
        given = asking([{"path_prefix": "/d"}], refuse=[{"path": "/doc/000000"}])
        paths = json.loads(await whole(Listing(replica).paths(NOW, given)))
        assert paths == sorted({document.path for document in held})[1:]


# ETags


async def test_each_part_has_a_tag_of_its_own(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *POOL)
        tags = {name: replica.etag(NOW, PREDICATES[name]) for name in NAMES}
        assert tags["everything"] == replica.etag(NOW) == replica.etag(NOW, EVERYTHING)
        assert len(set(tags.values())) == len(NAMES)
        assert all(tag.startswith(OUR_TAG) for tag in tags.values())


async def test_the_tag_of_a_part_changes_with_it_and_with_what_is_asked(tmp_path):
    brief = a_document("/big/!brief", until=NOW + SECOND)
    with a_replica(tmp_path) as replica:
        seen = [replica.etag(NOW, BIG)]
        await ingest(replica, a_document("/big/a"), brief)
        seen.append(replica.etag(NOW, BIG))
        assert replica.etag(NOW, asking([{"path_prefix": "/big"}])) == seen[-1]
        seen.append(replica.etag(NOW + SECOND + 1, BIG))
        for age in ("-1h", "-2h"):
            fields = {"path_prefix": "/big", "timestamp_after": age}
            seen.append(replica.etag(NOW, asking([fields])))
        assert len(set(seen)) == 5


async def test_the_tag_of_a_part_tells_nothing_of_the_rest(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(17))
        count = f"{17:x}-"
        assert count in replica.etag(NOW)
        assert count not in replica.etag(NOW, BIG)
        assert encode(documents(1)[0]) not in Listing(replica).whole(NOW, BIG)
