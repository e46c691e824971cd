"""What happens, as it happens: NDJSON, first how things stand and then each change.

Ids rise by exactly one. A reader that comes back says `since`, its last id, and the
`boot_id` that it belongs to; the first line tells it whether something is lost to it
(`gap`), because the daemon restarted or more happened than is kept. A reader that is
too slow for what happens meanwhile is told so (`lagged`) and cut off, so that nobody
takes the rest for the whole. Nothing is kept for a reader: it reads the one ring.
"""

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from esd.control.asking import LARGEST, Parameters
from esd.control.node import Node
from esd.control.status import StatusShape, status_shape
from esd.control.times import as_time
from esd.events import Event, Scalar
from esd.web import Request, Response, Route
from esd.web.streams import ndjson, ndjson_response

__all__ = ["LAST", "EventsResource"]

LAST = "stopping"  # the kind of the event after which there are no more
AT_ONCE = 100  # events; a slow reader's portion, some 20 KB


class StateLine(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "state"
    boot_id: str
    id: int  # of the latest event; the next one is this plus one
    at: str
    gap: bool  # events after `since` are lost
    status: StatusShape


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    id: int
    at: str
    data: Mapping[str, Scalar]


class BeatLine(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "heartbeat"
    id: int
    at: str


class LaggedLine(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "lagged"
    id: int  # the last one that was told
    at: str


@dataclass(frozen=True, slots=True)
class EventsResource:
    node: Node

    def routes(self) -> list[Route]:
        return [Route("GET", "/v1/events", self.follow)]

    async def follow(self, request: Request, _captured: Mapping[str, str]) -> Response:
        """The stream; with `follow=0` only what there is already."""
        asked = Parameters(request, "since", "boot_id", "types", "follow")
        last = self.node.events.last_id
        since = asked.whole("since", last, most=LARGEST)
        other = asked.text("boot_id") not in ("", self.node.events.boot_id)
        lost = other or since > last
        telling = _Telling(
            self.node,
            seen=0 if lost else since,
            gap=lost,
            types=tuple(filter(None, asked.text("types").split(","))),
            follow=asked.flag("follow") if "follow" in asked else True,
        )
        return ndjson_response(telling.lines())


@dataclass(slots=True)
class _Telling:
    """One reader's place in the ring. `seen` is the last id it was told."""

    node: Node
    seen: int
    gap: bool
    types: Sequence[str]
    follow: bool
    _said_state: bool = False
    _ended: bool = False
    _heard: int = 0  # rings of the bell

    def lines(self) -> AsyncGenerator[bytes, None]:
        return ndjson(self.tell, self.wait, self.beat)

    def tell(self) -> Sequence[object] | None:
        """What is new; None at the end. Decides all that is to be decided."""
        self._heard = self.node.events.bell.count
        if self._ended:
            return None
        if not self._said_state:
            self._said_state = True
            return [self._state()]
        while fresh := self.node.events.after(self.seen)[:AT_ONCE]:
            if fresh[0][0] > self.seen + 1:
                self._ended = True
                return [LaggedLine(id=self.seen, at=self._now())]
            if told := self._told(fresh):
                return told
        return [] if self.follow and not self.node.stopping else None

    def wait(self) -> Awaitable[object]:
        return self.node.events.bell.wait_after(self._heard)

    def beat(self) -> BeatLine:
        return BeatLine(id=self.seen, at=self._now())

    def _state(self) -> StateLine:
        """How things stand now; a gap before the first event is told, and passed."""
        events = self.node.events
        first = next((number for number, _ in events.after(self.seen)), self.seen + 1)
        gap = self.gap or first > self.seen + 1
        self.seen = first - 1
        return StateLine(
            boot_id=events.boot_id,
            id=events.last_id,
            at=self._now(),
            gap=gap,
            status=status_shape(self.node),
        )

    def _told(self, fresh: Sequence[tuple[int, Event]]) -> list[EventLine]:
        told = []
        for number, event in fresh:
            self.seen = number
            if self._is_wanted(event.kind):
                told.append(_line(number, event))
            if event.kind == LAST:
                self._ended = True
                break
        return told

    def _is_wanted(self, kind: str) -> bool:
        """`sync` stands for all that begin with `sync.`; the end is for everyone."""
        if not self.types or kind == LAST:
            return True
        return any(f"{kind}.".startswith(f"{one}.") for one in self.types)

    def _now(self) -> str:
        return as_time(self.node.now())


def _line(number: int, event: Event) -> EventLine:
    return EventLine(type=event.kind, id=number, at=as_time(event.at), data=event.data)
