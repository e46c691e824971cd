"""The set of local indexes, against Python's own."""

from hypothesis import given
from hypothesis import strategies as st

from esd.replica import Marks

BLOCK = 1 << 15
NEAR_EDGES = st.builds(
    lambda block, off: max(0, block * BLOCK + off),
    st.integers(0, 5),
    st.integers(-9, 9),
)
INDEXES = st.one_of(st.integers(0, 100), NEAR_EDGES, st.integers(0, 2**63 - 1))


@given(st.lists(INDEXES), st.lists(INDEXES))
def test_marks_are_a_set(added, asked):
    marks, expected = Marks(), set(added)
    for index in added:
        marks.add(index)
    assert len(marks) == len(expected)
    assert [index in marks for index in added + asked] == [
        index in expected for index in added + asked
    ]


def test_neighbours_are_told_apart():
    marks = Marks()
    for index in range(0, 2 * BLOCK, 2):
        marks.add(index)
    assert [index for index in range(2 * BLOCK) if index in marks] == list(
        range(0, 2 * BLOCK, 2)
    )


def test_a_dense_set_takes_a_byte_for_eight():
    marks = Marks()
    for index in range(4 * BLOCK):
        marks.add(index)
    assert sum(map(len, marks._blocks.values())) == len(marks) // 8
