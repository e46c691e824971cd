"""Lines, however they are cut into pieces and however they end."""

from contextlib import aclosing

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from esd.errors import PeerMisbehaved
from esd.formats import Reason, encode
from esd.replica import LARGE, lines_of, read_lines
from esd.replica.large import NoTurn, Turns, make_turns
from tests.replica.signed import documents
from tests.replica.test_intake import pieces_of
from tests.replicas import a_document

LINES = [b'{"a":1}', b"x", b"y" * 300, b"\xc3\xa9"]
TEXT = b"\n".join(LINES) + b"\n"


async def groups(data, size=1 << 16, failure=None, turns=None, **over):
    found = []
    pieces = pieces_of(data, size, failure)
    async with (
        aclosing(pieces),
        aclosing(lines_of(pieces, turns or make_turns(), **over)) as lines,
    ):
        async for group in lines:
            assert group
            found.append(group)
    return found


async def drain(groups, found):
    async for group in groups:
        found += group


async def lines(*args, **over):
    return [line for group in await groups(*args, **over) for line in group]


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1 << 20])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n", b"\r\n\n"])
@pytest.mark.parametrize("tail", [b"", b"\n", b"\r"])
async def test_lines_of_pieces_of_any_size(size, ending, tail):
    assert await lines(ending.join(LINES) + tail, size) == LINES


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\r\n"])
async def test_no_lines(data):
    assert await groups(data, 1) == []


async def test_a_carriage_return_inside_a_line_is_part_of_it():
    assert await lines(b"a\rb\n\rc\r\r\n") == [b"a\rb", b"\rc\r"]


async def test_groups_are_worth_a_threads_while():
    found = await groups(TEXT * 4000, 1000)
    sizes = [sum(len(line) + 1 for line in group) for group in found]
    assert sum(sizes) == len(TEXT) * 4000
    assert all(256 << 10 <= size < (256 << 10) + 1400 for size in sizes[:-1])


async def test_what_came_before_a_failure_comes_before_it():
    found = []
    failure = PeerMisbehaved("it hung up")
    async with aclosing(pieces_of(TEXT + b"half", 5, failure)) as pieces:
        with pytest.raises(PeerMisbehaved) as raised:
            await drain(lines_of(pieces, make_turns()), found)
    assert raised.value is failure
    assert found == LINES, "and nothing that has no end"


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nmore\n"])
async def test_a_line_that_is_too_long(size, end):
    found = []
    async with aclosing(pieces_of(b"a\nb\n" + b"x" * 101 + end, size)) as pieces:
        with pytest.raises(PeerMisbehaved, match="too long") as raised:
            await drain(lines_of(pieces, make_turns(), most_line=100), found)
    assert raised.value.status_hint == 413
    assert found == [b"a", b"b"]


async def test_a_line_as_long_as_may_be():
    assert await lines(b"x" * 100 + b"\r\n", 30, most_line=101) == [b"x" * 100]


async def test_a_line_without_an_end_is_not_waited_for():
    async def endless():
        while True:
            await trio.lowlevel.checkpoint()
            yield b"x" * 60_000

    async with aclosing(endless()) as pieces:
        with pytest.raises(PeerMisbehaved, match="too long"):
            await anext(lines_of(pieces, make_turns(), most_line=1_000_000))


LONG = b"x" * (LARGE + 100_000)


async def test_a_long_line_needs_a_turn_until_more_is_asked_for():
    turns = make_turns()
    data = LONG + b"\n" + TEXT * 1000
    async with aclosing(pieces_of(data, 50_000)) as pieces:
        found = lines_of(pieces, turns)
        async with aclosing(found):
            group = await anext(found)
            assert (group[0], turns.free) == (LONG, 1)
            await anext(found)
            assert turns.free == 2


async def test_what_stands_before_a_long_line_does_not_wait_for_its_turn(
    autojump_clock,
):
    turns = Turns(0)
    async with aclosing(pieces_of(TEXT + LONG, 50_000)) as pieces:
        found = lines_of(pieces, turns)
        async with aclosing(found):
            assert await anext(found) == LINES
            with pytest.raises(NoTurn):
                await anext(found)


async def test_a_turn_is_given_back_however_it_ends():
    turns = make_turns()
    with pytest.raises(PeerMisbehaved):
        await groups(LONG, failure=PeerMisbehaved("gone"), turns=turns)
    assert turns.free == 2

    async def stuck():
        yield LONG
        await trio.sleep_forever()

    async def read():
        async with aclosing(stuck()) as pieces:
            async with aclosing(lines_of(pieces, turns)) as found:
                await anext(found)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        assert turns.free == 1
        nursery.cancel_scope.cancel()
    assert turns.free == 2


def test_each_line_is_a_document_or_why_it_is_none():
    one, other = documents(2)
    read = read_lines([encode(one), b"{", b"7", b'{"format":"es.9"}', encode(other)])
    assert read == [one, *2 * [Reason.MALFORMED], Reason.FORMAT, other]


def test_no_bytes_are_too_odd_to_be_read():
    odd = [b"\xff", b"\x00", b"[" * 100_000, b'"', b"{}" * 3, encode(a_document())[:-1]]
    assert all(isinstance(one, Reason) for one in read_lines(odd))
