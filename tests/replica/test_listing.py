"""The list as a pub writes it, read while it changes, and the ETag a pub gives it."""

import base64
import hashlib
import json

import pytest

from esd.formats import encode, parse_queries, predicate
from esd.replica import Listing
from esd.web import Gone
from tests.replica.runs import Counting
from tests.replica.signed import documents as many_documents
from tests.replica.test_ingest import ingest
from tests.replicas import FERN, MATT, NOW, SECOND, SUZY, a_document, a_replica

MINUTE = 60 * SECOND


async def whole(pieces):
    return b"".join([piece async for piece in pieces])


def as_a_pub_writes_it(documents):
    """Compact JSON by another hand, ordered by path and author."""
    values = [json.loads(encode(document)) for document in documents]
    values.sort(key=lambda value: (value["path"], value["author"]))
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def express_etag(body):
    """As the npm package `etag` makes it, and Express marks it weak."""
    digest = base64.b64encode(hashlib.sha1(body).digest()).decode()
    return f'W/"{len(body):x}-{digest[:27]}"'


def a_mixture():
    return [
        a_document("/wiki/Bees", "« ünïcode \u2028 \U0001f41d »", by=MATT),
        a_document("/wiki/Bees", 'quotes " and \\ and\nlines', by=SUZY),
        a_document("/wiki/Ants", "", by=FERN),
        a_document("/!brief", "brief", until=NOW + MINUTE),
        a_document("/a", "\x00\x01\x1f\x7f"),
        a_document("/Z", "upper case first"),
    ]


def big(number, *, at=NOW, content="x"):
    """Two of them are more than one page."""
    return a_document(f"/big/{number:02}", content * 100_000, at=at)


@pytest.mark.parametrize("count", [0, 1, 1000, 1001])
async def test_the_list_is_one_of_sorted_json(count, tmp_path):
    held = many_documents(count)
    with a_replica(tmp_path) as replica:
        await ingest(replica, *reversed(held))
        pieces = await whole(Listing(replica).pieces(NOW))
        assert pieces == as_a_pub_writes_it(held)


async def test_contents_are_written_as_javascript_writes_them(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *a_mixture())
        expected = as_a_pub_writes_it(a_mixture())
        assert await whole(Listing(replica).pieces(NOW)) == expected
        assert Listing(replica).whole(NOW) == expected


async def test_the_paths_are_distinct_sorted_and_json(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *a_mixture(), *many_documents(1001))
        paths = json.loads(await whole(Listing(replica).paths(NOW)))
        several = {document.path for document in (*a_mixture(), *many_documents(1001))}
        assert paths == sorted(several)


async def test_an_empty_replica_has_empty_lists(tmp_path):
    with a_replica(tmp_path) as replica:
        listing = Listing(replica)
        assert await whole(listing.paths(NOW)) == listing.whole(NOW) == b"[]"


async def test_expired_means_absent(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *a_mixture())
        listing = Listing(replica)
        assert b"/!brief" in listing.whole(NOW + MINUTE)
        later = NOW + MINUTE + 1
        assert b"/!brief" not in listing.whole(later)
        assert b"/!brief" not in await whole(listing.pieces(later))
        assert b"/!brief" not in await whole(listing.paths(later))


async def test_a_list_of_more_than_a_page_is_not_made_in_one_piece(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *(big(number) for number in range(3)))
        assert Listing(replica).whole(NOW) is None


async def test_a_list_that_changes_while_it_is_read_shows_each_document_once(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *(big(number) for number in range(8)))
        text, rounds = b"", 0
        async for piece in Listing(replica).pieces(NOW):
            text += piece
            rounds += 1
            newer = [
                big(number, at=NOW + rounds, content="y") for number in range(0, 8, 3)
            ]
            await ingest(replica, *newer, a_document(f"/late/{rounds}"))
        paths = [document["path"] for document in json.loads(text)]
        assert rounds > 4
        assert [path for path in paths if "big" in path] == [
            f"/big/{number:02}" for number in range(8)
        ]
        assert len(paths) == len(set(paths))


def long(number=0, *, at=NOW):
    return a_document(f"/long/{number}", "\x01é" * 100_000, at=at)


async def test_a_long_document_is_read_in_slices(tmp_path):
    held = [*a_mixture(), long(1), long(2), a_document("/z")]
    with a_replica(tmp_path) as replica:
        await ingest(replica, *held)
        listing = Listing(replica)
        pieces = [piece async for piece in listing.pieces(NOW)]
        assert b"".join(pieces) == as_a_pub_writes_it(held)
        assert max(map(len, pieces)) <= 128 << 10
        assert await listing.pub_etag(NOW) == express_etag(b"".join(pieces))


async def test_a_list_breaks_off_where_a_long_document_is_replaced(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, long())
        pieces = Listing(replica).pieces(NOW)
        assert [await anext(pieces), len(await anext(pieces))] == [b"[", 128 << 10]
        await ingest(replica, long(at=NOW + 1))
        with pytest.raises(Gone):
            await anext(pieces)


async def test_a_slow_reader_holds_up_no_checkpoint(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *(big(number) for number in range(4)))
        pieces = Listing(replica).pieces(NOW)
        await anext(pieces)
        assert replica.file.writer.scrub()
        await pieces.aclose()


# The ETag that a pub gives the same list


@pytest.mark.parametrize("documents", [[], a_mixture(), many_documents(30)])
async def test_the_etag_is_express_own(documents, tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents)
        etag = await Listing(replica).pub_etag(NOW)
        assert etag == express_etag(as_a_pub_writes_it(documents))


async def test_the_etag_of_an_empty_list_is_known_to_all_of_express(tmp_path):
    with a_replica(tmp_path) as replica:
        known = 'W/"2-l9Fw4VUO7kr8CvBlt4zaMCqXZ0w"'
        assert await Listing(replica).pub_etag(NOW) == known


async def test_the_etag_is_computed_once_until_something_changes(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        listing = Listing(replica)
        await ingest(replica, *many_documents(3))
        run.taken()
        first = await listing.pub_etag(NOW)
        again = await listing.pub_etag(NOW + MINUTE)
        assert (first == again, run.taken()) == (True, 1)
        await ingest(replica, a_document("/new"))
        run.taken()
        assert await listing.pub_etag(NOW) != first
        assert run.taken() == 1


async def test_what_brought_nothing_new_leaves_the_etag_alone(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        listing = Listing(replica)
        await ingest(replica, *many_documents(3))
        await listing.pub_etag(NOW)
        await ingest(replica, *many_documents(3))
        run.taken()
        await listing.pub_etag(NOW)
        assert run.taken() == 0


async def test_the_etag_is_computed_again_once_a_document_expires(tmp_path):
    run = Counting()
    living = [one for one in a_mixture() if one.delete_after is None]
    with a_replica(tmp_path, run=run) as replica:
        listing = Listing(replica)
        await ingest(replica, *a_mixture())
        await listing.pub_etag(NOW)
        run.taken()
        await listing.pub_etag(NOW + MINUTE)
        assert run.taken() == 0, "equality is alive"
        after = await listing.pub_etag(NOW + MINUTE + 1)
        assert after == express_etag(as_a_pub_writes_it(living))
        await listing.pub_etag(NOW + 100 * MINUTE)
        assert run.taken() == 1


async def test_a_list_that_is_too_long_has_none(tmp_path):
    documents = many_documents(100)
    size = len(as_a_pub_writes_it(documents))
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        await ingest(replica, *documents)
        assert await Listing(replica, longest=size).pub_etag(NOW) is not None
        listing = Listing(replica, longest=size - 1)
        run.taken()
        assert [await listing.pub_etag(NOW) for _ in range(2)] == [None, None]
        assert run.taken() == 1, "that it is too long is remembered as well"


# Our own


async def test_our_etag_names_the_set_and_not_its_history(tmp_path):
    (tmp_path / "b").mkdir()
    with a_replica(tmp_path) as one, a_replica(tmp_path / "b") as other:
        await ingest(one, *a_mixture())
        await ingest(other, a_document("/a", "older", at=NOW - 9))
        for document in reversed(a_mixture()):
            await ingest(other, document)
        assert one.etag(NOW) == other.etag(NOW)


async def test_our_etag_changes_with_each_change(tmp_path):
    with a_replica(tmp_path) as replica:
        seen = [replica.etag(NOW)]
        await ingest(replica, *a_mixture())
        seen.append(replica.etag(NOW))
        await ingest(replica, a_document("/a", "newer", at=NOW + 1))
        seen.append(replica.etag(NOW))
        seen.append(replica.etag(NOW + MINUTE + 1))
        assert len(set(seen)) == 4


async def test_our_etag_is_the_same_before_and_after_the_removal(tmp_path):
    later = NOW + MINUTE + 1
    with a_replica(tmp_path) as replica:
        await ingest(replica, *a_mixture())
        before = replica.etag(later)
        assert await replica.expire(later) == 1
        assert (replica.etag(later), replica.bell.count) == (before, 2)
        assert await replica.expire(later) == 0
        assert replica.bell.count == 2


async def test_a_list_of_which_nothing_is_given_lets_others_have_their_turn(tmp_path):
    nothing = predicate(parse_queries([{"versionsByAuthor": MATT.address}]), at=NOW)
    with a_replica(tmp_path) as replica:
        await ingest(replica, *many_documents(3_000))
        pieces = [piece async for piece in Listing(replica).pieces(NOW, nothing)]
        assert b"".join(pieces) == b"[]"
        assert len(pieces) >= 3
