"""An hour in which pubs come and go, wires break and everybody writes; then it is calm,
and in the end all hold the same. The hour is virtual. The seed is in the test's name: a
seed that ever failed is added to OLD_SEEDS and stays; for a long night there is
ESD_NEW_SEEDS.
"""

import os

import pytest
import trio

from tests.soaking import HOUR, a_world

OLD_SEEDS = [1, 2]
HOW_MANY_NEW = int(os.environ.get("ESD_NEW_SEEDS", "1"))
NEW_SEEDS = [int.from_bytes(os.urandom(4)) for _ in range(HOW_MANY_NEW)]

A_LOOK = 10.0  # seconds
LONGEST = 3 * HOUR
"""What may come to pass in a row: a pub that returns is noticed within an hour, that it
was read-only is believed for another, and where a stream is live all is compared only
once an hour, give or take."""


async def until_equal(world):
    """Wait until nobody differs from anybody; nobody is told to do anything."""
    with trio.move_on_after(LONGEST):
        while world.differences():  # noqa: ASYNC110 the clock is virtual
            await trio.sleep(A_LOOK)
    assert not world.differences()


@pytest.mark.parametrize("seed", OLD_SEEDS + NEW_SEEDS)
async def test_after_an_hour_of_all_weathers_all_are_equal(
    seed, tmp_path, autojump_clock
):
    async with a_world(tmp_path, seed) as world:
        async with trio.open_nursery() as weather:
            world.live(weather)
            await trio.sleep(HOUR)
            weather.cancel_scope.cancel()
        assert world.failures() > 10, "the weather was too fine to prove anything"
        world.clear_up()
        await until_equal(world)
        calm = world.now
        await trio.sleep(HOUR)
        assert not world.differences()
        assert world.moved_since(calm) == 0, "they went on talking"
