"""Who pays for the sets that callers ask about."""

import pytest
import trio

from esd.formats import Halves, ReplicationQuery, hour_of
from esd.pub.asked import AskedQuery
from esd.pub.rates import FREE_WORK, WORK_A_REQUEST, Rates
from esd.web import Limits, Request
from tests.pub.serving import LOCAL, REMOTE
from tests.pub.syncing import syncing
from tests.replica.sets import unsigned
from tests.replicas import NOW, SECOND, SUZY

HOUR = 3600 * SECOND
LIMITS = {"requests_per_second": 1.0, "request_burst": 10.0}
DEAR = [{"versionsByAuthor": SUZY.address, "pathPrefix": f"/{n}"} for n in range(60)]


def tokens(caller):
    """How many requests the bucket of REMOTE still holds."""
    buckets = caller.served.pub._rates._buckets
    return buckets._filled(REMOTE, trio.current_time()).tokens


def wait_after(seconds, remote=REMOTE):
    rates = Rates(Limits(**LIMITS))
    request = Request(method="GET", target="/", remote=remote)
    rates.charge_work(request, seconds)
    return rates.wait(request)


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (0.0, 0),
        (FREE_WORK, 0),
        (FREE_WORK + 9 * WORK_A_REQUEST, 0),
        (FREE_WORK + 10 * WORK_A_REQUEST, 1),
        (FREE_WORK + 100 * WORK_A_REQUEST, 91),
    ],
)
async def test_work_costs_as_many_requests(seconds, wait, autojump_clock):
    assert wait_after(seconds) == pytest.approx(wait)
    assert wait_after(seconds, LOCAL) == 0


async def ask(caller, name, asked, remote):
    if name == "reconcile":
        return await caller.reconcile(b"a", asked, remote=remote)
    body = asked | ({"hashes": []} if name == "timestamps" else {})
    return await caller.post(name, body, remote=remote)


ASKING = ["hashes", "reconcile", "timestamps"]


@pytest.mark.parametrize("name", ASKING)
async def test_whoever_has_a_set_of_its_own_made_has_to_wait(name, tmp_path):
    with syncing(tmp_path, limits=LIMITS) as caller:
        caller.replica.file.writer.put(unsigned(20_000), NOW)
        asked = {"query": [*DEAR, {"timestampAfter": NOW + SECOND}]}
        assert (await ask(caller, name, asked, REMOTE)).status == 200
        assert tokens(caller) < 6, "25 milliseconds of a core at least"


@pytest.mark.parametrize("name", ASKING)
async def test_a_set_that_is_there_costs_nothing(name, tmp_path, autojump_clock):
    with syncing(tmp_path, limits=LIMITS) as caller:
        caller.replica.file.writer.put(unsigned(20_000), NOW)
        asked = {"query": [*DEAR, {"timestampAfter": NOW + SECOND}]}
        assert (await caller.post("hashes", asked)).status == 200
        for _ in range(5):
            assert (await ask(caller, name, asked, REMOTE)).status == 200
        assert trio.current_time() == 0


async def test_what_all_ask_for_is_charged_to_nobody(tmp_path, autojump_clock):
    with syncing(tmp_path, limits=LIMITS) as caller:
        caller.replica.file.writer.put(unsigned(20_000), NOW)
        caller.replica.halves = Halves(
            incoming=(
                ReplicationQuery(versions_by_author=SUZY.address),
                ReplicationQuery(path_prefix="/b"),
            )
        )
        asked = {"direction": "push", "query": [{"format": "es.4"}], "hashes": []}
        for _ in range(5):
            answer = await caller.post("timestamps", asked, remote=REMOTE)
            assert answer.status == 200
        assert trio.current_time() == 0


@pytest.mark.parametrize(
    ("asked", "is_usual"),
    [
        ({}, True),
        ({"query": []}, True),
        ({"query": [{}]}, True),
        ({"query": [{"format": "es.4"}, {"format": "es.3"}]}, True),
        ({"query": [{"format": "es.4"}], "direction": "push"}, True),
        ({"at": hour_of(NOW)}, True),
        ({"at": hour_of(NOW) - HOUR}, False),
        ({"query": [{"format": "es.9"}]}, False),
        ({"query": [{"format": "es.4"}, {"path": "/a"}]}, False),
        ({"query": [{"format": "es.4", "pathPrefix": "/a"}]}, False),
        ({"query": [{"timestampAfter": 1}]}, False),
        ({"refuse": [{"path": "/a"}]}, False),
    ],
    ids=str,
)
def test_what_all_ask_for(asked, is_usual):
    question = AskedQuery(**asked)
    question.predicate(Halves(), NOW)
    assert question.is_usual(NOW) is is_usual
