"""Lines for as long as there is something to tell."""

import json

import pytest
import trio

from esd.bell import Bell
from esd.web.streams import ndjson, ndjson_response


class Teller:
    """Tells what was put in, a portion a time; None ends it."""

    def __init__(self, *portions):
        self.portions = list(portions)
        self.bell = Bell()
        self.beats = 0

    def tell(self):
        return self.portions.pop(0) if self.portions else []

    async def wait(self):
        await self.bell.wait_after(self.bell.count)

    def beat(self):
        self.beats += 1
        return {"beat": self.beats}

    def lines(self, **how):
        return ndjson(self.tell, self.wait, self.beat, **how)


async def test_a_portion_is_one_line_a_value(autojump_clock):
    pieces = [piece async for piece in Teller([{"a": 1}, "b"], [3], None).lines()]
    assert pieces == [b'{"a":1}\n"b"\n', b"3\n"]


@pytest.mark.parametrize("text", ["a\nb", "a\u2028b", "a\r\nb"])
async def test_a_value_never_spans_lines(autojump_clock, text):
    pieces = [piece async for piece in Teller([text], None).lines()]
    assert [json.loads(line) for line in b"".join(pieces).splitlines()] == [text]


async def test_silence_has_a_heartbeat(autojump_clock):
    teller = Teller()
    lines = teller.lines(every=15)
    started = trio.current_time()
    assert [await anext(lines) for _ in range(3)] == [
        b'{"beat":1}\n',
        b'{"beat":2}\n',
        b'{"beat":3}\n',
    ]
    assert trio.current_time() - started == 45
    await lines.aclose()


async def test_nothing_is_made_ahead_of_the_reader(autojump_clock):
    teller = Teller([1], [2], [3])
    lines = teller.lines()
    await anext(lines)
    await trio.sleep(100)
    assert teller.portions == [[2], [3]]
    await lines.aclose()


async def test_what_is_new_comes_at_once(autojump_clock):
    teller = Teller()
    lines = teller.lines(every=15)

    async def later():
        await trio.sleep(3)
        teller.portions.append(["new"])
        teller.bell.ring()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(later)
        assert await anext(lines) == b'"new"\n'
    assert trio.current_time() < 15
    assert teller.beats == 0
    await lines.aclose()


async def test_it_says_what_it_is(autojump_clock):
    response = ndjson_response(Teller(None).lines())
    assert response.status == 200
    assert dict(response.headers)["Content-Type"] == "application/x-ndjson"
