"""What an answer of a GraphQL server means: its data, or a failure with a hint.

GraphQL tells failures in the answer's body, and servers differ in the status that goes
with them. What a server says in words is never repeated: it may name the workspace. Its
error codes are, where they are words in capitals.
"""

import re
from typing import TypeVar

import msgspec

from esd.errors import PeerMisbehaved
from esd.formats import InvalidDocument
from esd.formats.mending import mend
from esd.replica.large import LARGE, Paced, Turn
from esd.sync.answers import check_answer
from esd.sync.client import MAX_ANSWER, Client
from esd.sync.exchange import Answer, Reply
from esd.sync.graphql import words
from esd.sync.graphql.words import Question
from esd.sync.refusals import ReadOnlyThere
from esd.sync.talk import Talk

__all__ = [
    "NO_GRAPHQL",
    "AnswerTooLong",
    "UnknownSchema",
    "ask",
    "ask_for_much",
    "data_of",
    "decoded",
    "is_graphql",
    "some_of",
]

NO_GRAPHQL = (
    "is this the url of an earthstar-graphql server? where other things are served"
    " besides it often ends in /graphql"
)
OTHER_SCHEMA = (
    "another kind of GraphQL server, or an earthstar-graphql older than 3.0.0, which"
    " nothing can be pushed to"
)
PASSING = (408, 425, 429, 502, 503, 504)
ITS_LOG = "its own log should tell why"
FORBIDDEN = {"FORBIDDEN", "UNAUTHENTICATED"}
JSON = {"Content-Type": "application/json"}

_CODE = re.compile(r"[A-Z_]{1,40}")
_TELLING = (401, 403, 408, 425, 429)  # of the 4xx, those that mean the same of any peer

T = TypeVar("T")


class UnknownSchema(PeerMisbehaved):
    """It has another schema than the question was for."""

    def __init__(self) -> None:
        super().__init__("its schema is not earthstar-graphql's", hint=OTHER_SCHEMA)


class AnswerTooLong(PeerMisbehaved):
    """Ask for less at once."""


class _Extensions(msgspec.Struct):
    code: str = ""


class _Error(msgspec.Struct):
    extensions: _Extensions | None = None


class _Said(msgspec.Struct):
    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))


class _Errors(msgspec.Struct):
    errors: list[_Error] | None = None


async def ask(client: Client, question: Question, kind: type[T]) -> T:
    """The data of a small answer."""
    answer = await client.fetch("POST", "", JSON, question.body)
    return data_of(answer, kind)


async def ask_for_much(talk: Talk, question: Question, kind: type[T], most: int) -> T:
    """The data of an answer with documents in it; raises AnswerTooLong.

    What is large is only waited for while nobody else's is: see replica/large.
    """
    turn = Turn(talk.replica.turns)
    collected = bytearray()
    try:
        async with talk.client.ask("POST", "", JSON, question.body) as reply:
            async for piece in Paced(reply):
                collected += piece
                if len(collected) > most:
                    break
                if len(collected) > LARGE:
                    await turn.take()
        if len(collected) > most:
            raise AnswerTooLong("its answer is too long", hint=NO_GRAPHQL)
        answer = Answer(reply.status, reply.headers, bytes(collected))
        return await talk.replica.run(lambda: data_of(answer, kind))
    finally:
        turn.give_back()


async def some_of(reply: Reply) -> Answer:
    """An answer that is none to what we asked, as far as it may matter."""
    collected = bytearray()
    async for piece in reply:
        collected += piece
        if len(collected) > MAX_ANSWER:
            break
    return Answer(reply.status, reply.headers, bytes(collected[:MAX_ANSWER]))


async def is_graphql(client: Client) -> bool:
    """Whether a GraphQL server answers at a peer's url; of which schema is not asked.

    A pub, an esd and a web site answer this otherwise, and learn nothing by it.
    """
    answer = await client.fetch("POST", "", JSON, words.SCHEMA.body)
    if answer.status in PASSING:  # which tells nothing, and must not be remembered
        check_answer(answer.status, answer.headers)
    if answer.status != 200:
        return False
    try:
        data_of(answer, _Named)
    except PeerMisbehaved:
        return False
    return True


class _Named(msgspec.Struct):
    typename: str = msgspec.field(name="__typename")


def data_of(answer: Answer, kind: type[T]) -> T:
    """The data that was asked for; raises for every other answer."""
    errors = _errors_of(answer.body)
    codes = [one.extensions.code for one in errors if one.extensions is not None]
    if answer.status == 403 or FORBIDDEN.intersection(codes):
        raise ReadOnlyThere("it forbids what we ask", hint="does it want a login?")
    if errors and (answer.status == 400 or "GRAPHQL_VALIDATION_FAILED" in codes):
        raise UnknownSchema
    if answer.status != 200:
        _check_status(answer)
    if errors:
        named = ", ".join(sorted(filter(_CODE.fullmatch, set(codes))))
        text = "it answered with an error"
        raise PeerMisbehaved(f"{text}: {named}" if named else text, hint=ITS_LOG)
    data = bytes(decoded(answer.body, _Said).data)
    if data == b"null":
        raise PeerMisbehaved("its answer holds no data", hint=NO_GRAPHQL)
    return decoded(data, kind)


def _check_status(answer: Answer) -> None:
    if 400 <= answer.status < 500 and answer.status not in _TELLING:
        raise PeerMisbehaved(f"it answered {answer.status}", hint=NO_GRAPHQL)
    check_answer(answer.status, answer.headers)
    raise PeerMisbehaved(f"it answered {answer.status}", hint=NO_GRAPHQL)


def _errors_of(body: bytes) -> list[_Error]:
    """None, where the body is no answer of GraphQL's: that is told by its decoding."""
    if b'"errors"' not in body:
        return []
    try:
        return msgspec.json.decode(body, type=_Errors).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def decoded(text: bytes, kind: type[T]) -> T:
    """JSON of that kind; what in it is not Unicode is mended, as in documents."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.json.decode(mend(text), type=kind)
    except msgspec.ValidationError as exc:
        raise UnknownSchema from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PeerMisbehaved("its answer is not GraphQL", hint=NO_GRAPHQL) from exc
    except InvalidDocument as exc:
        raise PeerMisbehaved("its answer is not Unicode", hint=NO_GRAPHQL) from exc
