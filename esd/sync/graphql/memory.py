"""What is remembered of an earthstar-graphql, in the replica's own file.

As of a pub (easy): the ETag of its answer to our question for heads, with a cursor. It
says: when the answer has this ETag, the peer lacks nothing of ours up to the cursor, as
far as it wants it and did not refuse it; and we lack nothing of it. So "nothing new" is
one request without a body either way.

After a push the answer is another one. Where we hold the same heads, we can tell its
ETag beforehand (tag), and remember that one. It says what the answer contains,
so nothing is believed to have arrived: had it got lost, the answer would have another.

It is the name of the peer that all this is kept by. What another conversation with it
had kept, or this one at another url, is forgotten first.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from esd.store import PeerWriter, RememberedList
from esd.sync.graphql.comparing import Lacked
from esd.sync.graphql.heads import Wants
from esd.sync.graphql.words import DIALECTS, Dialect, Question
from esd.sync.talk import Talk

__all__ = ["HOUR", "Memory"]

RULES = 1  # part of what a remembered list is worth: raise it when the rules change
HOUR = 3_600_000_000  # µs

_TAG = re.compile(r'(?:W/)?"[!#-~]{0,200}"')
_PLACE = "place"  # facts: a digest of its url, shared with easy...
_DIALECT = "graphql_dialect"
_WANTS_NOTHING = "graphql_wants_nothing"
_NOT_HOSTED_AT = "graphql_not_hosted_at"  # it would not make room for the workspace


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one peer. A dry run reads it and writes nothing."""

    talk: Talk

    async def begin(self) -> None:
        """Forget what was learnt elsewhere."""
        digest = hashlib.sha256(f"graphql {self.talk.url}".encode()).digest()
        place = int.from_bytes(digest[:6], "big")
        if self.talk.dry or self._fact(_PLACE) == place:
            return

        def start_afresh() -> None:
            self._writer.forget(self.talk.peer)
            self._writer.note_fact(self.talk.peer, _PLACE, place)

        await self.talk.replica.change(start_afresh)

    def dialects(self) -> Iterator[Dialect]:
        """All, in the order to try them in."""
        known = self._fact(_DIALECT)
        return iter(sorted(DIALECTS, key=lambda one: one.number != known))

    async def note_dialect(self, dialect: Dialect) -> None:
        await self._note(_DIALECT, dialect.number)

    def etag(self, question: Question) -> RememberedList | None:
        """The list we remember, unless something must be looked for in a new one."""
        peers = self.talk.replica.reader.peers
        remembered = peers.remembered(self.talk.peer)
        if remembered is None or peers.has_due(self.talk.peer, self.talk.now):
            return None
        current = (self._digest(question), self.talk.url, self.talk.replica.epoch)
        there = (remembered.digest, remembered.url, remembered.epoch)
        return remembered if current == there else None

    async def remember(self, question: Question, etag: str, cursor: int) -> None:
        if self.talk.dry or not _TAG.fullmatch(etag):
            return
        talk, digest = self.talk, self._digest(question)
        remembered = RememberedList(etag, cursor, digest, talk.url, talk.replica.epoch)
        await talk.replica.change(lambda: self._writer.remember(talk.peer, remembered))

    async def forget_list(self) -> None:
        known = self.talk.replica.reader.peers.remembered(self.talk.peer)
        if known is not None and not self.talk.dry:
            await self.talk.replica.change(
                lambda: self._writer.forget_list(self.talk.peer)
            )

    async def note_compared(self, lacked: Lacked, wants: Wants) -> None:
        """After a whole list: what it shows of ours was not refused after all."""
        await self._note(_WANTS_NOTHING, int(wants.nothing))
        if self.talk.dry or not self._has_refused:
            return
        await self.talk.replica.change(
            lambda: self._writer.judge(self.talk.peer, lacked.refused, self.talk.now)
        )

    async def note_refused(self, hashes: Sequence[bytes]) -> None:
        """They are offered again a day later, and at each further refusal later."""
        if hashes and not self.talk.dry:
            refused = [(one, None) for one in hashes]
            await self.talk.replica.change(
                lambda: self._writer.note_refused(
                    self.talk.peer, refused, self.talk.now
                )
            )

    async def note_useless(
        self, useless: Sequence[tuple[int, bytes, int | None]]
    ) -> None:
        """Heads of the peer that we could not take; see `PeerWriter`."""
        if useless and not self.talk.dry:
            await self.talk.replica.change(
                lambda: self._writer.note_useless(
                    self.talk.peer, useless, self.talk.now
                )
            )

    @property
    def wants_nothing(self) -> bool:
        """As far as is known: an answer that did not change was not read."""
        return bool(self._fact(_WANTS_NOTHING))

    @property
    def not_hosted_lately(self) -> bool:
        return self._lately(_NOT_HOSTED_AT)

    async def note_not_hosted(self) -> None:
        await self._note(_NOT_HOSTED_AT, self.talk.now)

    def _digest(self, question: Question) -> bytes:
        """Of everything that decides what is asked, and compared how."""
        talk = self.talk
        rules = ["graphql", RULES, talk.direction.value, talk.halves.digest]
        text = [question.text, question.variables]
        return hashlib.sha256(msgspec.json.encode([*rules, *text])).digest()[:16]

    @property
    def _writer(self) -> PeerWriter:
        return self.talk.replica.file.peer_writer

    @property
    def _has_refused(self) -> bool:
        return bool(self.talk.replica.reader.peers.in_vain(self.talk.peer))

    def _fact(self, name: str) -> int | None:
        return self.talk.replica.reader.peers.fact(self.talk.peer, name)

    def _lately(self, name: str) -> bool:
        at = self._fact(name)
        return at is not None and 0 <= self.talk.now - at < HOUR and not self.talk.asked

    async def _note(self, name: str, value: int) -> None:
        if not self.talk.dry and self._fact(name) != value:
            await self.talk.replica.change(
                lambda: self._writer.note_fact(self.talk.peer, name, value)
            )
