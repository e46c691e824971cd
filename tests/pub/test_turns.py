"""Places for those whose work keeps a core busy: few, in order, and not for ever."""

import pytest
import trio

from esd.pub.problems import Refused
from esd.pub.turns import Turns

LOCAL = "127.0.0.1"
NEAR, NEAR_TOO, FAR = "2001:db8::1", "2001:db8::2", "192.0.2.7"


async def test_there_are_so_many_places(autojump_clock):
    turns = Turns(2, patience=5)
    first = await turns.take(LOCAL)
    with await turns.take(LOCAL):
        with pytest.raises(Refused):
            await turns.take(LOCAL)
        assert trio.current_time() == 5
        first.close()
        with await turns.take(LOCAL):
            pass
    assert trio.current_time() == 5


async def test_a_place_is_given_back_once(autojump_clock):
    turns = Turns(1, patience=5)
    place = await turns.take(LOCAL)
    place.close()
    place.close()
    with await turns.take(LOCAL), pytest.raises(Refused):
        await turns.take(LOCAL)


async def test_a_caller_from_afar_has_one_place(autojump_clock):
    """All addresses of one household are one caller."""
    turns = Turns(9, patience=5)
    with await turns.take(NEAR):
        for remote in (NEAR, NEAR_TOO):
            with pytest.raises(Refused):
                await turns.take(remote)
        with await turns.take(FAR), await turns.take(LOCAL), await turns.take(LOCAL):
            pass
    with await turns.take(NEAR_TOO):
        pass


async def test_a_caller_from_afar_can_have_some_places(autojump_clock):
    turns = Turns(9, patience=5, each=2)
    with await turns.take(NEAR), await turns.take(NEAR_TOO):
        with pytest.raises(Refused):
            await turns.take(NEAR)
        with await turns.take(FAR):
            pass
    with await turns.take(NEAR):
        pass


async def test_who_waits_for_a_place_of_its_own_keeps_nobody_else_out(autojump_clock):
    turns = Turns(2, patience=5)
    with await turns.take(NEAR):
        async with trio.open_nursery() as nursery:
            for _ in range(9):
                nursery.start_soon(_refused, turns, NEAR)
            await trio.testing.wait_all_tasks_blocked()
            with await turns.take(FAR):
                assert trio.current_time() == 0


async def _refused(turns, remote):
    with pytest.raises(Refused):
        await turns.take(remote)


async def test_a_place_is_had_in_the_order_of_coming(autojump_clock):
    turns = Turns(1, patience=50)
    order = []

    async def wait(number):
        with await turns.take(LOCAL):
            order.append(number)

    async with trio.open_nursery() as nursery:
        with await turns.take(LOCAL):
            for number in range(5):
                nursery.start_soon(wait, number)
                await trio.testing.wait_all_tasks_blocked()
            assert order == []
    assert order == [0, 1, 2, 3, 4]


async def test_whoever_is_cancelled_while_waiting_takes_no_place(autojump_clock):
    turns = Turns(1, patience=50)
    with await turns.take(FAR):
        with trio.move_on_after(1):
            await turns.take(NEAR)
    with trio.fail_after(1):
        (await turns.take(NEAR)).close()


async def test_callers_are_forgotten(autojump_clock):
    turns = Turns(1, patience=5)
    for number in range(100):
        with await turns.take(f"192.0.2.{number}"):
            assert len(turns._callers) == 1
    assert len(turns._callers) <= 1
