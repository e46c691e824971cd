"""A peer's list of heads, in whatever pieces it comes, and whatever is in it."""

import json
import random
from contextlib import aclosing

import pytest

from esd.errors import PeerMisbehaved
from esd.sync.exchange import Reply
from esd.sync.graphql import heads
from esd.sync.graphql.heads import HeadList, Wants
from tests.replicas import a_replica

MANY = 3 * heads.PORTION // 100
WANTS = {"pathPrefixes": ["/a"], "versionsByAuthors": None}
CUTS = [1, 7, 1_000, 65_536, 1 << 30]


def a_head(number):
    return {
        "p": f"/wiki/{number}",
        "t": 1_700_000_000_000_000 + number,
        "s": f"b{number:050}",
        "a": {"a": "@suzy.b"},
    }


def an_answer(heads):
    data = {"syncFilters": WANTS, "workspace": {"heads": heads}}
    return json.dumps({"data": data}, separators=(",", ":")).encode() + b"\n"


async def read(folder, text, cut=1 << 30):
    """The list, and all heads in it."""

    async def pieces():
        for start in range(0, len(text), cut):
            yield text[start : start + cut]

    class Talking:
        pass

    with a_replica(folder) as replica:
        talk = Talking()
        talk.replica = replica
        async with aclosing(pieces()) as source:
            listed = HeadList(talk, Reply(200, {}, source))
            async with aclosing(listed.portions()) as portions:
                heads = [head async for portion in portions for head in portion]
        return listed, heads


@pytest.mark.parametrize("cut", CUTS)
async def test_it_is_the_same_in_whatever_pieces(cut, tmp_path):
    count = MANY if cut > 1_000 else 50
    listed, heads = await read(tmp_path, an_answer([*map(a_head, range(count))]), cut)
    assert [head.path for head in heads] == [f"/wiki/{n}" for n in range(count)]
    assert listed.wants == Wants(("/a",), None)
    assert listed.holds_workspace


async def test_a_path_named_twice_is_one_head(tmp_path):
    _, heads = await read(tmp_path, an_answer([a_head(1), a_head(1)]))
    assert len(heads) == 1


@pytest.mark.parametrize("odd", [None, {}, a_head(2) | {"t": 1_700_000_000_000_000.5}])
async def test_what_we_could_not_take_is_passed_over(odd, tmp_path):
    _, heads = await read(tmp_path, an_answer([a_head(1), odd, a_head(3)]))
    assert [head.path for head in heads] == ["/wiki/1", "/wiki/3"]


async def test_a_timestamp_is_whole_however_it_is_spelled(tmp_path):
    text = an_answer([a_head(0)]).replace(b"1700000000000000", b"1.7e15")
    _, (head,) = await read(tmp_path, text)
    assert head.rank.startswith("1700000000000000,")


async def test_what_is_not_unicode_spoils_nothing(tmp_path):
    text = an_answer([a_head(0), a_head(1)]).replace(b"/wiki/0", b"/\\ud800\xff")
    _, heads = await read(tmp_path, text)
    assert [head.path for head in heads] == ["/\ufffd\ufffd", "/wiki/1"]


async def test_a_head_without_end_is_not_waited_for(tmp_path):
    text = an_answer([a_head(0) | {"p": "x" * 3_000_000}])
    with pytest.raises(PeerMisbehaved):
        await read(tmp_path, text, 65_536)


@pytest.mark.parametrize("seed", range(60))
async def test_random_damage_is_the_peers_fault(seed, tmp_path):
    chance = random.Random(seed)
    text = bytearray(an_answer([*map(a_head, range(20))]))
    for _ in range(chance.choice([1, 3, 30])):
        text[chance.randrange(len(text))] = chance.randrange(256)
    try:
        _, heads = await read(tmp_path, bytes(text), chance.choice(CUTS))
    except PeerMisbehaved:
        return
    assert len(heads) <= 20
