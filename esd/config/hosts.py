"""Where to listen and whom to call: addresses of the network, not of workspaces."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from esd.config.values import BadValue, text

__all__ = ["is_near", "listen", "peer_url"]

_LISTEN = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):(\d{1,5})")
NEAR = ("localhost", "local", "lan", "internal", "home.arpa", "onion")


def listen(value: object) -> str:
    """An IP address and a port.

    A host name would be a trap: localhost is two addresses, and binds to one of them.
    """
    match = _LISTEN.fullmatch(text(value))
    wanted = 'must be an address such as "127.0.0.1:3333" or "[::1]:3333"'
    if match is None:
        raise BadValue(wanted)
    six, four, port = match.groups()
    version = _ip_version(six or four)
    if version is None or version != (6 if six else 4):
        raise BadValue(wanted)
    if int(port) > 65_535:
        raise BadValue("has a port above 65535")
    return match[0]


def peer_url(value: object) -> str:
    """The pub's root, without a slash at the end."""
    url = text(value)
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise BadValue("must begin with https:// or http://")
    if not parts.hostname or re.search(r"[\s\\\x00-\x1f]", url):
        raise BadValue("is not a URL")
    if "@" in parts.netloc:
        raise BadValue("must not hold a user or password")
    if "?" in url or "#" in url:
        raise BadValue("must not have a query or fragment")
    # A page of a pub, copied from a browser: the address would be in the URL.
    if "+" in parts.path or "%2b" in parts.path.lower():
        raise BadValue("must be the pub's root, without a workspace")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # computed, and checked, when it is asked for
    except ValueError:
        raise BadValue("is not a URL") from None
    return parts


def is_near(url: str) -> bool:
    """Whether plain http to this peer stays on this machine, this LAN or in Tor."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if _ip_version(host) is not None:
        found = ip_address(host)
        return found.is_private or found.is_loopback or found.is_link_local
    return "." not in host or any(host.endswith("." + zone) for zone in NEAR)


def _ip_version(host: str) -> int | None:
    try:
        return ip_address(host).version
    except ValueError:
        return None
