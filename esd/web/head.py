"""What stands between a request line and a body: which heads we take, which we write.

A response's own fields come first, then those that the server alone can know: how its
body is framed, the date, and whether the connection ends here. There is no Server
field: it helps nobody but a scanner.
"""

from http import HTTPStatus

from esd.errors import PeerMisbehaved
from esd.web.date import date_line
from esd.web.message import Headers, Response

__all__ = ["BODILESS", "check_head", "declared_length", "head_of", "keeps_alive"]

# RFC 9112, 6.3: these have no body whatever their fields say.
BODILESS = (204, 304)

_STATUS_LINES = {
    int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode()
    for status in HTTPStatus
}


def check_head(method: str, target: str, headers: Headers, limit: int) -> None:
    """Raise PeerMisbehaved for what parses and still is not to be served."""
    size = len(target) + sum([len(name) + len(value) + 4 for name, value in headers])
    if size > limit:
        raise PeerMisbehaved("the head is too large", status_hint=431)
    if "transfer-encoding" in headers and "content-length" in headers:
        # RFC 9112, 6.1: "ought to be handled as an error", being how one request is
        # smuggled inside another past a proxy that believes the other field.
        raise PeerMisbehaved("two different lengths of one body")
    if method == "CONNECT":
        raise PeerMisbehaved("CONNECT is not offered", status_hint=501)


def keeps_alive(headers: Headers) -> bool:
    """Whether an HTTP/1.1 client wants to go on after this request."""
    if "connection" not in headers:
        return True
    said = ",".join(headers.get_all("connection")).lower().split(",")
    return "close" not in [option.strip() for option in said]


def head_of(response: Response, *, chunked: bool, close: bool) -> bytes:
    """The bytes before the body; ValueError for what cannot be a head."""
    parts = [_STATUS_LINES[response.status]]
    for name, value in response.headers:
        parts.append(f"{name}: {value}\r\n".encode("latin-1"))
    if chunked:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    elif isinstance(response.body, bytes) and _needs_length(response):
        parts.append(b"Content-Length: %d\r\n" % len(response.body))
    parts.append(date_line())
    parts.append(b"Connection: close\r\n\r\n" if close else b"\r\n")
    head = b"".join(parts)
    if head.count(b"\n") != len(parts) + close or b"\0" in head:
        # Whoever can put a line break into a value could write the rest of the answer.
        raise ValueError("a response field spans lines")
    return head


def declared_length(response: Response) -> int | None:
    """The Content-Length that the handler gave."""
    for name, value in response.headers:
        if name.lower() == "content-length":
            return int(value)
    return None


def _needs_length(response: Response) -> bool:
    return response.status not in BODILESS and declared_length(response) is None
