"""An answer in crumbs: chunks of a byte or two, each as dear as a large one.

Some ten thousand of them come in one read, and they keep whoever reads them busy for a
second without a pause. So others get their turn in between, and past a bound it is no
list that is sent here but our time that is taken.
"""

import trio

from esd.errors import PeerMisbehaved

__all__ = ["MOST", "Crumbs"]

CRUMB = 64  # bytes; no pub cuts its list so fine
MOST = 20_000  # of one answer, at 50 µs each
AT_ONCE = 64


class Crumbs:
    """Those of one answer; of one that has no end, as a stream, *most* is inf."""

    def __init__(self, most: float = MOST) -> None:
        self._count = 0
        self._most = most

    async def look_at(self, piece: bytes) -> None:
        """Raises PeerMisbehaved for one too many."""
        if len(piece) >= CRUMB:
            return
        self._count += 1
        if self._count > self._most:
            raise PeerMisbehaved("it cuts its answer into crumbs")
        if self._count % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
