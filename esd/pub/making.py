"""Workspaces that callers make, where the operator lets them.

One costs us files, a twentieth of a second of the disk and a place among those that
there are; to ask for it takes a line. So nobody gets many in a row, and none is made
for a push before it is known that there is something for it: an empty list, by which
clients ask for it, or a document that may be there. Only the first documents are looked
at, and what is so long that its end is not among them counts for one.

Peers that we know are not counted, nor are local callers (rates).
"""

from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import trio

from esd.errors import PeerMisbehaved
from esd.formats import (
    Batch,
    BatchDecoder,
    InvalidDocument,
    MalformedBody,
    WorkspaceAddress,
    check,
)
from esd.pub.callers import Caller
from esd.replica import LARGE, Replica, Replicas, Tally
from esd.web import Buckets, Request
from esd.web.buckets import is_local

__all__ = ["Making", "Opening"]

AT_ONCE = 20  # workspaces: somebody moves to this pub with all that they have
EVERY = 60.0  # seconds for one more; to fill a pub takes hours, and shows

LOOKED_AT = LARGE  # bytes
IN_VAIN = 100  # documents that are none; what comes after them will be no better


class Making:
    """Makes them, each caller's at a bounded rate."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self._buckets = Buckets(1 / EVERY, AT_ONCE)

    def make(
        self, address: WorkspaceAddress, request: Request, caller: Caller | None
    ) -> Replica:
        """The replica of *address*, made now if need be.

        Raises PeerMisbehaved for one too many of this caller, and what Replicas does.
        """
        is_new = self._replicas.get(address) is None
        if is_new and caller is None and self._is_too_fast(request.remote):
            raise PeerMisbehaved("too many new workspaces at once", status_hint=429)
        return self._replicas.add(address)

    def _is_too_fast(self, remote: str) -> bool:
        if is_local(remote):
            return False
        return self._buckets.take(remote, trio.current_time()) > 0


@dataclass(slots=True)
class Opening:
    """A pushed body whose beginning may be looked at; its pieces are all still there.

    `tally` counts what was looked at in vain.
    """

    body: AsyncIterator[bytes]
    tally: Tally = field(default_factory=Tally)
    _seen: deque[bytes] = field(default_factory=deque)

    def __aiter__(self) -> "Opening":
        return self

    async def __anext__(self) -> bytes:
        if self._seen:
            await trio.lowlevel.checkpoint()
            return self._seen.popleft()
        return await anext(self.body)

    async def is_worth(
        self, replicas: Replicas, address: WorkspaceAddress, now: int
    ) -> bool:
        """Whether a workspace is to be made for it. Raises MalformedBody."""
        decoder, size = BatchDecoder(max_rejected=IN_VAIN), 0
        look = partial(self._look, address=address, now=now)
        async for piece in self.body:
            self._seen.append(piece)
            size += len(piece)
            if await replicas.run(partial(look, partial(decoder.feed, piece))):
                return True
            if size > LOOKED_AT or self.tally.invalid > IN_VAIN:
                return not self.tally.invalid or decoder.held > LOOKED_AT // 2
        found = await replicas.run(partial(look, decoder.close))
        return found or not self.tally.invalid

    def _look(
        self, decode: Callable[[], Batch], address: WorkspaceAddress, now: int
    ) -> bool:
        """Whether one of the documents may be there."""
        fault: MalformedBody | None = None
        try:
            batch = decode()
        except MalformedBody as exc:
            batch, fault = exc.batch, exc
        self.tally.rejected.update(batch.rejected)
        for document in batch.documents[: IN_VAIN + 1]:
            try:
                check(document, address, now)
            except InvalidDocument as exc:
                self.tally.rejected[exc.reason] += 1
            else:
                return True
        if fault is not None:
            raise fault
        return False
