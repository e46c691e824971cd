"""What work in threads cost is told to the task it was done for, and to no other."""

import time

import trio

from esd.replica.effort import counted, measured

LONG = 0.03  # seconds of a core


def work():
    end = time.thread_time() + LONG
    while time.thread_time() < end:
        pass
    return "done"


async def test_work_in_a_thread_counts():
    with measured() as effort:
        assert await trio.to_thread.run_sync(counted(work)) == "done"
        assert counted(work)() == "done"
    assert 2 * LONG <= effort.seconds < 4 * LONG


async def test_work_that_fails_counts():
    def failing():
        work()
        raise ValueError

    with measured() as effort:
        try:
            counted(failing)()
        except ValueError:
            assert effort.seconds >= LONG


async def test_the_work_of_others_does_not_count():
    async def other():
        with measured() as theirs:
            await trio.to_thread.run_sync(counted(work))
        assert theirs.seconds >= LONG

    with measured() as effort:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            nursery.start_soon(other)
    assert effort.seconds == 0


async def test_nobody_needs_to_know():
    assert await trio.to_thread.run_sync(counted(work)) == "done"
    with measured() as effort:
        with measured() as inner:
            counted(work)()
        assert (inner.seconds >= LONG, effort.seconds) == (True, 0)
