"""The ordered set against the plain one: a sorted list of keys."""

import random
from bisect import bisect_left
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esd.reconcile.fingerprints import LANES, fingerprint_of, sum_of_ids
from esd.reconcile.items import CHUNK, Items
from esd.reconcile.keys import INFINITY, ZERO, key_of
from esd.reconcile.varints import encode_varint
from tests.reconcile.sides import spread


def crowded(chance: random.Random, count: int) -> list[bytes]:
    """Keys of few timestamps, some of them with ids that begin alike."""
    return [
        key_of(
            chance.choice([0, 1, 7, 2**40, 2**64 - 2]),
            chance.choice([b"", b"\0", b"\xff\xff"]).ljust(2) + chance.randbytes(30),
        )
        for _ in range(count)
    ]


def check_same(items: Items, expected: list[bytes], chance: random.Random) -> None:
    """Everything that can be asked of *items* is as for the sorted list."""
    assert list(items) == expected
    assert len(items) == len(expected)
    for _ in range(8):
        bound = chance.choice([*crowded(chance, 3), ZERO, INFINITY, *expected[:1]])
        bound = bound[: chance.randrange(8, 41)]
        assert items.position(bound) == bisect_left(expected, bound)
        first, last = sorted(chance.choices(range(len(expected) + 1), k=2))
        between = expected[first:last]
        assert items.ids(first, last) == [key[8:] for key in between]
        id_sum = sum(int.from_bytes(key[8:], "little") for key in between)
        assert items.sum_before(last) - items.sum_before(first) == id_sum
        assert items.sum_between(first, last) == id_sum
        if between:
            assert items[first] == between[0]
            assert between[0] in items
        assert chance.randbytes(40) not in items


SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.sampled_from([0, 1, 2, 50, LANES, LANES + 1, 1000]))
def test_a_set_is_built_from_keys_in_any_order(seed, count):
    chance = random.Random(seed)
    keys = crowded(chance, count)
    check_same(Items(keys + keys[:10]), sorted(set(keys)), chance)
    check_same(Items(iter(sorted(keys))), sorted(set(keys)), chance)


@settings(max_examples=50)
@given(SEEDS, st.sampled_from([1, 30, 700]))
def test_a_set_follows_what_is_inserted_or_removed(seed, count):
    chance = random.Random(seed)
    held = set(crowded(chance, count))
    items = Items(held)
    for _ in range(4):
        for key in crowded(chance, chance.choice([1, 20, 300])):
            assert items.insert(key) is (key not in held)
            held.add(key)
        for key in chance.sample(sorted(held), len(held) * chance.randrange(5) // 4):
            assert items.remove(key)
            assert not items.remove(key)
            held.remove(key)
        check_same(items, sorted(held), chance)


def test_a_set_that_was_emptied_is_as_new():
    keys = spread(1_000)
    items = Items(keys)
    for key in keys:
        items.remove(key)
    assert len(items) == 0
    assert items.position(keys[0]) == 0
    assert items.sum_before(0) == 0
    assert items.insert(keys[0])
    assert list(items) == keys[:1]


def test_pages_in_order_are_added_as_they_come():
    keys = spread(CHUNK + 5_000)
    items = Items()
    for begin in range(0, len(keys), 777):
        items.update(keys[begin : begin + 777])
    assert list(items) == keys
    assert list(Items(keys)) == keys


@given(SEEDS, st.sampled_from([0, 1, 40, 1000]))
def test_a_slice_is_a_set_of_its_own(seed, count):
    chance = random.Random(seed)
    keys = sorted(set(crowded(chance, count)))
    items = Items(keys)
    bounds = [key[: chance.randrange(8, 41)] for key in crowded(chance, 2)]
    lower, upper = sorted(bounds)
    inside = [key for key in keys if lower <= key < upper]
    part = items.between(lower, upper)
    check_same(part, inside, chance)
    check_same(items.between(lower), [key for key in keys if key >= lower], chance)
    assert list(items.between(upper, lower)) == [] or lower == upper
    part.update(keys)
    check_same(part, keys, chance)
    check_same(items, keys, chance)


@given(SEEDS, st.sampled_from([0, 1, 40, 1000]))
def test_what_is_shown_stays_as_it_was_when_the_set_moves_on(seed, count):
    chance = random.Random(seed)
    keys = sorted(set(crowded(chance, count)))
    useless, refused = crowded(chance, 30), chance.sample(keys, count // 10)
    items = Items(keys)
    shown = items.shown(useless=useless, refused=refused)
    check_same(items, keys, chance)
    for key in keys[: count // 2]:
        items.remove(key)
    check_same(items, keys[count // 2 :], chance)
    check_same(shown, sorted(set(keys) - set(refused) | set(useless)), chance)


def test_a_set_shares_its_keys_with_what_it_shows():
    items = Items(spread(2_000))
    shown = items.shown(useless=[key_of(0, bytes(32))], refused=[])
    shared = {id(block) for block in items._blocks.packed}
    assert sum(id(block) not in shared for block in shown._blocks.packed) == 1


def test_removing_most_items_leaves_no_crumbs():
    keys = spread(5_000)
    items = Items(keys)
    for number, key in enumerate(keys):
        if number % 25:
            items.remove(key)
    assert len(items) == 200
    assert len(items._blocks) <= 200 * 8 // LANES


@pytest.mark.parametrize("key", [bytes(39), INFINITY + bytes(32)])
def test_what_is_no_key_is_our_mistake(key):
    with pytest.raises(AssertionError):
        Items([key])
    with pytest.raises(AssertionError):
        Items().insert(key)


# Fingerprints...


@given(SEEDS, st.integers(0, LANES))
def test_many_ids_at_a_time_add_up_to_the_same(seed, count):
    packed = random.Random(seed).randbytes(40 * count)
    ids = [packed[i + 8 : i + 40] for i in range(0, len(packed), 40)]
    assert sum_of_ids(packed) == sum(int.from_bytes(one, "little") for one in ids)


def test_the_largest_ids_do_not_spill_into_each_other():
    assert sum_of_ids(b"\xff" * 40 * LANES) == LANES * (2**256 - 1)


def test_a_fingerprint_is_the_hash_of_the_sum_modulo_2_to_the_256_and_the_count():
    id_sum = 3 * (2**256 - 1)
    summed = (2**256 - 3).to_bytes(32, "little")
    assert fingerprint_of(id_sum, 300) == sha256(summed + b"\x82\x2c").digest()[:16]
    assert encode_varint(300) == b"\x82\x2c"
