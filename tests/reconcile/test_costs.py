"""What a reconciliation costs on the wire: rounds and bytes, at up to a million items.

What the reference's splitting costs was measured with the reference; ours beats it.
"""

import pytest

from esd.reconcile import OURS, REFERENCE, Initiator, Items, Responder
from tests.reconcile.sides import anywhere, newest, spread, talk

WHERE = {"newest": newest, "anywhere": anywhere}

# items, how many differ, where: at most so many rounds, and bytes within 6 %
BY_THE_REFERENCE = [
    (10_000, 0, "anywhere", 1, 397),
    (100_000, 1, "newest", 2, 2_000),
    (100_000, 1, "anywhere", 2, 2_000),
    (100_000, 10, "newest", 2, 2_000),
    (100_000, 10, "anywhere", 2, 15_000),
    (100_000, 100, "newest", 2, 3_500),
    (100_000, 100, "anywhere", 2, 118_000),
    (100_000, 1_000, "anywhere", 2, 797_000),
]

# the same: at most so many rounds and bytes
BY_OURS = [
    (10_000, 0, "anywhere", 1, 900),
    (10_000, 1, "newest", 2, 1_200),
    (10_000, 100, "anywhere", 3, 60_000),
    (100_000, 0, "anywhere", 1, 1_000),
    (100_000, 1, "newest", 2, 1_300),
    (100_000, 10, "anywhere", 3, 12_000),
    (100_000, 100, "newest", 2, 5_000),
    (100_000, 100, "anywhere", 3, 90_000),
    (100_000, 1_000, "newest", 3, 27_000),
    (1_000_000, 0, "anywhere", 1, 1_050),
    (1_000_000, 1, "newest", 2, 1_400),
    (1_000_000, 10, "newest", 2, 1_700),
    (1_000_000, 100, "newest", 2, 6_000),
    (1_000_000, 1, "anywhere", 3, 2_200),
    (1_000_000, 100, "anywhere", 3, 90_000),
]


@pytest.fixture(scope="module")
def a_set():
    """Return sets by their size; each is built once and never changed."""
    made = {}

    def made_once(count):
        if count not in made:
            made[count] = Items(spread(count))
        return made[count]

    return made_once


def differing(items: Items, count: int, where: str) -> tuple[Items, Items]:
    """Half of what differs is ours alone, half theirs."""
    keys = WHERE[where](count)
    return (
        items.shown(useless=keys[1::2], refused=[]),
        items.shown(useless=keys[::2], refused=[]),
    )


@pytest.mark.parametrize(("count", "d", "where", "rounds", "size"), BY_THE_REFERENCE)
def test_the_references_splitting_costs_what_was_measured(
    a_set, count, d, where, rounds, size
):
    sides = differing(a_set(count), d, where)
    frame = 1 << 24
    done = talk(
        *sides,
        Initiator(splitting=REFERENCE, frame=frame),
        Responder(splitting=REFERENCE, frame=frame),
    )
    assert len(done.have | done.need) == d
    assert done.rounds <= rounds
    assert done.size == pytest.approx(size, rel=0.06)


@pytest.mark.parametrize(("count", "d", "where", "rounds", "size"), BY_OURS)
def test_our_splitting_costs_at_most(a_set, count, d, where, rounds, size):
    done = talk(*differing(a_set(count), d, where), Initiator(), Responder())
    assert len(done.have | done.need) == d
    assert done.rounds <= rounds
    assert done.size <= size


def test_an_empty_side_costs_32_bytes_a_document(a_set):
    done = talk(Items(), a_set(100_000), Initiator(), Responder())
    assert len(done.need) == 100_000
    assert done.size <= 33 * 100_000
    assert done.rounds <= 30


def test_a_responder_with_nothing_costs_next_to_nothing(a_set):
    done = talk(a_set(100_000), Items(), Initiator(), Responder())
    assert len(done.have) == 100_000
    assert done.size <= 10_000


def test_a_small_set_that_did_not_change_costs_a_fingerprint():
    for count in range(1, 16):
        items = Items(spread(count))
        done = talk(items, items, Initiator(splitting=OURS), Responder())
        assert (done.rounds, done.size) == (1, 21)
