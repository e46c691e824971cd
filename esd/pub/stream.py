"""The live stream of earthstar-pub: each document as it arrives, as an event.

What is sent is what earthstar-pub 6.0.5 sends: what arrives after the request, from
whomever, and KEEPALIVE at once and every 28 seconds. Each event also has an id: the
replica's epoch, and the local index up to which its reader now has everything. A
browser that comes back says the last one it had, and gets what arrived after it; all
there is, if the id is none of this epoch's.

Nothing is kept for a reader but its cursor. When the bell rings it reads on from there,
in the order of arrival, a few documents at a time or a slice of a long one, as fast as
it takes them. So a thousand slow readers cost a thousand small pieces, and ingest does
not know that they exist. A document that was replaced before a reader came to it is not
sent to it: its successor is, which arrived later.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

import trio

from esd.formats import Predicate
from esd.pub.answers import refusal
from esd.pub.serving import Lasting, Serving, SharedWorkspace, given
from esd.replica import Replica
from esd.store import Arrival, Replaced
from esd.web import Gone, Request, Response, Route, text
from esd.web.event_stream import (
    COMMENT,
    OPENING,
    VOID,
    closing,
    event,
    event_stream,
    event_stream_response,
)

__all__ = ["Streams"]

STREAM = "/earthstar-api/v1/{workspace}/stream"
KEEPALIVE = b"KEEPALIVE"
RETRY = "60"  # seconds; places are given back one by one, and not soon

# One step for one reader: half a millisecond of the loop, and the most that is held for
# it while it is slow. What is not shorter than a slice goes in slices.
AT_ONCE = 64  # documents
PORTION = 32 << 10  # bytes; no further document once there are more
SLICE = 64 << 10

LONGEST_INDEX = 19  # digits; SQLite counts no further


class Streams:
    """The handler. All streams of a daemon share its seats, across reloads too."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def routes(self) -> list[Route]:
        return [Route("GET", STREAM, self.stream)]

    async def stream(self, request: Request, captured: Mapping[str, str]) -> Response:
        """What arrives in the workspace, as it arrives."""
        shared = self._serving.shared(request, captured)
        if shared is None:
            return text(404, "Not Found")
        return self.follow(request, shared)

    def follow(self, request: Request, shared: SharedWorkspace) -> Response:
        """The stream of a workspace; whatever arrives from now on is in it."""
        cursor = _cursor_of(request, shared.replica)
        arrivals = _Arrivals(shared, self._serving, cursor)
        following = _Following(arrivals, self._serving.lasting)
        try:
            self._serving.lasting.seats.acquire_on_behalf_of_nowait(following)
        except trio.WouldBlock:
            return _full(request)
        return event_stream_response(following)


def _cursor_of(request: Request, replica: Replica) -> int:
    """Where to begin; at what comes next, for one who was never here.

    That is not the index given last: what is stored and not yet rung for is news. Who
    asks for the list meanwhile may be told that it has not changed.
    """
    said = request.headers.get("last-event-id", "")
    if not said:
        return replica.last_index
    epoch, _, index = said.partition(".")
    is_index = index.isascii() and index.isdigit() and len(index) <= LONGEST_INDEX
    if epoch != replica.epoch.hex() or not is_index:
        return 0
    cursor = int(index)
    return cursor if cursor <= replica.reader.last_index() else 0


def _full(request: Request) -> Response:
    response = refusal(request, 503, "too many streams")
    headers = (*response.headers, ("Retry-After", RETRY))
    return Response(status=503, headers=headers, body=response.body)


class _Following:
    """One reader: the body of its answer, which has a seat until it is closed."""

    def __init__(self, arrivals: "_Arrivals", lasting: Lasting) -> None:
        self._arrivals = arrivals
        self._seats = lasting.seats
        self._drain = lasting.drain
        self._bell = arrivals.replica.bell
        self._heard = 0  # rings of the bell
        self._greeted = False
        self._pieces = event_stream(self._tell, self._wait, self._beat)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        """It may never have begun: a HEAD has no body."""
        self._seats.release_on_behalf_of(self)
        await self._pieces.aclose()

    def _tell(self) -> Iterator[bytes] | None:
        if self._drain.started or not self._arrivals.is_there:
            return None
        self._heard = self._bell.count
        if not self._greeted:
            self._greeted = True
            return iter([b"\n" + self._keepalive() + COMMENT])
        return self._arrivals.next_events()

    async def _wait(self) -> None:
        with trio.CancelScope() as scope, self._drain.idle(scope):
            await self._bell.wait_after(self._heard)

    def _beat(self) -> bytes:
        return COMMENT + self._keepalive()

    def _keepalive(self) -> bytes:
        return event(self._arrivals.event_id, KEEPALIVE)


@dataclass(slots=True)
class _Arrivals:
    """The documents of one replica in the order of arrival, from a cursor on."""

    shared: SharedWorkspace
    serving: Serving
    cursor: int

    @property
    def replica(self) -> Replica:
        return self.shared.replica

    @property
    def is_there(self) -> bool:
        """Whether the replica is still ours, and still for this reader."""
        return self.serving.holds(self.replica) and self.shared.halves is not None

    @property
    def event_id(self) -> str:
        return f"{self.replica.epoch.hex()}.{self.cursor}"

    def next_events(self) -> Iterator[bytes]:
        """Some short documents in one piece, or a long one in many; or nothing.

        An iterator, because one that is at its end holds nothing of what it gave.
        """
        if self.cursor >= self.replica.last_index:
            return iter(())
        events: list[bytes] = []
        size = 0
        reader, now = self.replica.reader, self.serving.now()
        shown, begun = self._shown(now), self.cursor
        for arrival in reader.arrivals(self.cursor, now, rows=AT_ONCE):
            if shown is not None and not _is_shown(shown, arrival):
                self.cursor = arrival.local_index
                continue
            try:
                json = next(reader.slices(arrival.local_index, SLICE))
            except Replaced:  # just now, and the bell will ring for it
                continue
            is_long = len(json) == SLICE
            if is_long and events:
                break
            self.cursor = arrival.local_index
            if is_long:
                return self._slices()
            events.append(event(self.event_id, json))
            size += len(json)
            if size > PORTION:
                break
        # What is not shown to this reader takes it on all the same.
        return iter([b"".join(events) or COMMENT] if self.cursor > begun else [])

    def _shown(self, now: int) -> Predicate | None:
        halves = self.shared.halves
        return None if halves is None else given(halves, now)

    def _slices(self) -> Iterator[bytes]:
        """The document at the cursor."""
        slices = self.replica.reader.slices(self.cursor, SLICE)
        yield OPENING
        while self.is_there:
            try:
                piece = next(slices, None)
            except Replaced:
                yield VOID
                return
            if piece is None:
                yield closing(self.event_id)
                return
            yield piece
        raise Gone("the workspace was removed")


def _is_shown(shown: Predicate, arrival: Arrival) -> bool:
    return shown.matches(
        arrival.path, arrival.author, arrival.timestamp, arrival.format
    )
