"""A folder in memory: for tests that are not about the disk, and would wait for it."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = "/dev/shm"


@contextmanager
def folder_in_memory():
    """Where the machine has no such place, on the disk after all."""
    place = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)
