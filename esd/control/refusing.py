"""How the operator is refused: a status, a code for programs, and what to do instead.

A handler raises `Refusal` wherever it finds that it cannot go on; one place turns it
into an answer (RFC 9457). What a caller sent is never repeated: it could be a workspace
address in the wrong place, or a secret. The names of what exists are told, because the
usual mistake is a typing error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from http import HTTPStatus

from esd.control.node import Conflict
from esd.errors import EsdError
from esd.web import Response, problem

__all__ = ["Refusal", "as_refusal", "invalid", "missing", "status_problem"]

NAMES_TOLD = 20  # as many as a person reads

WORDS = {
    HTTPStatus.BAD_REQUEST: "bad-request",
    HTTPStatus.REQUEST_TIMEOUT: "request-timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body-too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-encoding",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal-error",
}

BUG = "this is a bug of esd: its log has the traceback"


@dataclass(kw_only=True, eq=False)
class Refusal(EsdError):
    """Why a request is not carried out. `errors` tells of single fields."""

    status: int
    code: str
    title: str
    detail: str = ""
    hint: str = ""
    errors: Sequence[Mapping[str, object]] = field(default=())

    def response(self) -> Response:
        return problem(
            self.status, self.code, self.title, self.detail, self.hint, self.errors
        )


def missing(
    kind: str, known: Iterable[str], *, asked: str = "", path: str = ""
) -> Refusal:
    """There is no such *kind*; *known* are the names that would have done.

    *path* is the field of the body that asked for it, if one did.
    """
    errors = ({"path": path, "message": f"there is no such {kind}"},) if path else ()
    return Refusal(
        status=404,
        code=f"{kind}-not-found",
        title=f"There is no such {kind}",
        hint=_names(kind, sorted(known), asked),
        errors=errors,
    )


def _names(kind: str, known: Sequence[str], asked: str) -> str:
    if not known:
        return f"there is no {kind} at all"
    close = get_close_matches(asked, known, n=1)
    told = ", ".join(known[:NAMES_TOLD]) + (", …" if len(known) > NAMES_TOLD else "")
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}there is: {told}"


def invalid(
    path: str, message: str, *, hint: str = "", code: str = "invalid-value"
) -> Refusal:
    """One field says something that cannot be; *path* is where, as in `$.peers[0]`."""
    return Refusal(
        status=422,
        code=code,
        title="A value is not valid",
        detail=f"{path}: {message}",
        hint=hint,
        errors=({"path": path, "message": message},),
    )


def as_refusal(conflict: Conflict) -> Refusal:
    return Refusal(
        status=409,
        code=conflict.code,
        title="This does not go with how things are",
        detail=str(conflict),
        hint=conflict.hint,
    )


def status_problem(status: int, reason: str) -> Response:
    """Words for what the server below found wrong before a handler was asked."""
    known = HTTPStatus(status)
    code = WORDS.get(known, known.phrase.lower().replace(" ", "-"))
    hint = BUG if status == HTTPStatus.INTERNAL_SERVER_ERROR else ""
    return problem(status, code, known.phrase, reason, hint)
