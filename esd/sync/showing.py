"""What we show a peer: our items, as if what cannot be made level were level.

Some differences never go away: a document of the peer's that we may not take or do not
want, one of ours that it refuses. Each would be found again in every run, and cost
bytes and a fetch for nothing. So they are remembered, of this peer and this workspace
only:

- *useless*: the peer holds it, and we do not take it. It is shown as if we held it.
- *withheld*: we hold it, and the peer does not take it. It is not shown.

Then the fingerprints meet, and "nothing new" is one message again. Each has a time from
which it is tried anew, and what shows the opposite ends it at once: the peer lacks a
useless one, or holds a withheld one. Both are bounded; past the bound runs only cost
more than they had to. All of it is worth nothing under other terms, and forgotten.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import msgspec

from esd.formats import Predicate
from esd.reconcile import Items, key_of
from esd.sync.settings import Direction
from esd.sync.talk import Talk
from esd.sync.terms import Terms

__all__ = ["MOST", "Showing", "memories"]

MOST = 10_000  # of each kind; as many as the store keeps
_TERMS = "terms"  # a fact: a digest of what decides what is compared

Retry = int | None
"""When to try again (µs); None: after a day, and later each time."""


def memories(peer: str) -> list[str]:
    """By what names the store keeps what is remembered of *peer* here."""
    return [f"{peer}:{direction.value}" for direction in Direction]


class Showing:
    """What one comparison with a peer shows. A dry run writes nothing down."""

    def __init__(self, talk: Talk, terms: Terms, direction: Direction) -> None:
        self.predicate: Predicate = terms.of(direction)
        self._talk = talk
        self._memory = f"{talk.peer}:{direction.value}"  # no peer's name has a colon
        self._digest = _digest_of(terms, direction, talk.url)
        self._useless: dict[bytes, bytes] = {}  # keys by hash
        self._withheld: dict[bytes, bytes] = {}

    async def begin(self) -> None:
        """Load what is remembered, if it was learnt under the same terms."""
        peers = self._talk.replica.reader.peers
        if peers.fact(self._memory, _TERMS) == self._digest:
            await self._talk.replica.run(self._load)
        elif not self._talk.dry:
            await self._talk.replica.change(self._start_afresh)

    def _start_afresh(self) -> None:
        writer = self._talk.replica.file.peer_writer
        writer.forget(self._memory)
        writer.note_fact(self._memory, _TERMS, self._digest)

    def _load(self) -> None:
        now = self._talk.now
        with self._talk.replica.file.scanning() as reader:
            useless = reader.peers.useless(self._memory, now)
            withheld = reader.keys_at(reader.peers.refused(self._memory, now), now)
        self._useless = {one: key_of(at, one) for at, one in useless}
        self._withheld = {one: key_of(at, one) for one, at in withheld.items()}

    async def items(self) -> Items:
        """What is shown now: to be asked for again with each message."""
        items = await self._talk.replica.items(self.predicate, self._talk.now)
        if not self._useless and not self._withheld:
            return items
        useless = sorted(self._useless.values())
        if self.predicate.after is not None:
            bound = key_of(self.predicate.after + 1, b"")
            useless = [key for key in useless if key >= bound]
        withheld = sorted(self._withheld.values())
        show = partial(items.shown, useless=useless, refused=withheld)
        return await self._talk.replica.run(show)

    @property
    def withheld(self) -> int:
        return len(self._withheld)

    @property
    def room(self) -> int:
        """How many more of either kind can be remembered."""
        return MOST - max(len(self._useless), len(self._withheld))

    async def lacked_there(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Those of *hashes*, lacked by the peer, that are ours to give it."""
        gone = [one for one in hashes if self._useless.pop(one, None) is not None]
        if not gone:
            return list(hashes)
        if not self._talk.dry:
            writer = self._talk.replica.file.peer_writer
            drop = partial(writer.drop_useless, self._memory, gone)
            await self._talk.replica.change(drop)
        dropped = set(gone) - await self._talk.replica.run(partial(self._known, gone))
        return [one for one in hashes if one not in dropped]

    async def lacked_here(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Those of *hashes*, held by the peer, that we do not hold."""
        find = partial(self._known, list(dict.fromkeys(hashes)))
        held = await self._talk.replica.run(find)
        there = [one for one in held if self._withheld.pop(one, None) is not None]
        if there and not self._talk.dry:
            writer = self._talk.replica.file.peer_writer
            drop = partial(writer.drop_refused, self._memory, there)
            await self._talk.replica.change(drop)
        return [one for one in dict.fromkeys(hashes) if one not in held]

    def _known(self, hashes: list[bytes]) -> set[bytes]:
        with self._talk.replica.file.scanning() as reader:
            return reader.known(hashes, self._talk.now)

    async def note_useless(self, found: Sequence[tuple[int, bytes, Retry]]) -> None:
        """The peer holds these (timestamp, hash, retry), and we do not take them."""
        found = found[: max(0, MOST - len(self._useless))]
        for timestamp, one, _ in found:
            self._useless[one] = key_of(timestamp, one)
        if found and not self._talk.dry:
            writer = self._talk.replica.file.peer_writer
            note = partial(writer.note_useless, self._memory, found, self._talk.now)
            await self._talk.replica.change(note)

    async def withhold(self, found: Sequence[tuple[int, bytes, Retry]]) -> None:
        """We hold these (timestamp, hash, retry), and the peer does not take them."""
        found = found[: max(0, MOST - len(self._withheld))]
        for timestamp, one, _ in found:
            self._withheld[one] = key_of(timestamp, one)
        if found and not self._talk.dry:
            writer = self._talk.replica.file.peer_writer
            refused = [(one, retry) for _, one, retry in found]
            note = partial(writer.note_refused, self._memory, refused, self._talk.now)
            await self._talk.replica.change(note)


def _digest_of(terms: Terms, direction: Direction, url: str) -> int:
    said = [
        terms.ours.digest,
        terms.theirs.digest,
        sorted(terms.formats),
        direction.value,
        url,
    ]
    digest = hashlib.sha256(msgspec.json.encode(said)).digest()
    return int.from_bytes(digest[:6])
