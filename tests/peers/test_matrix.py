"""Each program, each way: what the README says it works with."""

from pathlib import Path

import pytest
import trio

from tests.peers.matrix import CELLS
from tests.peers.matrix_stage import Stage

pytestmark = pytest.mark.usefixtures("peers")


@pytest.mark.parametrize("cell", CELLS)
async def test_it_works_with(cell: str, nursery: trio.Nursery, tmp_path: Path) -> None:
    await CELLS[cell](Stage(nursery=nursery, folder=tmp_path))
