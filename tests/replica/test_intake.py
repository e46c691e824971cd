"""Documents that stream in, whatever their bytes are cut into and however they end."""

from contextlib import aclosing

import pytest
import trio

from esd.errors import PeerMisbehaved
from esd.formats import Batch, MalformedBody, Reason, encode
from esd.replica import QUOTA, Bounds, Intake, Marks, TooManyInvalid, take_in
from esd.store import StorageFull
from tests.replica.runs import Cancelling, Counting
from tests.replica.signed import documents
from tests.replica.test_ingest import fill_up
from tests.replicas import NOW, a_document, a_replica


def an_intake(replica, **over):
    given = {"origin": "pub", "now": NOW, "slots": trio.CapacityLimiter(16), **over}
    return Intake(replica, **given)


def a_list(documents):
    return b"[" + b",".join(encode(document) for document in documents) + b"]"


async def pieces_of(data, size, failure=None):
    for at in range(0, len(data), size):
        await trio.lowlevel.checkpoint()
        yield data[at : at + size]
    if failure is not None:
        raise failure


async def fed(intake, data, size=1 << 16, failure=None):
    async with aclosing(pieces_of(data, size, failure)) as pieces:
        return await take_in(intake, pieces)


def big_documents(count):
    """Three of them are more than one gathered piece."""
    return [a_document(f"/big/{number:03}", "x" * 100_000) for number in range(count)]


# However it is cut


@pytest.mark.parametrize("size", [1, 7, 100, 4096, 1 << 30])
async def test_pieces_of_any_size(size, tmp_path):
    sent = documents(40)
    with a_replica(tmp_path) as replica:
        tally = await fed(an_intake(replica), a_list(sent), size)
        assert (tally.accepted, tally.total) == (40, 40)
        page = replica.reader.page(NOW)
        assert b"[" + b",".join(page.documents) + b"]" == a_list(sent)


async def test_small_pieces_make_no_small_batches(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        await fed(an_intake(replica), a_list(documents(60)), 10)
        assert replica.bell.count == 1
        assert run.calls == 3  # decode, check, put


async def test_an_empty_list_is_a_list(tmp_path):
    with a_replica(tmp_path) as replica:
        tally = await fed(an_intake(replica), b"[]")
        assert (tally.total, replica.bell.count) == (0, 0)


async def test_many_batches_add_up(tmp_path):
    with a_replica(tmp_path) as replica:
        intake = an_intake(replica)
        tally = await fed(intake, a_list(big_documents(20)))
        assert (tally.accepted, tally.total, tally is intake.tally) == (20, 20, True)
        assert replica.bell.count > 5


async def test_what_was_streamed_before_is_known_when_it_comes_again(tmp_path):
    data, run = a_list(documents(60)), Counting()
    with a_replica(tmp_path, run=run) as replica:
        await fed(an_intake(replica), data)
        run.taken()
        tally = await fed(an_intake(replica), data)
        assert (tally.obsolete, run.taken()) == (60, 1), "more than decoding"


async def test_a_list_that_is_only_compared_stores_nothing(tmp_path):
    held = documents(5)
    with a_replica(tmp_path) as replica:
        await fed(an_intake(replica), a_list(held))
        marks = Marks()
        intake = an_intake(replica, keep=False, listed=marks)
        await fed(intake, a_list([*held[:3], a_document("/new")]))
        assert (replica.reader.totals().count, len(marks)) == (5, 3)


async def test_documents_can_be_altered_on_their_way_in(tmp_path):
    def only_the_first(batch):
        return Batch(batch.documents[:1])

    with a_replica(tmp_path) as replica:
        await fed(an_intake(replica, alter=only_the_first), a_list(documents(5)))
        assert replica.reader.totals().count == 1


# However it ends


@pytest.mark.parametrize(
    "tail", [b"", b",", b",oops]", b",NaN]", b',{"a"', b"]]", b"] {}", b"]\0"]
)
async def test_what_stood_before_a_malformed_tail_is_kept(tail, tmp_path):
    with a_replica(tmp_path) as replica:
        intake = an_intake(replica)
        with pytest.raises(MalformedBody):
            await fed(intake, a_list(documents(60))[:-1] + tail)
        assert intake.tally.accepted == replica.reader.totals().count == 60


@pytest.mark.parametrize("body", [b"", b"null", b'"[]"', b"{}", b"<html>", b"7", b"\0"])
async def test_what_is_no_list_is_malformed(body, tmp_path):
    with a_replica(tmp_path) as replica:
        with pytest.raises(MalformedBody):
            await fed(an_intake(replica), body)
        assert replica.bell.count == 0


async def test_what_came_before_the_source_failed_is_kept(tmp_path):
    data = a_list(big_documents(10))
    failure = PeerMisbehaved("it hung up")
    with a_replica(tmp_path) as replica:
        intake = an_intake(replica)
        with pytest.raises(PeerMisbehaved) as raised:
            await fed(intake, data[: len(data) // 2 - 99], failure=failure)
        assert raised.value is failure
        assert intake.tally.accepted == replica.reader.totals().count == 4


async def test_a_bug_of_the_source_is_no_failure_of_ours_to_hide(tmp_path):
    with (
        a_replica(tmp_path) as replica,
        pytest.RaisesGroup(ZeroDivisionError),
    ):
        await fed(an_intake(replica), b"[", failure=ZeroDivisionError())


async def test_some_invalid_documents_cost_only_themselves(tmp_path):
    good = [encode(document) for document in documents(60)]
    odd = [b"{}", b"7", b"null", b'"x"', b"[]", b'{"format":"es.9"}']
    body = b"[" + b",".join(good[:30] + odd + good[30:]) + b"]"
    with a_replica(tmp_path) as replica:
        tally = await fed(an_intake(replica), body)
        assert (tally.accepted, tally.invalid) == (60, 6)


async def test_a_thousand_invalid_documents_are_borne(tmp_path):
    body = b"[" + b",".join([b"{}"] * 1000) + b"]"
    with a_replica(tmp_path) as replica:
        tally = await fed(an_intake(replica), body)
        assert dict(tally.rejected) == {Reason.FORMAT: 1000}


async def test_one_more_is_too_many(tmp_path):
    body = b"[" + b",".join([b"{}"] * 1001) + b"]"
    with a_replica(tmp_path) as replica:
        intake = an_intake(replica)
        with pytest.raises(TooManyInvalid):
            await fed(intake, body)
        assert intake.tally.invalid == 1001


async def test_too_many_invalid_ones_end_a_stream_that_does_not_end(tmp_path):
    async def endless():
        yield b"[{}"
        while True:
            await trio.lowlevel.checkpoint()
            yield b',{"format":"es.9","_":"' + 1_000 * b"x" + b'"}'

    with a_replica(tmp_path) as replica:
        async with aclosing(endless()) as pieces:
            with pytest.raises(TooManyInvalid):
                await take_in(an_intake(replica), pieces)


async def test_a_full_workspace_of_ours_is_no_fault_of_the_documents(tmp_path):
    bounds = Bounds(free_disk=0, bytes_per_workspace=1)
    with a_replica(tmp_path, bounds=bounds) as replica:
        tally = await fed(an_intake(replica, most_invalid=10), a_list(documents(60)))
        assert dict(tally.rejected) == {QUOTA: 60}


async def test_too_many_documents_in_one_body(tmp_path):
    with a_replica(tmp_path) as replica:
        intake = an_intake(replica, most=5)
        with pytest.raises(PeerMisbehaved, match="too many documents") as raised:
            await fed(intake, a_list(big_documents(20)))
        assert raised.value.status_hint == 413
        assert 5 < intake.tally.accepted == replica.reader.totals().count < 20


async def test_as_many_documents_as_may_be(tmp_path):
    with a_replica(tmp_path) as replica:
        tally = await fed(an_intake(replica, most=20), a_list(big_documents(20)))
        assert tally.accepted == 20


async def test_a_disk_that_fills_up_in_the_middle(tmp_path):
    data = a_list(big_documents(20))

    async def pieces():
        yield data[:1_000_000]
        await trio.testing.wait_all_tasks_blocked()
        fill_up(replica)
        yield data[1_000_000:1_400_000]
        await trio.testing.wait_all_tasks_blocked()
        yield data[1_400_000:]

    with a_replica(tmp_path) as replica:
        intake = an_intake(replica)
        with pytest.raises(StorageFull):
            await take_in(intake, pieces())
        stored = replica.reader.page(NOW, size=1 << 30).documents
        assert len(stored) == intake.tally.accepted == replica.reader.totals().count
        assert 9 <= len(stored) < 20


@pytest.mark.parametrize("at", [1, 2, 3, 5, 8, 13])
async def test_a_cancelled_stream_leaves_only_whole_batches(at, tmp_path):
    """Wherever in the steps of the batches it happens, in worker threads."""
    run = Cancelling(at)
    with a_replica(tmp_path, run=run) as replica:
        with run.scope:
            await fed(an_intake(replica), a_list(big_documents(20)))
        assert run.scope.cancelled_caught
        stored = replica.reader.page(NOW, size=1 << 30).documents
        assert len(stored) == replica.reader.totals().count < 20
        assert (replica.bell.count > 0) == (len(stored) > 0)
        tally = await fed(an_intake(replica), a_list(big_documents(20)))
        assert tally.accepted == 20 - len(stored)
