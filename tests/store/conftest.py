"""What the tests of the store share."""

from contextlib import closing

import pytest

from esd.store import create_replica_file
from tests.replicas import GARDEN


@pytest.fixture
def file(tmp_path):
    with closing(create_replica_file(tmp_path / "ws-a.db", GARDEN)) as file:
        yield file
