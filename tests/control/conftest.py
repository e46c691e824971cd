"""What the tests of the control API share."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path():
    """In memory where the machine has such a place: a disk's fsync decides nothing
    here, and each test opens a node's files. Short, too: sockets have short paths."""
    place = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(dir=place, prefix="esd-") as folder:
        yield Path(folder)
