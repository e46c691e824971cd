"""What others need for the same, beside which our numbers stand.

The reference is the C++ library of Negentropy with its own splitting, measured once
over sets of the same sizes whose items had timestamps of microseconds: its messages
alone, without HTTP. No method that names what differs by its id can need less than
those ids.
"""

from tests.bench.results import Row

ID = 32  # bytes
NEWEST, ANYWHERE = "newest", "anywhere"

# Round trips and bytes both ways, by how many items there are, differ, and where.
REFERENCE = {
    (10_000, 0, ""): (1, 397),
    (100_000, 1, NEWEST): (2, 2_000),
    (100_000, 1, ANYWHERE): (2, 2_000),
    (100_000, 10, NEWEST): (2, 1_900),
    (100_000, 10, ANYWHERE): (2, 15_000),
    (100_000, 100, NEWEST): (2, 3_500),
    (100_000, 100, ANYWHERE): (2, 118_000),
    (100_000, 1_000, NEWEST): (3, 21_000),
    (100_000, 1_000, ANYWHERE): (2, 797_000),
    (1_000_000, 0, ""): (1, 397),
    (1_000_000, 1, NEWEST): (3, 2_500),
    (1_000_000, 1, ANYWHERE): (3, 2_500),
    (1_000_000, 10, NEWEST): (3, 2_500),
    (1_000_000, 10, ANYWHERE): (3, 21_000),
    (1_000_000, 100, NEWEST): (3, 5_500),
    (1_000_000, 100, ANYWHERE): (3, 176_000),
    (1_000_000, 1_000, NEWEST): (3, 35_000),
    (1_000_000, 1_000, ANYWHERE): (3, 1_430_000),
}


def rows(work: str, size: int, count: int, where: str) -> list[Row]:
    """The reference's numbers, where it was measured, and the least of all."""
    found = []
    if (size, count, where) in REFERENCE:
        rounds, moved = REFERENCE[size, count, where]
        side = "reference C++, noted"
        found = [
            Row(work=work, side=side, runs=[rounds], unit="round trips"),
            Row(work=work, side=side, runs=[moved], unit="bytes"),
        ]
    least = ID * count
    return [*found, Row(work=work, side="32 a difference", runs=[least], unit="bytes")]
