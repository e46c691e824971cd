"""The grammar: whole, byte by byte, truncated, with bytes that do not belong there."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.errors import PeerMisbehaved
from esd.reconcile.keys import INFINITY, key_of, separating
from esd.reconcile.messages import (
    Fingerprint,
    IdList,
    Skip,
    Writer,
    decode,
)
from esd.reconcile.varints import MOST, decode_varint, encode_varint

MOST_RANGES = 1 << 15


def bound(timestamp: int, prefix: bytes = b"") -> bytes:
    return timestamp.to_bytes(8) + prefix


IDS = [bytes([n]) * 32 for n in range(1, 4)]
DIGEST = bytes(range(16))
RANGES = [
    Skip(bound(1_000)),
    Fingerprint(bound(1_000, b"\x01\x02"), DIGEST),
    IdList(bound(2**40, b"\xff" * 32), IDS),
    Fingerprint(bound(2**64 - 2), DIGEST),
    IdList(INFINITY, []),
]
MESSAGE = b"".join([
    b"\x61",
    bytes.fromhex("8769 00 00"),
    bytes.fromhex("01 02 0102 01"), DIGEST,
    bytes.fromhex("9ffffffff819 20"), b"\xff" * 32, bytes.fromhex("02 03"), *IDS,
    bytes.fromhex("81ffffffdfffffffff7f 00 01"), DIGEST,
    bytes.fromhex("00 00 02 00"),
])  # fmt: skip


def written(ranges) -> bytes:
    writer = Writer()
    for one in ranges:
        match one:
            case Skip(upper):
                writer.skip(upper)
            case Fingerprint(upper, digest):
                writer.fingerprint(upper, digest)
            case IdList(upper, ids):
                writer.id_list(upper, ids)
    return bytes(writer)


def test_a_message_is_written_as_the_grammar_says():
    assert written(RANGES) == MESSAGE


def test_a_message_is_read_as_it_was_written():
    assert decode(MESSAGE, MOST_RANGES) == RANGES


def test_every_beginning_of_a_message_is_fewer_ranges_or_refused():
    for length in range(1, len(MESSAGE)):
        try:
            ranges = decode(MESSAGE[:length], MOST_RANGES)
        except PeerMisbehaved:
            continue
        assert ranges == RANGES[: len(ranges)]
        # A skip at the end is implied, so it is not written.
        assert len(written(ranges)) in (length, length - 4)


def test_one_more_byte_is_a_range_cut_short():
    for byte in range(256):
        with pytest.raises(PeerMisbehaved):
            decode(MESSAGE + bytes([byte]), MOST_RANGES)


def test_a_skip_at_the_end_is_left_out():
    assert written(RANGES[:1]) == b"\x61"


def test_going_back_forgets_what_was_written_since():
    writer = Writer()
    writer.fingerprint(bound(5), DIGEST)
    writer.skip(bound(9))
    mark = writer.mark()
    writer.id_list(bound(77), IDS)
    writer.rewind(mark)
    writer.id_list(bound(12), [])
    expected = [Fingerprint(bound(5), DIGEST), Skip(bound(9)), IdList(bound(12), [])]
    assert decode(bytes(writer), MOST_RANGES) == expected


REFUSED = {
    "unknown mode": "61 0a 00 03",
    "mode over a byte": "61 0a 00 8100",
    "prefix longer than an id": "61 0a 21" + "00" * 33 + "00",
    "prefix of a huge length": "61 0a ffffffffff7f 00",
    "fingerprint cut short": "61 0a 00 01" + "00" * 15,
    "ids cut short": "61 0a 00 02 02" + "00" * 63,
    "a count of 2**63 ids": "61 0a 00 02 81808080808080808000" + "00" * 64,
    "a count over 64 bits": "61 0a 00 02 83808080808080808000",
    "varint of eleven bytes": "61 8080808080808080808001 00 00",
    "endless varint": "61" + "80" * 4000,
    "timestamp over 64 bits": "61 81ffffffffffffffff7f 00 00 0a 00 00",
    "backwards within a timestamp": "61 0a 01 05 00 01 01 04 00",
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED)
def test_what_breaks_the_grammar_is_refused(message):
    with pytest.raises(PeerMisbehaved):
        decode(bytes.fromhex(message), MOST_RANGES)


def test_more_ranges_than_any_honest_message_has_are_refused():
    most = b"\x61" + b"\x01\x00\x00" * MOST_RANGES
    assert len(decode(most, MOST_RANGES)) == MOST_RANGES
    with pytest.raises(PeerMisbehaved):
        decode(most + b"\x01\x00\x00", MOST_RANGES)


def test_ranges_after_infinity_are_empty_and_legal():
    after = bytes.fromhex("61 00 00 00 0a 00 00 05 01 07 02 00 00 00 01") + DIGEST
    assert [one.upper for one in decode(after, MOST_RANGES)] == [INFINITY] * 4


def test_zeros_at_the_end_of_a_bound_are_as_good_as_none():
    decode(bytes.fromhex("61 0a 02 0500 00 01 01 05 00 01 02 0500 00"), MOST_RANGES)


@given(st.binary(max_size=400))
def test_random_bytes_are_ranges_or_refused(rest):
    try:
        ranges = decode(b"\x61" + rest, MOST_RANGES)
    except PeerMisbehaved:
        return
    assert len(ranges) * 3 <= len(rest)


def test_a_message_with_one_wrong_byte_is_ranges_or_refused():
    for place in range(1, len(MESSAGE)):
        for flip in (0x01, 0x80, 0xFF):
            wrong = bytearray(MESSAGE)
            wrong[place] ^= flip
            with suppress(PeerMisbehaved):
                decode(bytes(wrong), MOST_RANGES)


# Varints...

VARINTS = {
    0: "00", 1: "01", 127: "7f", 128: "8100", 255: "817f", 16_383: "ff7f",
    16_384: "818000", 2**32: "9080808000", MOST: "81ffffffffffffffff7f",
}  # fmt: skip


@pytest.mark.parametrize(("number", "digits"), VARINTS.items())
def test_a_varint_has_its_most_significant_digit_first(number, digits):
    data = bytes.fromhex(digits)
    assert encode_varint(number) == data
    assert decode_varint(data, 0) == (number, len(data))
    assert decode_varint(b"\xff" + data + b"\xff", 1) == (number, 1 + len(data))
    for length in range(len(data)):
        with pytest.raises(PeerMisbehaved):
            decode_varint(data[:length], 0)


@given(st.integers(0, MOST))
def test_a_varint_is_read_as_it_was_written(number):
    data = encode_varint(number)
    assert decode_varint(data, 0) == (number, len(data))
    assert len(data) == max(1, -(-number.bit_length() // 7))


# Bounds between keys...


def test_timestamps_that_differ_need_no_id():
    before, after = key_of(5, b"\xff" * 32), key_of(6, bytes(32))
    assert separating(before, after) == bound(6)


def test_ids_are_told_apart_by_their_shortest_prefix():
    before, after = key_of(5, b"ab" + bytes(30)), key_of(5, b"ac" + bytes(30))
    assert separating(before, after) == bound(5, b"ac")
    last = key_of(5, bytes(31) + b"\x01")
    assert separating(key_of(5, bytes(32)), last) == last


def test_a_bound_separates():
    chance = random.Random(7)
    for _ in range(500):
        made = [key_of(chance.randrange(3), chance.randbytes(32)) for _ in range(2)]
        before, after = sorted(made)
        assert before < separating(before, after) <= after
