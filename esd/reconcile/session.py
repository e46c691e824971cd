"""Two sides find what differs: the initiator asks, the responder answers.

Bytes in; bytes, *have* and *need* out. The initiator begins with fingerprints of
everything it holds; then each side answers each range of the other's with more detail,
until lists of ids are compared. *have* are ids that only the initiator's side holds,
*need* those that only the responder's does. When the initiator has nothing left to say,
everything has been compared.

The responder keeps nothing between messages, the initiator only counts rounds. Both are
given the items anew with each message: one set for all of it, which may be another one
the next time. What changes meanwhile may be missed or told twice; a run in which
nothing changes is exact.

Work is bounded by bytes and rounds. A message over `frame` is refused, and ours stay
under it, so neither a wrong fingerprint for each of thousands of ranges nor an empty
list for a million items makes a long message or a long wait.
"""

from dataclasses import dataclass
from typing import NamedTuple

from esd.errors import PeerMisbehaved
from esd.reconcile.items import Items
from esd.reconcile.messages import VERSION, decode
from esd.reconcile.splitting import OURS, Splitting
from esd.reconcile.telling import Answering, Asking

__all__ = ["FRAME", "LEAST_FRAME", "ROUNDS", "Initiator", "Responder", "Step"]

# Bytes of a message. One of 128 KiB is answered within some 70 ms if it is honest, and
# 150 if it was made to be dear: not on a loop that others wait for. Twice as much would
# save half the rounds of a first sync, which fetches megabytes of documents anyway.
FRAME = 128 << 10
LEAST_FRAME = 4 << 10  # the least that the protocol allows
ROUNDS = 1_000  # of 128 KiB: four million ids, one by one

# A message that says something takes 5.5 bytes a range at least: where all items are of
# one moment, a skip of 5 and an empty list of 6, over and over.
_LEAST_RANGE = 5

_VERSIONS = range(0x60, 0x70)  # what the version byte of any version looks like


class Step(NamedTuple):
    """What an answer told the initiator, and what to say next: None when done."""

    message: bytes | None
    have: list[bytes]
    need: list[bytes]


@dataclass(slots=True, kw_only=True)
class Initiator:
    """The side that asks and learns what differs; `rounds` are those still allowed."""

    splitting: Splitting = OURS
    frame: int = FRAME
    rounds: int = ROUNDS

    def __post_init__(self) -> None:
        assert self.frame >= LEAST_FRAME

    def initiate(self, items: Items) -> bytes:
        """Return the first message."""
        asking = Asking(items, self.splitting, self.frame)
        asking.begin()
        return bytes(asking.writer)

    def reconcile(self, items: Items, message: bytes) -> Step:
        """Take the answer to what was said last."""
        if self.rounds <= 0:
            raise PeerMisbehaved("reconciling takes more rounds than it may")
        self.rounds -= 1
        if _version(message, self.frame) != VERSION:
            raise PeerMisbehaved("the peer speaks another version of Negentropy")
        asking = Asking(items, self.splitting, self.frame)
        asking.go_through(decode(message, self.frame // _LEAST_RANGE))
        silent = asking.writer.is_empty
        return Step(None if silent else bytes(asking.writer), asking.have, asking.need)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """The side that answers, each message by itself."""

    splitting: Splitting = OURS
    frame: int = FRAME

    def __post_init__(self) -> None:
        assert self.frame >= LEAST_FRAME

    def respond(self, items: Items, message: bytes) -> bytes:
        """Return the answer; to another version, the one that we speak, alone."""
        if _version(message, self.frame) != VERSION:
            return bytes([VERSION])
        answering = Answering(items, self.splitting, self.frame)
        answering.go_through(decode(message, self.frame // _LEAST_RANGE))
        return bytes(answering.writer)


def _version(message: bytes, frame: int) -> int:
    if not message:
        raise PeerMisbehaved("a message is empty")
    if len(message) > frame:
        raise PeerMisbehaved(f"a message is over {frame} bytes", status_hint=413)
    if message[0] not in _VERSIONS:
        raise PeerMisbehaved("a message is not one of Negentropy")
    return message[0]
