"""How long the head of an answer may take.

The timeouts of httpx are for each read, and before a head it reads over whatever comes:
a peer may say `100 Continue` for as long as a run may take, which keeps a core busy, or
the head itself in single bytes. So there is one deadline for all of the head. It counts
from when everything was sent, which may take as long as it does; httpcore tells that
moment to whoever traces it.
"""

import trio

from esd.errors import PeerUnavailable

__all__ = ["HeadTime"]

# Of the time for one read. A little more, so that plain silence is called by its name.
ROOM = 1.1


class HeadTime:
    """Of one request: `scope` is around all of it, `trace` for its extensions."""

    def __init__(self, idle: float) -> None:
        self._most = idle * ROOM
        self.scope = trio.CancelScope()

    async def trace(self, event: str, _more: object) -> None:
        if event == "http11.receive_response_headers.started":
            self.scope.deadline = trio.current_time() + self._most

    def too_long(self, idle: str) -> PeerUnavailable:
        """What it means where the scope was left; *idle* is the bound's name."""
        return PeerUnavailable(
            f"no answer within {idle}, though it talks",
            hint="it, or a proxy before it, is not well: see its log",
        )
