"""What a peer that speaks ours means by a refusal.

Some refusals are part of the conversation: our knowledge of the peer is out of date,
and it is asked again. The rest are failures with a hint that a plain pub's answers
(answers) could not give.
"""

import msgspec

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.formats import Halves, InvalidReplicationQuery, parse_halves
from esd.sync.answers import check_answer
from esd.sync.exchange import Answer

__all__ = [
    "MovedOn",
    "NotKnownThere",
    "ReadOnlyThere",
    "StaleQueries",
    "TooLargeThere",
    "check_ours",
    "halves_in",
]


_HINTS = {
    401: "is key_file the same there and here?",
    403: "does a proxy before it refuse us?",
    413: "a proxy before it may allow only small requests",
    421: "add that name to [http] names there, and let a proxy before it pass the Host"
    " header on",
    507: "its disk or the workspace's quota there is full",
}


class MovedOn(PeerUnavailable):
    """What we know of the peer is out of date: ask again, and begin anew."""


class NotKnownThere(MovedOn):
    """It does not know that name of a workspace: lost, forbidden, or a new salt."""


class ReadOnlyThere(PeerMisbehaved):
    """It forbids what we ask. Where we push, this is a state, and no failure."""


class TooLargeThere(PeerMisbehaved):
    """A body is larger than it, or something before it, takes."""


class StaleQueries(MovedOn):
    """Its replication queries have changed; `halves` are the new ones."""

    def __init__(self, halves: Halves) -> None:
        super().__init__("its replication queries have changed")
        self.halves = halves


class _Problem(msgspec.Struct):
    code: str


class _Conflict(msgspec.Struct):
    query: object


def check_ours(answer: Answer) -> None:
    """Raise for every answer but a 2xx."""
    match answer.status, _code_of(answer):
        case 400, "bad-time":
            raise PeerUnavailable(
                "its clock and ours are more than a day apart",
                hint="check both clocks: timedatectl",
            )
        case 401, "unknown-key":
            raise PeerMisbehaved("it does not know our key", hint=_HINTS[401])
        case 403, _:
            raise ReadOnlyThere("it answered 403", hint=_HINTS[403])
        case 404 | 409 | 410 | 413, _:
            raise _to_be_dealt_with(answer)
        case 421, _:
            reason = "it does not go by the name in its url"
            raise PeerMisbehaved(reason, hint=_HINTS[421])
        case 507, _:
            raise PeerUnavailable("it has no room", hint=_HINTS[507])
        case status, _:
            check_answer(status, answer.headers)


def _to_be_dealt_with(answer: Answer) -> MovedOn | TooLargeThere:
    match answer.status:
        case 413:
            return TooLargeThere("it answered 413", hint=_HINTS[413])
        case 404:
            return NotKnownThere("it does not know that workspace")
        case 409:
            return StaleQueries(_new_halves(answer.body))
        case _:
            return MovedOn("what it was listing has changed meanwhile")


def _code_of(answer: Answer) -> str:
    """What a problem is called there; nothing where it is none."""
    if answer.status < 400:
        return ""
    try:
        return msgspec.json.decode(answer.body, type=_Problem).code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _new_halves(body: bytes) -> Halves:
    try:
        return halves_in(msgspec.json.decode(body, type=_Conflict).query)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PeerMisbehaved("its replication queries cannot be read") from exc


def halves_in(told: object) -> Halves:
    """The peer's replication queries, as it tells them."""
    try:
        return parse_halves(told)
    except InvalidReplicationQuery as exc:
        raise PeerMisbehaved(
            f"its replication queries cannot be read: {exc}",
            hint="perhaps it is newer than this esd",
        ) from exc
