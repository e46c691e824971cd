"""What an event of a stream is, in whatever pieces it comes, and what is too much."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.errors import PeerMisbehaved
from esd.sync.event_reader import MOST_LINES, EventReader

TALE = (
    b"\xef\xbb\xbf\n"
    b"data: KEEPALIVE\n\n"
    b":a comment\n\n"
    b'data: {"a": 1}\nid: 00ff.12\n\n'
    b"data:without a space\r\rdata:  two\r\n\r\n"
    b"data: one\ndata: and two\n\n"
    b"event: message\ndata: named\n\n"
    b"data: half of it\nevent: void\n\n"
    b"event: other\ndata: of others\n\n"
    b"id: 7\n\n"
    b"retry: 3\nunknown: x\ndata\n\n"
    b"data: \xe2\x80\xa8\xc2\x85 is no end\n\n"
    b"data: last, and not ended\n"
)
TOLD = [
    *[b"KEEPALIVE", b'{"a": 1}', b"without a space", b" two", b"one\nand two"],
    *[b"named", b"", b"\xe2\x80\xa8\xc2\x85 is no end"],
]
ENDS = (b"\n", b"\r", b"\r\n")


def told(pieces):
    return feed_all(EventReader(), pieces)


def feed_all(reader, pieces):
    return [data for piece in pieces for data in reader.feed(piece)]


def cut(data, places):
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def test_a_stream_in_one_piece():
    assert told([TALE]) == TOLD


def test_a_stream_byte_by_byte():
    assert told(cut(TALE, range(1, len(TALE)))) == TOLD


@pytest.mark.parametrize("end", ENDS)
def test_a_stream_cut_at_every_place(end):
    tale = TALE.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", end)
    for place in range(len(tale)):
        assert told([tale[:place], b"", tale[place:]]) == TOLD


@given(
    st.lists(st.tuples(st.binary(max_size=9), st.sampled_from(ENDS)), max_size=9),
    st.sets(st.integers(0, 99)),
)
def test_cuts_mean_nothing(lines, places):
    tale = b"".join(b"data:" * (len(line) % 2) + line + end for line, end in lines)
    tale += b"\n\n"
    inside = {place for place in places if place < len(tale)}
    assert told(cut(tale, inside)) == told([tale])


@given(st.binary(max_size=500), st.sets(st.integers(0, 500)))
def test_random_bytes_are_read_or_refused(tale, places):
    inside = {place for place in places if place < len(tale)}
    whole = told([tale])
    assert told(cut(tale, inside)) == whole
    assert all(b"\r" not in data for data in whole)


@given(st.lists(st.text(max_size=30), max_size=9), st.sets(st.integers(0, 400)))
def test_what_a_server_says_is_what_is_read(texts, places):
    """As esd writes them: JSON has neither LF nor CR in it."""
    said = [repr(text).encode() for text in texts]
    tale = b"".join(b"data: %b\nid: 0.%d\n\n" % pair for pair in zip(said, range(9)))  # noqa: B905
    inside = {place for place in places if place < len(tale)}
    assert told(cut(tale, inside)) == said


def test_a_blank_line_after_a_cr_and_its_lf_counts():
    assert told([b"data: a\r", b"\n", b"\n"]) == [b"a"]
    assert told([b"data: a\r", b"\r"]) == [b"a"]
    assert told([b"data: a\r", b"\n", b"data: b\n\n"]) == [b"a\nb"]


def test_a_byte_order_mark_elsewhere_is_part_of_the_line():
    assert told([b"\xef\xbb", b"\xbfdata: a\n\n"]) == [b"a"]
    assert told([b"data: a\n\n\xef\xbb\xbfdata: b\n\n"]) == [b"a"]


@pytest.mark.parametrize("start", [b"data: ", b":", b"id: ", b"event: ", b"", b"data"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_line_without_end_is_refused(start, size):
    reader = EventReader(most=1_000)
    reader.feed(start)
    with pytest.raises(PeerMisbehaved, match="too long"):
        feed_all(reader, [b"x" * size] * (1_000 // size + 1))
    assert reader.held <= 1_000 + size


def test_an_event_of_long_lines_is_refused():
    reader = EventReader(most=1_000)
    with pytest.raises(PeerMisbehaved, match="too long"):
        feed_all(reader, [b"data: %b\n" % (b"x" * 100)] * 11)


def test_an_event_of_too_many_lines_is_refused():
    assert told([b"data\n" * MOST_LINES + b"\n"]) == [b"\n" * (MOST_LINES - 1)]
    with pytest.raises(PeerMisbehaved, match="too many lines"):
        told([b"data\n" * (MOST_LINES + 1)])


def test_what_is_passed_over_is_not_held():
    reader = EventReader(most=1_000)
    for _ in range(1_000):
        reader.feed(b":" + b"x" * 100 + b"\nevent: " + b"y" * 100 + b"\n")
    assert reader.held == 0


def test_what_was_sent_off_is_not_held():
    reader = EventReader()
    reader.feed(b"data: abc\n")
    assert reader.held == 3
    reader.feed(b"data: de")
    assert reader.held == 3 + len(b"data: de")
    reader.feed(b"\n\n")
    assert reader.held == 0


def cost(total, size):
    """CPU seconds of reading a line of *total* bytes in pieces of *size*."""
    line = b"data: " + b"x" * total + b"\n\n"
    pieces = [line[start : start + size] for start in range(0, len(line), size)]
    began = time.process_time()
    assert [len(data) for data in told(pieces)] == [total]
    return time.process_time() - began


@pytest.mark.parametrize("size", [1 << 16, 1 << 10, 7, 1])
def test_a_long_line_takes_time_in_step_with_its_length(size):
    """Eight times the length: were all that came looked at with each piece, it would be
    up to sixty-four times the work. How fast the machine is does not matter."""
    total = min(3_000_000, size * 50_000)
    short = min(cost(total, size) for _ in range(3))
    assert cost(8 * total, size) < 20 * short
