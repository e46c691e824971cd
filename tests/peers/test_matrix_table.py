"""What the README says we work with is what the matrix tries, and all of it works."""

from tests.peers.matrix import CELLS, ROWS
from tests.peers.matrix_stage import Way
from tests.peers.matrix_table import README, shown_in, table


def test_the_readme_shows_what_the_matrix_declares() -> None:
    assert shown_in(README.read_text()) == table(set(CELLS)), (
        "run python -m tests.peers.matrix_table"
    )


def test_a_cell_that_failed_is_shown_as_such() -> None:
    (row,) = [row for row in ROWS if row.program == "esd"]
    failed = row.cell_id(Way.LIVE)
    (line,) = [
        line
        for line in table(set(CELLS) - {failed}).splitlines()
        if line.startswith("| esd |")
    ]
    assert line.endswith(" ✓ | ✓ | ✓ | ✓ | ✗ |")


def test_each_program_is_there_in_both_directions_or_with_a_reason() -> None:
    """A client is called by nobody, and a pub calls nobody."""
    served = {Way.IT_PULLS, Way.IT_PUSHES}
    called = {Way.ESD_PULLS, Way.ESD_PUSHES}
    for row in ROWS:
        ways = set(row.cells) - {Way.LIVE}
        expected = {
            "earthstar": served,
            "earthstar-pub": called,
            "earthstar-graphql": served | called,
            "esd": served | called,
        }
        assert ways == expected[row.program.partition(" ")[0]]
