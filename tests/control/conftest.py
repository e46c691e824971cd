"""What the tests of the control API share."""

import pytest

from tests.replica.memory import folder_in_memory


@pytest.fixture
def tmp_path():
    """In memory: a disk's fsync decides nothing here, and each test opens a node's
    files. Its path is short, too, as those of sockets must be."""
    with folder_in_memory() as folder:
        yield folder
