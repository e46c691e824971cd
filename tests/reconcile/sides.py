"""Two sides in one process: sets of items, and a whole reconciliation between them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from esd.reconcile import Initiator, Items, Responder, key_of

YEAR_2020 = 1_577_836_800_000_000  # µs
HOUR = 3_600_000_000

Change = Callable[[], None]


@dataclass
class Talk:
    """What was said, and what the initiator learned from it."""

    messages: list[bytes] = field(default_factory=list)
    have: set[bytes] = field(default_factory=set)
    need: set[bytes] = field(default_factory=set)

    @property
    def rounds(self) -> int:
        return len(self.messages) // 2

    @property
    def size(self) -> int:
        return sum(map(len, self.messages))


def talk(
    ours: Items,
    theirs: Items,
    initiator: Initiator,
    responder: Responder,
    *,
    meanwhile: Change = lambda: None,
) -> Talk:
    """Reconcile until the initiator is silent; *meanwhile* happens between messages."""
    done = Talk()
    message: bytes | None = initiator.initiate(ours)
    while message is not None:
        meanwhile()
        answer = responder.respond(theirs, message)
        done.messages += [message, answer]
        meanwhile()
        step = initiator.reconcile(ours, answer)
        done.have |= set(step.have)
        done.need |= set(step.need)
        message = step.message
    return done


def ids(keys) -> set[bytes]:
    return {key[8:] for key in keys}


def numbered(number: int, *, first=YEAR_2020, step=HOUR) -> bytes:
    """The item of that number: the golden transcripts are made of these."""
    return key_of(first + number * step, sha256(b"item %d" % number).digest())


def spread(count: int, seed: int = 1, span: int = 3 * 365 * 24 * HOUR) -> list[bytes]:
    """Keys in order, evenly and yet by chance over three years."""
    chance = random.Random(seed)
    gap = span // count
    return [
        key_of(YEAR_2020 + i * gap + chance.randrange(gap), chance.randbytes(32))
        for i in range(count)
    ]


def anywhere(count: int, seed: int = 2, span: int = 3 * 365 * 24 * HOUR) -> list[bytes]:
    chance = random.Random(seed)
    return [
        key_of(YEAR_2020 + chance.randrange(span), chance.randbytes(32))
        for _ in range(count)
    ]


def newest(count: int, seed: int = 3, span: int = 3 * 365 * 24 * HOUR) -> list[bytes]:
    chance = random.Random(seed)
    return [
        key_of(YEAR_2020 + span + i * 1_000_000, chance.randbytes(32))
        for i in range(count)
    ]
