"""What is not Unicode becomes U+FFFD, and costs no more than its bytes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.formats import InvalidDocument
from esd.formats.mending import MOST_MENDED, STRETCH, mend

PARTS = [
    *(r"\\", r"\"", r"\n", "x", "é", "\U0001f41d", r"\u0041", "u", "ud83d", "dc1d"),
    *(r"\ud83d", r"\uDC1D", r"\ud83d\udc1d", r"\uDBFF", r"\udfff"),
]


def as_javascript_reads_it(text):
    return re.sub("[\ud800-\udfff]", "\ufffd", json.loads(text))


@given(st.lists(st.sampled_from(PARTS)).map("".join))
def test_lone_surrogates_are_replaced(inside):
    text = f'"{inside}"'
    assert json.loads(mend(text.encode())) == as_javascript_reads_it(text)


@pytest.mark.parametrize("shift", range(12))
@pytest.mark.parametrize("unit", [r"\ud83d\udc1d", r"\ud83d", "\\\\", r"a\udc1d", "é"])
def test_where_a_stretch_ends_makes_no_difference(unit, shift):
    text = '"' + "x" * shift + unit * (STRETCH // 4) + '"'
    assert json.loads(mend(text.encode())) == as_javascript_reads_it(text)


@given(st.binary())
def test_bytes_that_are_not_utf_8_are_replaced(data):
    data = data.replace(b"\\", b"")
    text = b"x" * (STRETCH - 2) + data
    assert mend(text) == text.decode("utf-8", "replace").encode()


@pytest.mark.parametrize("unit", [rb"\ud800", b"\xff"])
def test_more_than_a_valid_content_can_hold_is_not_mended(unit):
    assert mend(unit * MOST_MENDED)
    with pytest.raises(InvalidDocument):
        mend(unit * (MOST_MENDED + 1))
