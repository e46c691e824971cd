"""Documents by hash on their way out: what they cost us, however they are taken."""

import gc
import json
import tracemalloc
from contextlib import ExitStack

import pytest
import trio

from esd.formats import encode_base32
from esd.pub import SyncLimits
from esd.pub.document_lines import AT_ONCE, DocumentLines, Wanted
from esd.pub.packed import Hashes
from tests.pub.serving import REMOTE
from tests.pub.syncing import code_of, hash_of, lines_in, syncing
from tests.replica.sets import EVERYTHING, asking, unsigned
from tests.replicas import NOW, a_document, a_replica

KIB = 1024
MOST = 4096  # hashes, at once


@pytest.fixture
def replica(tmp_path):
    with a_replica(tmp_path) as replica:
        yield replica


def put(replica, count, size=100):
    entries = [one._replace(json=bytes(size)) for one in unsigned(count)]
    replica.file.writer.put(entries, NOW)
    return [one.hash for one in entries]


def lines_of(replica, hashes, matching=EVERYTHING, **limits):
    wanted = Wanted(replica, Hashes.of(hashes), matching, NOW)
    return DocumentLines(wanted, ExitStack(), SyncLimits(**limits))


@pytest.mark.parametrize("case", ["nothing given", "nothing held", "all given"])
async def test_everybody_else_gets_a_turn_after_each_step(case, replica):
    hashes = put(replica, 2000)
    if case == "nothing held":
        hashes = [one[::-1] for one in hashes]
    matching = asking([{"path": "/nope"}]) if case == "nothing given" else EVERYTHING
    turns = 0

    async def watch():
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        pieces = [piece async for piece in lines_of(replica, hashes, matching)]
        nursery.cancel_scope.cancel()
    assert len(pieces) == (1 + 2000 // AT_ONCE if case == "all given" else 1)
    assert turns >= 2000 // AT_ONCE - 5


async def test_a_slow_taker_holds_hashes_and_little_else(replica):
    hashes = put(replica, MOST, size=20)
    gc.collect()
    tracemalloc.start()
    try:
        before, bodies = tracemalloc.get_traced_memory()[0], []
        for _ in range(10):
            body = lines_of(replica, [bytes(bytearray(one)) for one in hashes])
            await anext(aiter(body))
            bodies.append(body)
        gc.collect()
        each = (tracemalloc.get_traced_memory()[0] - before) / 10
    finally:
        tracemalloc.stop()
    assert each < (MOST * 32 + 10 * KIB)
    for body in bodies:
        await body.aclose()


async def test_an_answer_that_takes_long_is_cut(replica, autojump_clock):
    hashes = put(replica, 3 * AT_ONCE)
    body = lines_of(replica, hashes, answer_time=9)
    pieces = []
    async for piece in body:
        pieces.append(piece)
        await trio.sleep(8)
    *_, last = pieces
    assert (len(pieces), json.loads(last)) == (3, {"end": True, "next": 2 * AT_ONCE})


# Places


LONG = a_document("/long", "x" * 900_000)
SHORT = a_document("/short")


async def begun(caller, document, remote=REMOTE):
    """The body of an answer of which one piece was taken."""
    body = json.dumps({"hashes": [hash_of(document)]}).encode()
    pieces = (await caller.response("documents/get", body, remote)).body
    await anext(aiter(pieces))
    return pieces


async def get(caller, remote=REMOTE):
    asked = {"hashes": [hash_of(SHORT)]}
    return await caller.post("documents/get", asked, remote=remote)


async def test_one_network_has_a_few_answers_at_once(tmp_path, autojump_clock):
    sync = SyncLimits(answers=9, answers_each=2, patience=5)
    with syncing(tmp_path, sync=sync) as caller:
        await caller.hold([LONG, SHORT])
        first, second = [await begun(caller, LONG) for _ in range(2)]
        refused = await get(caller)
        assert (refused.status, code_of(refused), trio.current_time()) == (
            503,
            "busy",
            5,
        )
        assert (await get(caller, "192.0.2.99")).status == 200
        await first.aclose()
        assert len(lines_in(await get(caller))[0]) == 1
        await second.aclose()


async def test_an_answer_that_nobody_begins_gives_its_place_back(
    tmp_path, autojump_clock
):
    sync = SyncLimits(answers=1, patience=5)
    with syncing(tmp_path, sync=sync) as caller:
        await caller.hold([SHORT])
        answer = await caller.response("documents/get", b'{"hashes":[]}')
        assert (await get(caller)).status == 503
        await answer.body.aclose()
        assert (await get(caller)).status == 200
        assert (await get(caller)).status == 200


async def test_a_long_document_goes_on_without_a_place(tmp_path, autojump_clock):
    sync = SyncLimits(answers=1, answer_time=9, patience=5)
    with syncing(tmp_path, sync=sync) as caller:
        await caller.hold([LONG, SHORT])
        pieces = await begun(caller, LONG)
        await trio.sleep(10)
        assert (await get(caller)).status == 503, "it is not known yet to be slow"
        await anext(aiter(pieces))
        rest = [await anext(aiter(pieces))]
        assert (await get(caller)).status == 200
        rest += [piece async for piece in pieces]
        assert rest[-1] == b'{"end":true,"next":null}\n'


class Held:
    """Runs inline; once closed, whatever comes waits until it is opened."""

    def __init__(self):
        self.gate = trio.Event()
        self.gate.set()

    async def __call__(self, call, /):
        await self.gate.wait()
        return call()


async def test_who_waits_for_a_turn_holds_hashes_and_little_else(tmp_path):
    run = Held()
    body = {"hashes": [encode_base32(n.to_bytes(32)) for n in range(MOST)]}
    with syncing(tmp_path, run=run, sync=SyncLimits(reconciling=1)) as caller:
        await caller.hold([SHORT])
        run.gate = trio.Event()
        body = json.dumps(body).encode()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller.post, "timestamps")
            nursery.start_soon(caller.post, "hashes")
            await trio.testing.wait_all_tasks_blocked()
            gc.collect()
            tracemalloc.start()
            try:
                for _ in range(10):
                    nursery.start_soon(caller.post, "timestamps", body)
                await trio.testing.wait_all_tasks_blocked()
                gc.collect()
                each = tracemalloc.get_traced_memory()[0] / 10
            finally:
                tracemalloc.stop()
            run.gate.set()
    assert each < (MOST * 32 + 30 * KIB)
