"""An answer for each document, and only what is wanted."""

import pytest

from esd.formats import Reason, encode
from esd.replica import QUERY, QUOTA, Bounds, Outcome, Tally, Verdict, take_in
from tests.replica.runs import Counting
from tests.replica.sets import EVERYTHING, asking
from tests.replica.signed import documents
from tests.replica.test_ingest import ELSEWHERE, MINUTE, counts, ingest, tampered
from tests.replica.test_intake import a_list, an_intake, fed
from tests.replicas import NOW, SECOND, a_document, a_replica

ACCEPTED = Outcome(Verdict.ACCEPTED)
OBSOLETE = Outcome(Verdict.OBSOLETE)
SOME = asking([{"path_prefix": "/doc/00000"}])
BRIEF = a_document("/!a", "brief", until=NOW + MINUTE)
EARLIER = a_document("/!a", "earlier", at=NOW - 1, until=NOW + 9 * MINUTE)


def rejected(reason, retry_at=None):
    return Outcome(Verdict.REJECTED, reason, retry_at)


async def each(replica, *documents, now=NOW, wanted=None):
    return await replica.ingest_each(documents, origin="pub", now=now, wanted=wanted)


async def test_each_document_has_its_answer_in_order(tmp_path):
    soon = a_document("/soon", at=NOW + 3600 * SECOND)
    with a_replica(tmp_path) as replica:
        await ingest(replica, *documents(2))
        found = await each(
            replica,
            a_document("/new"),
            tampered(a_document("/b")),
            documents(2)[1],
            a_document(to=ELSEWHERE),
            soon,
            a_document("/doc/000000", "older", at=NOW - 1),
            a_document("/another"),
            a_document("/new"),
        )
        assert found == [
            ACCEPTED,
            rejected(Reason.CONTENT_HASH),
            OBSOLETE,
            rejected(Reason.WORKSPACE),
            rejected(Reason.FUTURE, soon.timestamp - 10 * MINUTE),
            OBSOLETE,
            ACCEPTED,
            OBSOLETE,
        ]
        assert replica.reader.totals().count == 4


async def test_no_documents_no_answers(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        assert (await each(replica), run.taken()) == ([], 0)


async def test_what_comes_too_early_is_told_when_it_may_come(tmp_path):
    soon = a_document("/soon", at=NOW + 3600 * SECOND)
    with a_replica(tmp_path) as replica:
        (outcome,) = await each(replica, soon)
        assert (await each(replica, soon, now=outcome.retry_at - 1)) == [outcome]
        assert (await each(replica, soon, now=outcome.retry_at)) == [ACCEPTED]


@pytest.mark.parametrize("together", [False, True], ids=["held", "in one batch"])
async def test_what_an_ephemeral_document_hides_is_told_until_when(together, tmp_path):
    with a_replica(tmp_path) as replica:
        if together:
            outcome = (await each(replica, BRIEF, EARLIER))[1]
        else:
            await ingest(replica, BRIEF)
            (outcome,) = await each(replica, EARLIER)
        assert outcome == Outcome(Verdict.OBSOLETE, retry_at=NOW + MINUTE + 1)
        assert (await each(replica, EARLIER, now=outcome.retry_at - 1)) == [outcome]
        assert (await each(replica, EARLIER, now=outcome.retry_at)) == [ACCEPTED]


async def test_a_full_workspace_is_no_rule_of_the_format(tmp_path):
    size = len(encode(documents(1)[0]))
    bounds = Bounds(free_disk=0, bytes_per_workspace=size)
    with a_replica(tmp_path, bounds=bounds) as replica:
        found = await each(replica, *documents(2))
        assert found == [ACCEPTED, rejected(QUOTA)]


def test_outcomes_add_up_to_a_tally():
    tally = Tally()
    tally.count([ACCEPTED, ACCEPTED, OBSOLETE, rejected(QUERY)])
    assert (counts(tally), tally.total) == ((2, 1, {QUERY: 1}), 4)
    assert not tally.may_pass
    assert tally.faults == 0
    tally.count([rejected(QUOTA)])
    assert tally.may_pass
    tally.count([rejected(Reason.SIGNATURE)])
    assert (tally.faults, tally.invalid) == (1, 3)


# What is wanted


async def test_of_new_documents_only_those_that_are_wanted_are_taken(tmp_path):
    run = Counting()
    with a_replica(tmp_path, run=run) as replica:
        found = await each(replica, *documents(20), wanted=SOME)
        assert found == [ACCEPTED] * 10 + [rejected(QUERY)] * 10
        assert replica.reader.totals().count == 10
        run.taken()
        await each(replica, *documents(20), wanted=SOME)
        assert run.taken() == 0, "what is not wanted is not verified"


async def test_what_we_hold_is_obsolete_whether_wanted_or_not(tmp_path):
    with a_replica(tmp_path) as replica:
        await ingest(replica, a_document())
        older = a_document(at=NOW - 1)
        found = await each(replica, a_document(), older, wanted=SOME)
        assert found == [OBSOLETE, OBSOLETE]
        newer = a_document(at=NOW + 1)
        assert await each(replica, newer, wanted=SOME) == [rejected(QUERY)]


async def test_everything_may_be_wanted(tmp_path):
    with a_replica(tmp_path) as replica:
        tally = await ingest_wanted(replica, EVERYTHING)
        assert counts(tally) == (20, 0, {})


async def ingest_wanted(replica, wanted):
    return await fed(an_intake(replica, wanted=wanted), a_list(documents(20)))


async def test_a_stream_has_what_is_not_wanted_counted(tmp_path):
    with a_replica(tmp_path) as replica:
        tally = await ingest_wanted(replica, SOME)
        assert counts(tally) == (10, 0, {QUERY: 10})
        assert not tally.may_pass


async def test_what_is_not_wanted_is_no_fault_of_its_sender(tmp_path):
    with a_replica(tmp_path) as replica:
        intake = an_intake(replica, wanted=SOME, most_invalid=5)

        async def pieces():
            yield a_list(documents(20))

        tally = await take_in(intake, pieces())
        assert dict(tally.rejected) == {QUERY: 10}
