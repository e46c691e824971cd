"""What is to be written: as JSON, or as the text itself.

JSON says who signs and when it expires in the body; plain text (`curl -T notes.txt`)
says it in the query. Rules of the format that are broken are told as what is wrong with
which field, before anything is signed where that is possible.
"""

from collections.abc import Mapping
from email.message import Message

from esd.control.asking import SMALL, Asked, Parameters, read_body
from esd.control.refusing import Refusal, invalid
from esd.formats import InvalidPath, Reason
from esd.formats.es4 import MAX_CONTENT
from esd.formats.paths import check_ephemeral_mark, check_path
from esd.web import Request

__all__ = ["WriteAsked", "check_write", "path_of", "read_write", "refused_write"]

# JSON may write each byte of a content as six: \u001f.
MAX_JSON = 6 * MAX_CONTENT + SMALL

# Where each rule of the format is broken, and what it says.
RULES = {
    Reason.PATH: ("path", "is no path, or has ! without deleteAfter or the reverse"),
    Reason.PERMISSION: ("path", "belongs to the authors it names after ~"),
    Reason.CONTENT_SIZE: ("$.content", f"is longer than {MAX_CONTENT} bytes"),
    Reason.TIMESTAMP: ("$.deleteAfter", "must be microseconds after the document's"),
    Reason.EXPIRED: ("$.deleteAfter", "is in the past"),
    Reason.WORKSPACE: ("workspace", "has an address of es.3, and we write es.4 only"),
    Reason.FUTURE: ("path", "has a document from the future, which stays the latest"),
}


class WriteAsked(Asked, frozen=True, kw_only=True, rename="camel"):
    """`identity` may be left out where this node has just one."""

    content: str
    identity: str | None = None
    delete_after: int | None = None


def path_of(captured: Mapping[str, str]) -> str:
    path = captured["path"]
    if not path.startswith("/"):
        raise Refusal(
            status=400,
            code="path-not-encoded",
            title="The document's path is not one segment",
            hint="write its slashes as %2F: …/documents/%2Fwiki%2FBees",
        )
    return path


async def read_write(request: Request) -> WriteAsked:
    if _kind(request).get_content_type() == "application/json":
        Parameters(request)
        return await read_body(request, WriteAsked, limit=MAX_JSON)
    asked = Parameters(request, "identity", "deleteAfter")
    expires = asked.number("deleteAfter") if "deleteAfter" in asked else None
    if isinstance(expires, float):
        raise invalid("?deleteAfter", "must be a whole number of microseconds")
    return WriteAsked(
        content=await _text(request),
        identity=asked.text("identity") or None,
        delete_after=expires,
    )


def check_write(path: str, asked: WriteAsked) -> None:
    """Raise the Refusal that names the field, for what can be told beforehand."""
    try:
        check_path(path)
        check_ephemeral_mark(path, asked.delete_after)
    except InvalidPath as exc:
        raise invalid("path", str(exc)) from None
    if len(asked.content.encode()) > MAX_CONTENT:
        raise refused_write(Reason.CONTENT_SIZE)


def refused_write(reason: Reason) -> Refusal:
    where, rule = RULES.get(reason, ("$", f"is against a rule of the format: {reason}"))
    return invalid(where, rule, code="invalid-document")


async def _text(request: Request) -> str:
    if _kind(request).get_content_charset("utf-8") not in ("utf-8", "us-ascii"):
        raise _not_text()
    try:
        return (await request.body.read(MAX_CONTENT)).decode()
    except UnicodeDecodeError:
        raise _not_text() from None


def _not_text() -> Refusal:
    return Refusal(
        status=422,
        code="content-not-text",
        title="A document's content is text in UTF-8",
        hint="encode what is no text, as in: base64 picture.png",
    )


def _kind(request: Request) -> Message:
    """The Content-Type, taken apart."""
    message = Message()
    message["content-type"] = request.headers.get(
        "content-type", "application/octet-stream"
    )
    return message
