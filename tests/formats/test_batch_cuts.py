"""The batch decoder as properties: where bytes are cut never shows; all is survived."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from esd.formats import encode
from tests.formats.bodies import (
    ODD_ELEMENTS,
    ODD_SPELLINGS,
    TEXTS,
    a_document,
    array,
    cut,
    decode,
)

# Elements and separators of all kinds, and how to cut them.
ELEMENTS = st.one_of(
    st.sampled_from(TEXTS[:5]),
    st.sampled_from([element for element, _ in ODD_ELEMENTS.values()][:6]),
    st.sampled_from(list(ODD_SPELLINGS.values())[:4]),
    st.text(max_size=8).map(lambda content: encode(a_document(7, content))),
)
SEPARATORS = st.sampled_from([b",", b",", b",", b" ,\n", b",\r\n\t "])


@st.composite
def bodies(draw):
    parts = [b"["]
    for number, element in enumerate(draw(st.lists(ELEMENTS, max_size=6))):
        parts += [draw(SEPARATORS), element] if number else [element]
    return b"".join([*parts, draw(st.sampled_from([b"]", b" ]\n"]))])


def cut_at(data, places):
    places = sorted({place % (len(data) + 1) for place in places})
    return [
        data[start:end]
        for start, end in zip([0, *places], [*places, len(data)], strict=True)
    ]


PLACES = st.lists(st.integers(0, 1 << 16), max_size=12)


@settings(deadline=None, max_examples=60)
@given(bodies(), PLACES)
def test_any_cut_gives_the_same_documents(body, places):
    whole = decode([body])
    assert whole[2]
    assert decode(cut_at(body, places)) == whole


@settings(deadline=None, max_examples=60)
@given(bodies(), PLACES, st.integers(0, 1 << 16), st.binary(max_size=4))
def test_any_cut_of_a_damaged_body_gives_the_same(body, places, place, damage):
    place %= len(body)
    damaged = body[:place] + damage + body[place + len(damage) :]
    assert decode(cut_at(damaged, places)) == decode([damaged])


@settings(deadline=None)
@given(st.binary(max_size=60), PLACES)
def test_random_bytes_are_decoded_or_malformed(data, places):
    assert decode(cut_at(data, places)) == decode([data])


JSONISH = st.lists(
    st.sampled_from(
        [b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"1", b"null", b" ", b"},{"]
    ),
    max_size=40,
).map(b"".join)


@settings(deadline=None, max_examples=200)
@given(JSONISH, PLACES)
def test_random_brackets_are_decoded_or_malformed(data, places):
    body = b"[" + data
    documents, rejected, well = decode([body])
    assert decode(cut_at(body, places)) == (documents, rejected, well)
    assert well == is_array(body)
    if well:
        assert len(documents) + rejected.total() == len(json.loads(body))


def is_array(body):
    try:
        return isinstance(json.loads(body), list)
    except ValueError:
        return False


def test_truncated_bodies_are_malformed():
    body = array(*TEXTS[:3], b"null")
    for end in range(len(body)):
        assert not decode([body[:end]])[2]


def test_the_same_damage_twice_is_the_same_answer():
    """Seeded noise over a real body: never another exception than MalformedBody."""
    noise = random.Random(1617235200)
    for _ in range(300):
        body = bytearray(array(*TEXTS[:4]))
        for _ in range(noise.randrange(1, 4)):
            body[noise.randrange(len(body))] = noise.randrange(256)
        assert decode([bytes(body)]) == decode(cut(bytes(body), 97))
