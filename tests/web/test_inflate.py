"""Inflating three ways (whole, by bytes, with a tail), and every way to abuse it."""

import gzip
import random
import zlib
from contextlib import suppress

import pytest

from esd.errors import PeerMisbehaved
from esd.web import CorruptBody, Inflater, TooLarge, deflate_gzip
from esd.web.inflate import PIECE

PLAIN = b"".join(b"%d bees and %d flowers;" % (n, n * n) for n in range(2000))
LIMIT = 10_000_000


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


PACKED = {
    "identity": PLAIN,
    "gzip": gzip.compress(PLAIN),
    "deflate": zlib.compress(PLAIN),
    "raw deflate": raw_deflate(PLAIN),
    "stored": zlib.compress(PLAIN, level=0),
}


def inflate(encoding, data, limit=LIMIT, step=0):
    inflater = Inflater(encoding.rpartition(" ")[2].replace("stored", "deflate"), limit)
    pieces = []
    for at in range(0, len(data), step or max(len(data), 1)):
        pieces += inflater.feed(data[at : at + (step or len(data))])
    inflater.finish()
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("step", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("encoding", PACKED)
def test_what_was_packed_comes_out_in_whatever_steps(encoding, step):
    assert inflate(encoding, PACKED[encoding], step=step) == PLAIN


@pytest.mark.parametrize("encoding", PACKED)
def test_nothing_is_nothing(encoding):
    assert inflate(encoding, b"") == b""


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
@pytest.mark.parametrize("kept", [1, 2, 5, -1])
def test_a_cut_body_is_corrupt(encoding, kept):
    with pytest.raises(CorruptBody):
        inflate(encoding, PACKED[encoding][:kept])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
@pytest.mark.parametrize("step", [0, 1])
def test_a_tail_is_corrupt(encoding, step):
    with pytest.raises(CorruptBody):
        inflate(encoding, PACKED[encoding] + b"x", step=step)


def test_a_second_gzip_member_is_corrupt():
    with pytest.raises(CorruptBody):
        inflate("gzip", PACKED["gzip"] * 2)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, raw_deflate])
def test_a_bomb_stops_at_the_limit(pack):
    encoding = "gzip" if pack is gzip.compress else "deflate"
    inflater = Inflater(encoding, 1_000_000)
    sizes = []
    with pytest.raises(TooLarge):
        sizes.extend(map(len, inflater.feed(pack(bytes(30_000_000)))))
    assert max(sizes) <= PIECE
    assert sum(sizes) <= 1_000_000


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
def test_a_body_at_the_limit_is_taken(encoding):
    data = random.Random(1).randbytes(1000) if encoding == "identity" else bytes(1000)
    packed = {"identity": data, "gzip": gzip.compress(data)}.get(encoding)
    assert len(inflate(encoding, packed or zlib.compress(data), limit=1000)) == 1000
    with pytest.raises(TooLarge):
        inflate(encoding, packed or zlib.compress(data), limit=999)


def test_empty_blocks_without_end_are_counted_too():
    """They inflate to nothing, so only what comes in can bound them."""
    inflater = Inflater("deflate", 10_000)
    list(inflater.feed(zlib.compress(b"")[:2]))
    empty = b"\x00\x00\x00\xff\xff"
    with pytest.raises(TooLarge):
        assert not [piece for _ in range(10_000) for piece in inflater.feed(empty)]


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd", "gzip;q=1"])
def test_an_unknown_encoding_is_415(encoding):
    with pytest.raises(PeerMisbehaved) as caught:
        Inflater(encoding, LIMIT)
    assert caught.value.status_hint == 415


@pytest.mark.parametrize("encoding", ["", "identity", "GZIP", " gzip ", "x-gzip"])
def test_a_known_encoding_has_many_spellings(encoding):
    Inflater(encoding, LIMIT)


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_damage_is_noticed_or_harmless(encoding, seed):
    dice = random.Random(seed)
    damaged = bytearray(PACKED[encoding])
    damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    with suppress(CorruptBody, TooLarge):
        inflate(encoding, bytes(damaged), step=dice.choice([0, 1, 100]))


def test_what_we_deflate_is_gzip_of_the_same_bytes_each_time():
    assert gzip.decompress(deflate_gzip(PLAIN)) == PLAIN
    assert deflate_gzip(PLAIN) == deflate_gzip(PLAIN)
    assert len(deflate_gzip(PLAIN)) < len(PLAIN) / 3
