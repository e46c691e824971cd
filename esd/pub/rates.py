"""Who asks too much, and what counts as how much.

Whoever asks more than the operator allows is told to wait. What turns out dear counts
as several requests: documents that had to be verified, most of all in vain, and what
keeps a core busy in our own protocol. Local callers are not counted: they share one
address, and a reverse proxy is one of them.

A conversation in our own protocol is many requests in a row, each of them dear, and one
that is turned away has to begin anew. So its caller is kept waiting for a while first,
which costs us nothing.
"""

import trio

from esd.replica import Tally
from esd.web import Buckets, Limits, Request
from esd.web.buckets import is_local

__all__ = ["Rates"]

# What is stored costs a thousandth of a request: it is what we are here for. What is
# rejected cost us a signature check for nothing.
DOCUMENTS_A_REQUEST = 1_000
REJECTED_A_REQUEST = 20
HASHES_A_REQUEST = 1_000  # looked up or listed: a millisecond or two
BYTES_A_REQUEST = 8 << 10  # of reconciling: four milliseconds
# Of a core, for a set that somebody has a question about which nobody else asks. So
# with fifty requests a second nobody gets more than a quarter of a core for that.
WORK_A_REQUEST = 0.005  # seconds
FREE_WORK = 0.010  # which following what changed may take

KEPT_WAITING = 10.0  # seconds at most


class Rates:
    """`Buckets`, in the words of what is asked here."""

    def __init__(self, limits: Limits) -> None:
        self._buckets = Buckets(limits.requests_per_second, limits.request_burst)

    def wait(self, request: Request) -> float:
        """0.0 where *request* may be served, and else the seconds until it might."""
        if is_local(request.remote):
            return 0.0
        return self._buckets.take(request.remote, trio.current_time())

    async def kept_waiting(self, request: Request) -> float:
        """As `wait`, but after some patience."""
        latest = trio.current_time() + KEPT_WAITING
        while wait := self.wait(request):
            if trio.current_time() + wait > latest:
                return wait
            await trio.sleep(wait)
        return 0.0

    def charge_documents(self, request: Request, tally: Tally) -> None:
        rejected = tally.invalid / REJECTED_A_REQUEST
        self._charge(request, tally.accepted / DOCUMENTS_A_REQUEST + rejected)

    def charge_hashes(self, request: Request, count: int) -> None:
        self._charge(request, count / HASHES_A_REQUEST)

    def charge_reconciling(self, request: Request, size: int) -> None:
        self._charge(request, size / BYTES_A_REQUEST)

    def charge_work(self, request: Request, seconds: float) -> None:
        self._charge(request, max(seconds - FREE_WORK, 0.0) / WORK_A_REQUEST)

    def _charge(self, request: Request, cost: float) -> None:
        if not is_local(request.remote):
            self._buckets.charge(request.remote, trio.current_time(), cost)
