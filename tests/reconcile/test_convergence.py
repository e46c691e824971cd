"""Two sides find exactly what differs, whatever they hold and however they are cut."""

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esd.reconcile import (
    LEAST_FRAME,
    OURS,
    REFERENCE,
    Initiator,
    Items,
    Responder,
    Splitting,
    key_of,
)
from tests.reconcile.sides import ids, spread, talk

SEEDS = st.integers(0, 2**32)

# How likely an item is on our side only, on theirs only; else it is on both.
MIXES = {
    "equal": (0, 0),
    "all ours": (1, 0),
    "all theirs": (0, 1),
    "disjoint": (0.5, 0.5),
    "sprinkled": (0.02, 0.02),
    "half": (0.25, 0.25),
    "only ours sprinkled": (0.02, 0),
}

# When the items are of: µs over years, some bursts, the same moment, anything at all.
TIMES = {
    "spread": lambda chance: 1_600_000_000_000_000 + chance.randrange(2**46),
    "bursts": lambda chance: chance.choice([5, 2**40, 2**63]) + chance.randrange(30),
    "equal": lambda _: 1_600_000_000_000_000,
    "u64": lambda chance: chance.choice([0, 2**64 - 2, chance.randrange(2**64 - 1)]),
}

SPLITTINGS = {
    "ours": OURS,
    "reference": REFERENCE,
    "jitter": Splitting(
        buckets=8, list_below=16, newest=16, pieces=32, jitter=random.Random(5).random
    ),
    "small": Splitting(buckets=2, list_below=2, newest=1, pieces=4),
}

splittings = st.sampled_from(list(SPLITTINGS))


def an_item(chance: random.Random, times: str) -> bytes:
    return key_of(TIMES[times](chance), chance.randbytes(32))


def two_sets(chance: random.Random, count: int, times: str, mix: str):
    ours, theirs = [], []
    only_ours, only_theirs = MIXES[mix]
    for _ in range(count):
        key, where = an_item(chance, times), chance.random()
        if where >= only_ours:
            theirs.append(key)
        if where < only_ours or where >= only_ours + only_theirs:
            ours.append(key)
    return Items(ours), Items(theirs)


@settings(max_examples=150, deadline=None)
@given(
    seed=SEEDS,
    count=st.sampled_from([0, 1, 2, 15, 16, 40, 300, 1500]),
    times=st.sampled_from(list(TIMES)),
    mix=st.sampled_from(list(MIXES)),
    frame=st.sampled_from([LEAST_FRAME, 5_000, 20_000, 1 << 20]),
    names=st.tuples(splittings, splittings),
)
@example(1, 1500, "equal", "disjoint", LEAST_FRAME, ("ours", "ours"))
@example(1, 1500, "equal", "disjoint", LEAST_FRAME, ("reference", "reference"))
def test_exactly_what_differs_is_found(seed, count, times, mix, frame, names):
    ours, theirs = names
    mine, other = two_sets(random.Random(seed), count, times, mix)
    initiator = Initiator(splitting=SPLITTINGS[ours], frame=frame)
    responder = Responder(splitting=SPLITTINGS[theirs], frame=frame)
    done = talk(mine, other, initiator, responder)
    assert done.have == ids(mine) - ids(other)
    assert done.need == ids(other) - ids(mine)
    assert max(map(len, done.messages)) <= frame
    assert done.rounds <= 8 + 6 * (len(mine) + len(other)) * 32 // (frame - 1_000)


@settings(max_examples=60, deadline=None)
@given(
    seed=SEEDS,
    times=st.sampled_from(list(TIMES)),
    mix=st.sampled_from(list(MIXES)),
    frame=st.sampled_from([LEAST_FRAME, 1 << 17]),
)
def test_sets_that_change_meanwhile_are_exact_in_the_next_quiet_run(
    seed, times, mix, frame
):
    chance = random.Random(seed)
    mine, other = two_sets(chance, 800, times, mix)
    ever = ids(mine) | ids(other)

    def change():
        for items in (mine, other):
            for _ in range(chance.randrange(20)):
                key = an_item(chance, times)
                items.insert(key)
                ever.add(key[8:])
            for _ in range(min(len(items), chance.randrange(20))):
                items.remove(items[chance.randrange(len(items))])

    initiator, responder = Initiator(frame=frame), Responder(frame=frame)
    noisy = talk(mine, other, initiator, responder, meanwhile=change)
    assert noisy.have | noisy.need <= ever
    quiet = talk(mine, other, initiator, responder)
    assert quiet.have == ids(mine) - ids(other)
    assert quiet.need == ids(other) - ids(mine)


def test_what_is_fetched_between_the_rounds_is_not_told_again():
    """A first sync: each round's needs are there before the next message is made."""
    mine, other = Items(), Items(spread(20_000))
    initiator, responder = Initiator(frame=1 << 15), Responder(frame=1 << 15)
    keys = {key[8:]: key for key in other}
    told = 0
    message = initiator.initiate(mine)
    while message is not None:
        step = initiator.reconcile(mine, responder.respond(other, message))
        told += len(step.need)
        mine.update(keys[one] for one in step.need)
        message = step.message
    assert list(mine) == list(other)
    assert told == len(other)


@pytest.mark.parametrize("limit", ["upper", "lower"])
def test_a_time_bound_on_both_sides_hides_what_lies_outside(limit):
    keys = spread(5_000)
    bound = keys[2_000][:8]
    inside = keys[2_000:] if limit == "lower" else keys[:2_000]
    mine, other = Items(keys[::2]), Items(keys[::3])
    if limit == "lower":
        mine, other = mine.between(bound), other.between(bound)
    else:
        mine, other = mine.between(b"", bound), other.between(b"", bound)
    done = talk(mine, other, Initiator(), Responder())
    assert done.have == ids(inside) & (ids(keys[::2]) - ids(keys[::3]))
    assert done.need == ids(inside) & (ids(keys[::3]) - ids(keys[::2]))


def test_what_we_show_makes_a_lasting_difference_cost_one_message():
    keys = spread(5_000)
    useless, refused = keys[100:120], keys[4_000:4_030]
    mine = Items(key for key in keys if key not in useless)
    other = Items(key for key in keys if key not in refused)
    before = talk(mine, other, Initiator(), Responder())
    assert (before.have, before.need) == (ids(refused), ids(useless))
    shown = mine.shown(useless=useless, refused=refused)
    after = talk(shown, other, Initiator(), Responder())
    assert (after.rounds, after.have, after.need) == (1, set(), set())


def test_a_list_of_the_peers_tells_no_id_twice():
    mine = Items()
    initiator = Initiator()
    initiator.initiate(mine)
    message = bytes.fromhex("61 00 00 02 03") + b"\x07" * 96
    assert initiator.reconcile(mine, message).need == [b"\x07" * 32]


# Cuts...


@given(st.integers(0, 5_000), splittings)
def test_cuts_are_in_order_from_end_to_end(count, name):
    splitting = SPLITTINGS[name]
    for cuts in (splitting.cuts(count), splitting.first_cuts(count)):
        if cuts:
            assert cuts == sorted(set(cuts))
            assert (cuts[0], cuts[-1]) == (0, count)
        else:
            assert count < splitting.list_below


def test_the_first_message_is_finest_where_the_newest_are():
    assert OURS.first_cuts(0) == []
    assert OURS.first_cuts(5) == [0, 5]
    assert OURS.first_cuts(100) == [0, 4, 20, 36, 52, 68, 84, 100]
    cuts = OURS.first_cuts(1_000_000)
    assert [1_000_000 - cut for cut in cuts[-6:]] == [496, 240, 112, 48, 16, 0]
    assert max(b - a for a, b in pairwise(cuts)) == 31_250
    assert len(cuts) == 43


def test_jitter_moves_the_cuts_and_not_the_ends():
    moved = SPLITTINGS["jitter"].first_cuts(10_000)
    assert moved != OURS.first_cuts(10_000)
    assert (moved[0], moved[-1]) == (0, 10_000)
