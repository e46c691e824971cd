"""What happened lately, for whoever watches: a bounded ring of numbered events.

Ids rise by exactly one, so a reader that asks for what came after its last id sees a
gap when it was too slow, and the boot id tells it that the daemon restarted in between.
Events carry names and numbers for people and tools, never documents: nothing in the
daemon depends on an event being read, so losing old ones is harmless by construction.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from esd.bell import Bell

__all__ = ["Event", "Events", "Note", "Scalar"]

Scalar = str | int | float | bool | None

KEPT = 1000  # an operator's tool that looks every minute misses nothing on a busy day


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `kind` is a dotted word such as `sync.finished`."""

    kind: str
    at: int  # wall clock, microseconds
    data: Mapping[str, Scalar] = field(default_factory=dict)


Note = Callable[[Event], None]
"""How the lower floors tell of an event; `Events.note` is one."""


class Events:
    """The ring. `bell` rings at each note."""

    def __init__(self, boot_id: str, kept: int = KEPT) -> None:
        self.boot_id = boot_id
        self.bell = Bell()
        self.last_id = 0
        self._ring: deque[tuple[int, Event]] = deque(maxlen=kept)

    def note(self, event: Event) -> None:
        self.last_id += 1
        self._ring.append((self.last_id, event))
        self.bell.ring()

    def after(self, event_id: int) -> list[tuple[int, Event]]:
        """The kept events with an id above *event_id*, oldest first."""
        return [entry for entry in self._ring if entry[0] > event_id]
