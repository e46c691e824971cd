"""A pub, and whatever a test does with it: no log line names a workspace."""

import logging

import pytest

from tests.pub.serving import SECRET, serving
from tests.replica.memory import folder_in_memory


@pytest.fixture
def tmp_path():
    with folder_in_memory() as folder:
        yield folder


@pytest.fixture
def pub(tmp_path):
    with serving(tmp_path) as served:
        yield served


@pytest.fixture(autouse=True)
def _quiet_logs(caplog):
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        assert SECRET not in record.getMessage() + str(record.args)
        assert SECRET not in (record.exc_text or "")
