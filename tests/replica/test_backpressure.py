"""Whoever sends faster than we can write is read more slowly, and costs no memory."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from esd.replica import IN_FLIGHT_IN_ALL, take_in
from esd.replica.large import NoTurn
from tests.replica.runs import Held
from tests.replica.test_intake import a_list, an_intake, big_documents
from tests.replicas import a_document, a_replica
from tests.replicas import documents as short_documents

PIECE = 300_000  # bytes: each makes a batch of its own
DOCUMENTS = 12
SHORT = short_documents(3)


class Source:
    """A body that knows how much of it was asked for."""

    def __init__(self, data):
        self.left = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
        self.asked = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.asked += 1
        return self.left.pop(0)


async def hold_up(nursery, replica):
    """Nobody writes there any more, until the gate opens."""
    nursery.start_soon(replica.change, replica.run.wait)
    await wait_all_tasks_blocked()


async def test_a_stream_has_at_most_two_batches_under_way(tmp_path):
    source, slots = Source(a_list(big_documents(DOCUMENTS))), trio.CapacityLimiter(16)
    with a_replica(tmp_path, run=Held()) as replica:
        async with trio.open_nursery() as nursery:
            await hold_up(nursery, replica)
            intake = an_intake(replica, slots=slots)
            nursery.start_soon(take_in, intake, source)
            await wait_all_tasks_blocked()
            assert slots.borrowed_tokens == 2
            assert source.asked == 3, "the third one waits, decoded"
            replica.run.gate.set()
        assert intake.tally.accepted == DOCUMENTS
        assert slots.borrowed_tokens == 0


async def test_the_daemon_has_a_bounded_number_under_way(tmp_path):
    data = a_list(big_documents(DOCUMENTS))
    sources = [Source(data) for _ in range(20)]
    slots = trio.CapacityLimiter(IN_FLIGHT_IN_ALL)
    with a_replica(tmp_path, run=Held()) as replica:
        async with trio.open_nursery() as nursery:
            await hold_up(nursery, replica)
            for source in sources:
                intake = an_intake(replica, slots=slots)
                nursery.start_soon(take_in, intake, source)
            await wait_all_tasks_blocked()
            assert slots.borrowed_tokens == IN_FLIGHT_IN_ALL
            assert slots.statistics().tasks_waiting == 2 * 20 - IN_FLIGHT_IN_ALL
            assert sum(source.asked for source in sources) == 3 * 20
            replica.run.gate.set()
        assert replica.reader.totals().count == DOCUMENTS


async def test_a_stream_cancelled_while_it_waits_gives_everything_back(tmp_path):
    slots = trio.CapacityLimiter(IN_FLIGHT_IN_ALL)
    data = a_list(big_documents(DOCUMENTS))
    with a_replica(tmp_path, run=Held()) as replica:
        async with trio.open_nursery() as nursery:
            await hold_up(nursery, replica)
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_when_stuck, scope)
                await take_in(an_intake(replica, slots=slots), Source(data))
            assert scope.cancelled_caught
            assert slots.borrowed_tokens == 0
            replica.run.gate.set()
        assert replica.reader.totals().count == 0
        tally = await take_in(an_intake(replica), Source(data))
        assert tally.accepted == DOCUMENTS


async def cancel_when_stuck(scope):
    await wait_all_tasks_blocked()
    scope.cancel()


LONG = a_document("/long", "x" * 600_000)


class Stuck(Source):
    """A body that stops after so many pieces and goes on for nobody."""

    def __init__(self, data, pieces):
        super().__init__(data)
        del self.left[pieces:]

    async def __anext__(self):
        if not self.left:
            await trio.sleep_forever()
        return await super().__anext__()


async def test_few_long_documents_are_held_at_once(tmp_path, autojump_clock):
    """A thousand callers might each send most of one, and then wait."""
    stuck = [Stuck(a_list([LONG]), 1) for _ in range(2)]
    waiting = Source(a_list([LONG]))
    with a_replica(tmp_path) as replica:
        async with trio.open_nursery() as nursery:
            for source in stuck:
                nursery.start_soon(take_in, an_intake(replica), source)
            await wait_all_tasks_blocked()
            tally = await take_in(an_intake(replica), Source(a_list(SHORT)))
            assert tally.accepted == len(SHORT), "short ones need no turn"
            with pytest.raises(NoTurn):
                await take_in(an_intake(replica), waiting)
            assert waiting.asked == 1
            nursery.cancel_scope.cancel()
        assert (await take_in(an_intake(replica), Source(a_list([LONG])))).accepted == 1


async def test_a_turn_is_given_back_once_the_long_document_is_stored(tmp_path):
    longs = [a_document(f"/long/{number}", "x" * 600_000) for number in range(5)]
    with a_replica(tmp_path) as replica:
        async with trio.open_nursery() as nursery:
            for document in longs:
                body = Stuck(a_list([document, *SHORT]) + b" " * 2 * PIECE, 4)
                nursery.start_soon(take_in, an_intake(replica), body)
            while replica.reader.totals().count < len(longs) + len(SHORT):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
