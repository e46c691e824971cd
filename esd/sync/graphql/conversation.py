"""earthstar-graphql: the conversation with a peer that speaks GraphQL.

It knows heads only, the newest document at each path. So afterwards both sides hold the
same head wherever queries and filters let it through; history does not move.

Asking for all heads would cost all contents, so we ask for what tells them apart, in a
way that the answer has an ETag: where nothing is new, there is no answer to read. Else
it is compared while it comes in, and what we lack is fetched by path. What the peer
lacks is given it, as far as the filters that it tells say that it wants it.
"""

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import msgspec

from esd.errors import PeerMisbehaved
from esd.store import RememberedList
from esd.sync.exchange import Reply
from esd.sync.graphql import words
from esd.sync.graphql.answers import UnknownSchema, ask, data_of, some_of
from esd.sync.graphql.comparing import Comparison, Lacked
from esd.sync.graphql.fetching import Fetching
from esd.sync.graphql.giving import Giving
from esd.sync.graphql.heads import Head, HeadList, Wants, WantsTold
from esd.sync.graphql.memory import Memory
from esd.sync.graphql.scope import scope_of
from esd.sync.graphql.tag import tag_of_ours
from esd.sync.graphql.words import Dialect, Question, Scope
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk
from esd.sync.turned_away import TurnedAway

__all__ = ["graphql_sync"]

MOST_TARGET = 6_000  # bytes: servers take heads of eight thousand
HOSTED = {"WorkspaceAddedResult", "WorkspaceExistsResult"}


class _Typed(msgspec.Struct):
    typename: str = msgspec.field(name="__typename")


class _Added(msgspec.Struct):
    added: _Typed = msgspec.field(name="addWorkspace")


async def graphql_sync(talk: Talk, report: Report) -> None:
    """Pull the heads that we lack, push those it lacks; see `Talk` and `Report`."""
    report.level = "graphql"
    memory = Memory(talk)
    await memory.begin()
    for dialect in memory.dialects():
        conversation = _Conversation.begin(talk, report, memory, dialect)
        try:
            await conversation.carry_out()
        except UnknownSchema:
            if conversation.understood:
                raise
        else:
            return
    raise UnknownSchema


@dataclass(slots=True)
class _Conversation:
    """In one dialect."""

    talk: Talk
    report: Report
    memory: Memory
    dialect: Dialect
    scope: Scope | None
    question: Question
    comparison: Comparison
    understood: bool = False  # whether the peer speaks this dialect

    @classmethod
    def begin(
        cls, talk: Talk, report: Report, memory: Memory, dialect: Dialect
    ) -> "_Conversation":
        address = talk.replica.address.text
        scope = scope_of(talk.halves, talk.direction, dialect.format)
        question = words.heads(dialect, address, scope)
        if len(question.target) > MOST_TARGET:
            scope, question = None, words.heads(dialect, address, None)
        comparison = Comparison(talk, dialect.format)
        return cls(talk, report, memory, dialect, scope, question, comparison)

    async def carry_out(self) -> None:
        remembered = self.memory.etag(self.question)
        headers = {} if remembered is None else {"If-None-Match": remembered.etag}
        client = self.talk.client
        async with client.ask("GET", self.question.target, headers) as reply:
            if reply.status == 200:
                await self._compare(reply)
                return
            answer = await some_of(reply)
        if answer.status != 304:
            data_of(answer, msgspec.Raw)  # which raises
        if answer.status != 304 or remembered is None:
            raise PeerMisbehaved("it answered for a list that we never named")
        self.report.unchanged = self.understood = True
        await self._without_list(remembered)

    async def _without_list(self, remembered: RememberedList) -> None:
        """The peer's heads are as they were, and so is what it wants."""
        talk = self.talk
        if not talk.direction.pushes:
            return
        if self.memory.wants_nothing:
            self.report.standing = Standing.READ_ONLY
        elif talk.replica.last_index > remembered.cursor:
            wants = (await ask(talk.client, words.WANTS, WantsTold)).wants
            find = partial(self.comparison.news_after, remembered.cursor, wants)
            lacked = await talk.replica.run(find)
            if lacked.cursor > remembered.cursor:  # it wants none of what came first
                etag = remembered.etag
                await self.memory.remember(self.question, etag, lacked.cursor)
            await self._give(lacked, wants, remembered.etag)

    async def _compare(self, reply: Reply) -> None:
        listed = HeadList(self.talk, reply)
        fetching = Fetching(
            self.talk, self.dialect, self.comparison, self.memory, self.report
        )
        async with aclosing(listed.portions()) as portions:
            async for heads in portions:
                self.understood = True
                if self.talk.direction.pulls:
                    await self._pull(fetching, heads)
                if self.talk.direction.pushes:
                    await self.talk.replica.run(partial(self.comparison.cover, heads))
        await self.memory.note_dialect(self.dialect)
        if listed.holds_workspace or await self._made_room():
            await self._after_list(listed.wants, reply.headers.get("etag", ""))
        else:
            self.report.standing = Standing.ABSENT
            await self.memory.forget_list()

    async def _pull(self, fetching: Fetching, heads: list[Head]) -> None:
        find = partial(self.comparison.lacking_here, heads)
        lacking = await self.talk.replica.run(find)
        self.report.to_pull += len(lacking)
        if lacking and not self.talk.dry:
            await fetching.fetch(lacking)

    async def _made_room(self) -> bool:
        talk = self.talk
        asks = talk.creates and talk.direction.pushes and not talk.dry
        if not asks or self.memory.not_hosted_lately:
            return False
        question = words.add_workspace(talk.replica.address.text)
        told = await ask(talk.client, question, _Added)
        if told.added.typename in HOSTED:
            return True
        await self.memory.note_not_hosted()
        return False

    async def _after_list(self, wants: Wants, etag: str) -> None:
        talk, lacked = self.talk, Lacked(self.talk.replica.last_index)
        if talk.direction.pushes:
            find = partial(self.comparison.uncovered, wants)
            lacked = await talk.replica.run(find)
        await self.memory.note_compared(lacked, wants)
        if self.report.pulled.may_pass:
            await self.memory.forget_list()
        else:
            await self.memory.remember(self.question, etag, lacked.cursor)
        if wants.nothing and talk.direction.pushes:
            self.report.standing = Standing.READ_ONLY
        await self._give(lacked, wants, etag)

    async def _give(self, lacked: Lacked, wants: Wants, etag: str) -> None:
        report = self.report
        report.waiting, report.to_push = lacked.waiting, len(lacked.indexes)
        if not lacked.indexes or self.talk.dry:
            return
        if TurnedAway(self.talk).holds_back(report):
            return
        await Giving(self.talk, self.dialect, self.memory, report).give(lacked)
        if report.standing is Standing.LEVEL and not report.pulled.may_pass:
            await self._remember_given(lacked, wants, etag)

    async def _remember_given(self, lacked: Lacked, wants: Wants, etag: str) -> None:
        """Where its list is none that we can tell, the next one must be read."""
        if not self.report.taken:  # its list is as it was, and lacks what it refused
            await self.memory.remember(self.question, etag, lacked.last)
        elif self.report.taken == len(lacked.indexes):
            tell = partial(
                tag_of_ours, self.talk, self.dialect.format, self.scope, wants
            )
            tag = await self.talk.replica.run(tell)
            await self.memory.remember(self.question, tag, lacked.last)
