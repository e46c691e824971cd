"""What comes by a stream while the last batch is stored, and how it goes together."""

import pytest
import trio
import trio.testing

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.formats import encode
from esd.replica import Tally, TooManyInvalid
from esd.sync import Client, RunLimits
from esd.sync.gathering import MOST_BYTES, MOST_EVENTS, Gathering
from esd.sync.live import MOST_INVALID, Stream
from tests.replicas import NOW, a_replica, documents
from tests.sync.streamed import StreamWire

STORING = 0.01  # seconds that a disk takes for each thing


async def slowly(call):
    await trio.sleep(STORING)
    return call()


@pytest.fixture
def gathered():
    return Gathering()


async def test_what_came_meanwhile_goes_together(gathered):
    await gathered.put([b"1"])
    assert await gathered.take() == [b"1"]
    for one in (b"2", b"3", b"4"):
        await gathered.put([one])
    assert await gathered.take() == [b"2", b"3", b"4"]


async def test_nothing_waits_for_more(gathered):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gathered.put, [b"1"])
        assert await gathered.take() == [b"1"]


@pytest.mark.parametrize(
    "full",
    [[b"x"] * MOST_EVENTS, [b"x" * MOST_BYTES]],
    ids=["events", "bytes"],
)
async def test_who_is_faster_waits(gathered, full, autojump_clock):
    await gathered.put(full)
    with trio.move_on_after(1) as waiting:
        await gathered.put([b"one more"])
    assert waiting.cancelled_caught
    assert await gathered.take() == full
    await gathered.put([b"one more"])


async def test_stored_is_what_was_taken_and_asked_again_after(gathered, autojump_clock):
    await gathered.put([b"1"])
    await gathered.take()
    with trio.move_on_after(1) as waiting:
        await gathered.wait_stored()
    assert waiting.cancelled_caught, "it is being stored"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gathered.take)
        await gathered.wait_stored()
        nursery.cancel_scope.cancel()


# A stream


@pytest.fixture
async def replica(tmp_path):
    with a_replica(tmp_path, run=slowly) as replica:
        yield replica


async def followed(replica, say, *, tally=None):
    """How a stream of these pieces ended, all of which have come at once."""
    wire = StreamWire()
    async with Client("http://pub", RunLimits(), transport=wire) as client:
        stream = Stream(
            peer="pub",
            client=client.for_streams(),
            replica=replica,
            wire=None,
            wanted=lambda now: None,
            now=lambda: NOW,
            tally=tally or Tally(),
        )

        def opened():
            for piece in say:
                wire.line.say(piece)
            wire.line.end()

        with pytest.raises((PeerUnavailable, PeerMisbehaved)) as ended:
            await stream.follow(opened)
        return ended.value


def events(count):
    return [b"data: %b\n\n" % encode(one) for one in documents(count)]


async def test_events_that_come_one_by_one_become_few_batches(replica, autojump_clock):
    ended = await followed(replica, events(500))
    assert str(ended) == "its stream has ended"
    assert replica.reader.totals().count == 500
    assert replica.bell.count <= 3, "a transaction and its fsync each"


async def test_what_came_before_the_end_is_stored(replica, autojump_clock):
    long = b"data: " + b"x" * (40 << 20)
    ended = await followed(replica, [*events(3), long])
    assert "too long" in str(ended)
    assert replica.reader.totals().count == 3


async def test_what_cannot_be_stored_ends_it(replica, autojump_clock):
    garbage = [b"data: {}\n\n"] * (MOST_INVALID + 2)
    tally = Tally()
    ended = await followed(replica, garbage, tally=tally)
    assert isinstance(ended, TooManyInvalid)
    assert tally.faults > MOST_INVALID
