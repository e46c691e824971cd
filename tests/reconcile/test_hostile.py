"""Peers that break the protocol, or keep it in the dearest way they can."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.errors import PeerMisbehaved
from esd.reconcile import FRAME, INFINITY, LEAST_FRAME, Initiator, Items, Responder
from esd.reconcile.fingerprints import fingerprint_of
from esd.reconcile.messages import IdList, Writer, decode
from esd.reconcile.telling import MOST_IDS
from tests.reconcile.sides import spread

ANY = 1 << 20  # ranges

KEYS = spread(20_000)
ITEMS = Items(KEYS)
MANY = Items(spread(200_000))


# Versions...


def test_a_responder_answers_another_version_with_its_own():
    for version in [0x60, *range(0x62, 0x70)]:
        assert Responder().respond(ITEMS, bytes([version]) + b"whatever") == b"\x61"


@pytest.mark.parametrize("message", [b"", b"\x00", b"\x5f", b"\x70", b"{}", b"\xff"])
def test_what_is_no_message_at_all_is_refused(message):
    with pytest.raises(PeerMisbehaved):
        Responder().respond(ITEMS, message)
    with pytest.raises(PeerMisbehaved):
        Initiator().reconcile(ITEMS, message)


@pytest.mark.parametrize("message", [b"\x60", b"\x62", b"\x62\x00\x00\x00"])
def test_an_initiator_stops_at_another_version(message):
    with pytest.raises(PeerMisbehaved, match="another version"):
        Initiator().reconcile(ITEMS, message)


def test_an_answer_that_says_nothing_is_the_end():
    assert Initiator().reconcile(ITEMS, b"\x61") == (None, [], [])
    assert Responder().respond(ITEMS, b"\x61") == b"\x61"


# Sizes...


@pytest.mark.parametrize("frame", [LEAST_FRAME, FRAME])
def test_a_message_over_the_frame_is_refused(frame):
    message = b"\x61" + bytes(frame)
    with pytest.raises(PeerMisbehaved) as caught:
        Responder(frame=frame).respond(ITEMS, message)
    assert caught.value.status_hint == 413
    with pytest.raises(PeerMisbehaved):
        Initiator(frame=frame).reconcile(ITEMS, message)


def test_a_frame_under_the_least_is_our_mistake():
    for role in (Initiator, Responder):
        with pytest.raises(AssertionError):
            role(frame=LEAST_FRAME - 1)


def everything(items: Items) -> bytes:
    """The fingerprint of a whole set."""
    return fingerprint_of(items.sum_before(len(items)), len(items))


@pytest.mark.parametrize("frame", [LEAST_FRAME, FRAME])
def test_five_bytes_that_ask_for_everything_get_a_frame_and_the_rest_as_a_fingerprint(
    frame,
):
    answer = Responder(frame=frame).respond(MANY, bytes.fromhex("6100000200"))
    assert frame - 400 <= len(answer) <= frame
    listed, rest = decode(answer, ANY)
    assert len(listed.ids) == MANY.position(listed.upper)
    assert rest.digest == everything(MANY.between(listed.upper))


def wrong_fingerprints(count: int) -> bytes:
    """A wrong one for each of that many ranges, all of them about as long."""
    writer = Writer()
    for number in range(1, count):
        writer.fingerprint(MANY[number * len(MANY) // count][:8], b"wrong" + bytes(11))
    writer.fingerprint(INFINITY, b"wrong" + bytes(11))
    return bytes(writer)


def test_twelve_thousand_wrong_fingerprints_do_not_fit_our_frame():
    with pytest.raises(PeerMisbehaved):
        Responder().respond(MANY, wrong_fingerprints(12_000))


@pytest.mark.parametrize("frame", [1 << 19, 1 << 20])
def test_twelve_thousand_wrong_fingerprints_are_answered_within_the_frame(frame):
    answer = Responder(frame=frame).respond(MANY, wrong_fingerprints(12_000))
    assert len(answer) <= frame


def test_as_many_wrong_fingerprints_as_fit_are_answered_in_part():
    message = wrong_fingerprints(5_500)
    assert FRAME - 8_000 < len(message) <= FRAME
    answer = decode(Responder().respond(MANY, message), ANY)
    assert len(answer) <= 1 + FRAME // 32
    assert answer[-1].upper == INFINITY
    assert answer[-1].digest == everything(MANY.between(answer[-2].upper))


def test_true_fingerprints_of_tiny_ranges_are_compared_only_so_long():
    writer = Writer()
    for number in range(1, 5_000):
        key = MANY[number]
        digest = fingerprint_of(int.from_bytes(MANY[number - 1][8:], "little"), 1)
        writer.fingerprint(key[:8], digest)
    message = bytes(writer)
    answer = decode(Responder().respond(MANY, message), ANY)
    assert len(answer) == 2
    told, rest = answer
    assert MANY.position(told.upper) == FRAME // 32
    assert rest.digest == everything(MANY.between(told.upper))


def test_a_message_of_empty_ranges_only_is_answered_in_part():
    lists = b"\x61" + bytes.fromhex("01000200") * 26_000
    answer = Responder().respond(MANY, lists)
    assert len(decode(answer, ANY)) <= 2 + FRAME // 32


def test_more_ranges_than_any_honest_message_has_are_refused():
    with pytest.raises(PeerMisbehaved, match="more than 26214 ranges"):
        Responder().respond(MANY, b"\x61" + bytes.fromhex("010000") * 26_215)


def test_ranges_after_infinity_are_answered_as_empty():
    message = bytes.fromhex("61 00000200 0a000200 000001") + bytes(16)
    answer = decode(Responder(frame=1 << 20).respond(ITEMS, message), ANY)
    assert [len(one.ids) for one in answer if isinstance(one, IdList)] == [20_000, 0, 0]


# An initiator's peers...


def test_a_peer_that_always_claims_differences_is_left():
    chance = random.Random(99)

    def claim() -> bytes:
        writer = Writer()
        writer.id_list(ITEMS[100], [chance.randbytes(32)])
        writer.fingerprint(INFINITY, chance.randbytes(16))
        return bytes(writer)

    initiator = Initiator(rounds=30)
    initiator.initiate(ITEMS)
    for _ in range(30):
        assert len(initiator.reconcile(ITEMS, claim()).need) == 1
    with pytest.raises(PeerMisbehaved, match="more rounds"):
        initiator.reconcile(ITEMS, claim())


def test_a_peer_that_says_it_has_nothing_does_not_make_us_list_everything_at_once():
    step = Initiator().reconcile(MANY, bytes.fromhex("6100000200"))
    assert not step.have
    assert len(step.message) < 400

    lists = Writer()
    for number in range(1, 20):
        lists.id_list(MANY[number * 10_000], [])
    step = Initiator().reconcile(MANY, bytes(lists))
    assert MOST_IDS < len(step.have) <= MOST_IDS + 10_000
    told, rest = decode(step.message, ANY)
    assert rest.digest == everything(MANY.between(told.upper))


def test_a_peer_that_repeats_our_own_message_comes_to_no_end_but_ours():
    initiator = Initiator(rounds=100)
    message = initiator.initiate(ITEMS)
    step = initiator.reconcile(ITEMS, message)
    assert step == (None, [], [])


@given(st.binary(max_size=2_000))
def test_random_bytes_are_answered_or_refused(rest):
    message = b"\x61" + rest
    try:
        answer = Responder().respond(ITEMS, message)
        step = Initiator().reconcile(ITEMS, message)
    except PeerMisbehaved:
        return
    assert len(answer) <= FRAME
    assert step.message is None or len(step.message) <= FRAME


@given(st.integers(0, 2**32))
def test_an_honest_message_with_wrong_bytes_is_answered_or_refused(seed):
    chance = random.Random(seed)
    message = bytearray(Initiator().initiate(ITEMS))
    for _ in range(chance.randrange(1, 4)):
        message[chance.randrange(1, len(message))] = chance.randrange(256)
    try:
        answer = Responder().respond(ITEMS, bytes(message))
        Initiator().reconcile(ITEMS, answer)
    except PeerMisbehaved:
        return
