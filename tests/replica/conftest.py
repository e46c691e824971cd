"""What the tests of a replica share."""

import pytest

from tests.replica.memory import folder_in_memory


@pytest.fixture
def tmp_path():
    with folder_in_memory() as folder:
        yield folder
