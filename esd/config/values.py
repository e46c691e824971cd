"""The values people write in the configuration: each function reads one kind.

They take what TOML gave and return what the daemon uses, or raise `BadValue` with the
rule that was broken. No message repeats the value (problems.py says why).
"""

import re
from collections.abc import Callable
from enum import StrEnum
from math import inf, isfinite
from pathlib import Path
from typing import TypeVar

from esd.formats.addresses import InvalidAddress, WorkspaceAddress

__all__ = [
    "BadValue",
    "absolute_path",
    "address",
    "alias",
    "array",
    "count",
    "duration",
    "flag",
    "host_name",
    "interval",
    "one_of",
    "origin",
    "rate",
    "size",
    "text",
]

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
BYTES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}

_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d+) ?(B|KiB|MiB|GiB|TiB|)")
_ALIAS = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"({_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(:\d{{1,5}})?")


class BadValue(ValueError):
    """Not a value of this kind; the message is for the operator."""


def text(value: object) -> str:
    if not isinstance(value, str):
        raise BadValue("must be a string")
    return value


def absolute_path(value: object) -> Path:
    name = text(value)
    if not name.startswith(("/", "~/")) or "\0" in name:
        raise BadValue('must be an absolute path, or begin with "~/"')
    return Path(name).expanduser()


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue("must be true or false")
    return value


def count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadValue("must be a whole number above 0")
    return value


def rate(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadValue("must be a number")
    if not (isfinite(value) and value > 0):
        raise BadValue("must be above 0")
    return float(value)


def size(value: object) -> int:
    """Bytes: a whole number, or a string with a unit."""
    if isinstance(value, int):
        return count(value)
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadValue('must be a size such as "64 MiB", or a whole number of bytes')
    return count(int(match[1]) * BYTES[match[2]])


def duration(value: object) -> float:
    """Seconds: a number, or a string with a unit."""
    if isinstance(value, int | float):
        return rate(value)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadValue('must be a duration such as "90s", "5m" or "2h"')
    return rate(float(match[1]) * SECONDS[match[2]])


def interval(value: object) -> float:
    """A duration of at least a second, or `"manual"`, which is inf."""
    if value == "manual":
        return inf
    try:
        seconds = duration(value)
    except BadValue as exc:
        raise BadValue(f'{exc}, or "manual"') from None
    if seconds < 1:
        raise BadValue("must be at least a second: local writes are pushed at once")
    return seconds


def one_of(kind: type[E]) -> Callable[[object], E]:
    def read(value: object) -> E:
        if not isinstance(value, str) or value not in tuple(kind):
            raise BadValue("must be " + " or ".join(f'"{word}"' for word in kind))
        return kind(value)

    return read


def alias(value: object) -> str:
    """A short local name for a workspace or a peer."""
    name = text(value)
    if _ALIAS.fullmatch(name) is None:
        raise BadValue("must be a short name of a-z, 0-9, _ and -")
    if name.startswith("ws-"):
        raise BadValue('must not begin with "ws-": those are the local ids')
    return name


def address(value: object) -> WorkspaceAddress:
    try:
        return WorkspaceAddress.parse(value)
    except InvalidAddress:
        raise BadValue("is not a workspace address, such as +name.suffix") from None


def host_name(value: object) -> str:
    """A name that others reach us by, in lower case, with a port where it needs one."""
    name = text(value).lower()
    if _HOST.fullmatch(name) is None:
        raise BadValue('must be a host name such as "pub.example.org"')
    return name


def origin(value: object) -> str:
    """What a browser sends as Origin, or `*`."""
    name = text(value)
    scheme, separator, host = name.partition("://")
    known = scheme in ("http", "https") and separator and _HOST.fullmatch(host)
    if name != "*" and not known:
        raise BadValue('must be "*" or an origin such as "https://example.org"')
    return name


def array(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadValue("must be an array")
    return value
