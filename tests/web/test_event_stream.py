"""Events for as long as there is something to tell, in a browser's form."""

import pytest
import trio

from esd.bell import Bell
from esd.web.event_stream import (
    BEAT,
    OPENING,
    closing,
    event,
    event_stream,
    event_stream_response,
)


class Teller:
    """Tells what was put in, a portion a time; None ends it."""

    def __init__(self, *portions):
        self.portions = list(portions)
        self.bell = Bell()

    def tell(self):
        return self.portions.pop(0) if self.portions else []

    async def wait(self):
        await self.bell.wait_after(self.bell.count)

    def events(self, **how):
        return event_stream(self.tell, self.wait, lambda: b"beat", **how)


def test_an_event_says_where_it_stands_after_what_it_says():
    assert event("e.7", b'{"a":1}') == b'data: {"a":1}\nid: e.7\n\n'


def test_an_event_in_parts_is_the_same_event():
    assert OPENING + b"[" + b"]" + closing("e.7") == event("e.7", b"[]")


async def test_all_is_told_in_order(autojump_clock):
    teller = Teller([b"a", b"b"], [b"c"], None)
    assert [piece async for piece in teller.events()] == [b"a", b"b", b"c"]


async def test_nothing_is_made_ahead_of_the_reader(autojump_clock):
    teller = Teller(iter([b"a", b"b"]), [b"c"])
    events = teller.events()
    assert await anext(events) == b"a"
    await trio.sleep(1000)
    assert teller.portions == [[b"c"]]
    await events.aclose()


async def test_silence_has_a_beat(autojump_clock):
    events = Teller().events()
    started = trio.current_time()
    assert [await anext(events) for _ in range(3)] == [b"beat"] * 3
    assert trio.current_time() - started == 3 * BEAT
    await events.aclose()


async def test_what_is_new_comes_at_once(autojump_clock):
    teller = Teller()
    events = teller.events()

    async def later():
        await trio.sleep(3)
        teller.portions.append([b"new"])
        teller.bell.ring()

    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(later)
        assert await anext(events) == b"new"
    assert trio.current_time() - started == 3
    await events.aclose()


async def test_steady_news_holds_up_no_beat(autojump_clock):
    teller = Teller(*[[b"new"]] * 100)
    events = teller.events(every=28)
    told = []
    for _ in range(57):
        told.append(await anext(events))
        await trio.sleep(1)
    assert [at for at, piece in enumerate(told) if piece == b"beat"] == [28, 56]
    await events.aclose()


async def test_a_beat_never_splits_what_belongs_together(autojump_clock):
    """A slow reader takes the parts of one event."""
    events = Teller([b"a", b"b", b"c"], None).events()
    told = []
    async for piece in events:
        told.append(piece)
        await trio.sleep(BEAT)
    assert told == [b"a", b"b", b"c", b"beat"]


async def test_an_end_is_noticed_while_waiting(autojump_clock):
    teller = Teller()

    async def later():
        await trio.sleep(3)
        teller.portions.append(None)
        teller.bell.ring()

    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(later)
        assert [piece async for piece in teller.events()] == []
    assert trio.current_time() - started == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")],
)
async def test_it_says_what_it_is(name, value, autojump_clock):
    response = event_stream_response(Teller(None).events())
    assert response.status == 200
    assert dict(response.headers)[name] == value
