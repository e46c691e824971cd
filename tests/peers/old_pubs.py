"""earthstar-pub as it was before version 6: npm has none of those.

What answers here is not their program but an account of it (old_pub.js): what they were
seen to say, over the storage and the validators of the real earthstar of their day, and
behind the same Express. So what they take, in what format and how much of it, is what
they took.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.peers.installed import FOLDER
from tests.peers.processes import node_server
from tests.peers.pub import RealPub

__all__ = ["WITH_ES3_ONLY", "WITH_STREAMS", "old_pub"]

WITH_ES3_ONLY = "2.0.2"
"""Of June 2020: es.3, bodies of 100 KiB, no stream."""

WITH_STREAMS = "5.6.2"
"""Of October 2020: es.4, bodies of 10 MiB."""


@asynccontextmanager
async def old_pub(version: str) -> AsyncIterator[RealPub]:
    """Run one, in memory and open to all workspaces."""
    arguments = [str(FOLDER / "old_pub.js"), version]
    async with node_server(arguments) as (program, port):
        yield RealPub(port=port, folder=None, program=program)
