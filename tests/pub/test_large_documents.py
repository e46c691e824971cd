"""Large documents that drip: nobody keeps the others' turns with them."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from esd.errors import PeerUnavailable
from esd.formats import encode
from esd.replica.large import AT_ONCE, CREDIT, LARGE, PACE, PATIENCE, NoTurn, Turn
from esd.web import Body, Headers, Request
from tests.pub.serving import DOCUMENTS, as_body
from tests.pub.syncing import GARDEN_ID, HOST, syncing
from tests.replica.signed import documents
from tests.replicas import a_document

LONG = a_document("/long", "x" * 3 * LARGE)
LINES = "/earthstar-sync/v1/documents"


class Dripping:
    """A body that comes in pieces of a size, with a pause before each but the first."""

    def __init__(self, data, *, first, size, pause):
        self._left = [data[:first]]
        self._left += [data[at : at + size] for at in range(first, len(data), size)]
        self._pause, self._first = pause, True

    async def __call__(self):
        if not self._first:
            await trio.sleep(self._pause)
        self._first = False
        return self._left.pop(0) if self._left else b""


@pytest.fixture
def pub(tmp_path):
    with syncing(tmp_path) as served:
        yield served


def slow(data, pause=1.0, size=1):
    """Two thirds of the long document at once, and then a drip."""
    return Dripping(data, first=2 * LARGE, size=size, pause=pause)


async def push(pub, receive, target, answers):
    headers = Headers([("host", HOST), ("earthstar-workspace", GARDEN_ID)])
    body = Body(receive, limit=1 << 30)
    request = Request(method="POST", target=target, headers=headers, body=body)
    response = await pub.served.pub.handle(request)
    answers.append((response.status, round(trio.current_time())))


def in_words_of(target, *held):
    if target == DOCUMENTS:
        return as_body(held)
    return b"".join(encode(document) + b"\n" for document in held)


@pytest.mark.parametrize("target", [DOCUMENTS, LINES])
async def test_who_drips_while_others_wait_is_cut(target, pub, autojump_clock):
    dripping, quick = [], []
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            drip = slow(in_words_of(target, LONG))
            nursery.start_soon(push, pub, drip, target, dripping)
        await wait_all_tasks_blocked()
        assert pub.replica.turns.free == 0
        await trio.sleep(2 * CREDIT)
        assert dripping == [], "who is alone may be slow"
        whole = Dripping(in_words_of(target, LONG), first=1 << 30, size=1, pause=0)
        await push(pub, whole, target, quick)
        nursery.cancel_scope.cancel()
    assert dripping == [(408, 2 * CREDIT)] * AT_ONCE
    assert quick == [(200, 2 * CREDIT)]
    assert pub.served.count == 1


@pytest.mark.parametrize("target", [DOCUMENTS, LINES])
async def test_a_silent_one_is_cut_once_its_credit_is_spent(
    target, pub, autojump_clock
):
    silent, quick = [], []
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            receive = slow(in_words_of(target, LONG), pause=10_000)
            nursery.start_soon(push, pub, receive, target, silent)
        await wait_all_tasks_blocked()
        whole = Dripping(in_words_of(target, LONG), first=1 << 30, size=1, pause=0)
        await push(pub, whole, target, quick)
    assert silent == [(408, CREDIT)] * AT_ONCE
    assert quick == [(200, CREDIT)]


async def test_where_nobody_waits_nobody_is_hurried(pub, autojump_clock):
    silent = []
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            receive = slow(as_body([LONG]), pause=10_000)
            nursery.start_soon(push, pub, receive, DOCUMENTS, silent)
            await trio.sleep(1)
        await trio.sleep(10 * CREDIT)
        assert silent == []
        nursery.cancel_scope.cancel()


async def test_who_keeps_the_pace_is_not_cut(pub, autojump_clock):
    """And whoever waits meanwhile is told to come again."""
    longest = a_document("/longest", "x" * 3_900_000)
    steady, waiting = [], []
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            receive = slow(as_body([longest]), size=PACE)
            nursery.start_soon(push, pub, receive, DOCUMENTS, steady)
        await wait_all_tasks_blocked()
        await push(pub, slow(as_body([LONG])), DOCUMENTS, waiting)
        assert waiting == [(503, PATIENCE)]
    assert [status for status, _ in steady] == [200] * AT_ONCE


async def test_a_caller_without_a_turn_may_drip(pub, autojump_clock):
    silent, dripping = [], []
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE + 1):
            receive = slow(as_body([LONG]), pause=10_000)
            nursery.start_soon(push, pub, receive, DOCUMENTS, silent)
        short = Dripping(as_body(documents(3)), first=100, size=100, pause=2 * CREDIT)
        await push(pub, short, DOCUMENTS, dripping)
        nursery.cancel_scope.cancel()
    assert dripping[0][0] == 200
    assert silent == [(408, CREDIT)] * AT_ONCE, "one more had no one waiting for it"


async def test_a_slow_disk_of_ours_is_not_the_callers_drip(pub, autojump_clock):
    turns = pub.replica.turns
    turn = Turn(turns)

    async def pieces():
        while True:
            yield b"x" * 1000

    await turn.take()
    stream = pieces()
    await trio.sleep(10 * CREDIT)  # we decode and write
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(Turn(turns).take)
        await wait_all_tasks_blocked()
        assert await turn.read(stream) == b"x" * 1000
        turn.give_back()
    await stream.aclose()


async def test_a_lack_of_turns_is_nobodys_fault(pub, autojump_clock):
    """Where we pull it is no reason to think ill of the peer."""
    turns = pub.replica.turns
    for _ in range(AT_ONCE):
        await Turn(turns).take()
    with pytest.raises(NoTurn) as refusal:
        await Turn(turns).take()
    assert isinstance(refusal.value, PeerUnavailable)
