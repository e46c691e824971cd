"""What a peer's answer means when it is none that a conversation expects.

Each failure has a reason in words and a hint for the operator: what it most often is,
and where to look. Neither ever holds the path of a URL, which may name a workspace.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from esd.errors import EsdError, PeerMisbehaved, PeerUnavailable

__all__ = ["NO_PUB", "PeerMoved", "check_answer"]

NO_PUB = "is this the url of an earthstar-pub, and not of a web site?"

_HINTS = {
    401: "it asks for a login: a proxy before it may",
    403: "a proxy before it may refuse us",
    404: NO_PUB,
    405: NO_PUB,
    408: "its network or ours is slow",
    429: "it limits how often we may ask: a longer interval helps",
    502: "the proxy before it cannot reach it: is the pub running?",
    503: "it is starting, overloaded, or down for a while",
    504: "the proxy before it cannot reach it: is the pub running?",
}


class PeerMoved(EsdError):
    """It redirects. `origin` is where to, as scheme and host only."""

    def __init__(self, origin: str) -> None:
        super().__init__("it redirects to another place")
        self.origin = origin


def check_answer(status: int, headers: Mapping[str, str]) -> None:
    """Raise for every status that no conversation gives a meaning to."""
    if 300 <= status < 400:
        raise PeerMoved(_origin_of(headers.get("location", "")))
    reason = f"it answered {status}"
    if status in (401, 408, 425, 429) or status >= 500:
        hint = _HINTS.get(status, "its own log should tell why")
        wait = _seconds(headers.get("retry-after"))
        raise PeerUnavailable(reason, retry_after=wait, hint=hint)
    if status >= 400 or status < 200:
        raise PeerMisbehaved(reason, hint=_HINTS.get(status, NO_PUB))


def _origin_of(location: str) -> str:
    """Scheme and host of a Location header, or nothing."""
    try:
        parts = urlsplit(location)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return ""
    host = parts.hostname or ""
    if not host or parts.scheme not in ("http", "https"):
        return ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _seconds(retry_after: str | None) -> float | None:
    """As seconds; the other form, a date, is not worth its parsing."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
