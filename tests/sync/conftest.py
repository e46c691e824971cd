"""What the tests of the conversations share."""

import pytest

from tests.replica.memory import folder_in_memory


@pytest.fixture
def tmp_path():
    """In memory: what they write is read back at once, and no disk decides anything."""
    with folder_in_memory() as folder:
        yield folder
