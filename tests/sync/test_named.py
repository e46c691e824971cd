"""How many documents a peer that speaks ours may name."""

import pytest

from esd.errors import PeerMisbehaved
from esd.formats import Halves
from esd.sync import Direction
from esd.sync.efficient import MOST_NAMED, _Comparison
from esd.sync.line import Line
from esd.sync.talk import Report
from esd.sync.terms import Terms
from tests.replicas import a_replica
from tests.sync.easy_side import LATER, Side

HASH = b"h" * 32


async def test_names_without_end_are_no_workspace(tmp_path):
    with a_replica(tmp_path) as replica:
        terms = Terms(Halves(), Halves(), ("es.4",), LATER)
        line = Line(Side(replica, None).talk(), None, "", terms)
        comparison = _Comparison(line, Direction.PUSH, Report())
        await comparison._take([], [])
        with pytest.raises(PeerMisbehaved, match="more documents than a workspace"):
            await comparison._take([], [HASH] * (MOST_NAMED + 1))
