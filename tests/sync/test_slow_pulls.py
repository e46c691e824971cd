"""A peer that drips a large document while others wait for a turn (replica/large)."""

import httpx
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from esd.formats import encode
from esd.replica.large import AT_ONCE, CREDIT, TooSlow, Turn
from tests.replicas import a_document, a_replica
from tests.sync.easy_side import Side
from tests.sync.pubs import PubWire


class Dripping(httpx.AsyncByteStream):
    async def __aiter__(self):
        yield b"[" + encode(a_document("/long", "x" * 900_000))[:700_000]
        while True:
            await trio.sleep(20)
            yield b"x"


async def test_a_pull_lets_go_of_its_turn(tmp_path, autojump_clock):
    ended = []
    with a_replica(tmp_path) as replica:
        wire = PubWire()
        wire.answer = lambda _request: httpx.Response(200, stream=Dripping())

        async def pull():
            with pytest.raises(TooSlow):
                await Side(replica, wire).sync()
            ended.append(trio.current_time())

        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(pull)
            await wait_all_tasks_blocked()
            assert replica.turns.free == 0
            await trio.sleep(2 * CREDIT)
            assert ended == [], "who is alone may be slow"
            await Turn(replica.turns).take()
            assert trio.current_time() <= 4 * CREDIT
        assert replica.reader.totals().count == 0
