"""However many push at once, what waits to be taken in is bounded."""

from functools import cache

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from esd.formats import encode
from esd.web import Body, Headers, Request
from tests.pub.serving import DOCUMENTS, as_body
from tests.pub.syncing import GARDEN_ID, HOST, PREFIX, syncing
from tests.replica.runs import Held
from tests.replica.test_intake import big_documents

PIECE = 50_000  # bytes
BATCH = 256 << 10
PUSHES = 50
HEADERS = Headers([("host", HOST), ("earthstar-workspace", GARDEN_ID)])


class Source:
    """A body that knows how much of it was asked for (bytes)."""

    def __init__(self, data):
        self.left = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
        self.asked = 0

    async def __call__(self):
        await trio.lowlevel.checkpoint()
        if not self.left:
            return b""
        self.asked += PIECE
        return self.left.pop(0)


@cache
def bodies():
    held = big_documents(9)
    lines = b"".join(encode(document) + b"\n" for document in held)
    return {DOCUMENTS: as_body(held), PREFIX + "documents": lines}


@pytest.mark.parametrize("target", [DOCUMENTS, PREFIX + "documents"])
async def test_where_many_wait_no_more_is_read(target, tmp_path):
    run, statuses = Held(), []
    sources = [Source(bodies()[target]) for _ in range(PUSHES)]

    async def push(source):
        body = Body(source, limit=1 << 30)
        request = Request(method="POST", target=target, headers=HEADERS, body=body)
        statuses.append((await caller.served.pub.handle(request)).status)

    with syncing(tmp_path, run=run) as caller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller.replica.change, run.wait)
            await wait_all_tasks_blocked()
            for source in sources:
                nursery.start_soon(push, source)
            await wait_all_tasks_blocked()
            asked = sum(source.asked for source in sources) / BATCH
            # Mostly 1.5 each, and 3.5 if nobody waited; turns come in no fixed order.
            assert PUSHES <= asked <= 2.5 * PUSHES
            run.gate.set()
        assert statuses == [200] * PUSHES
        assert all(not source.left for source in sources)
        assert caller.replica.reader.totals().count == 9
