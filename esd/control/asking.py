"""What a request says: its body and its query, read strictly.

A misspelt field or parameter is refused rather than ignored, because an operator who
mistypes `workspaces` means anything but all of them. Messages say what is wanted, never
what was sent.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from esd.control.refusing import Refusal, invalid
from esd.web import Request

__all__ = ["SMALL", "Asked", "Parameters", "read_body", "read_json", "wrong_shape"]

T = TypeVar("T")

SMALL = 64 * 1024  # bytes; names and numbers, a list of a few thousand at most
LARGEST = 2**53 - 1

_WHOLE = re.compile(r"-?[0-9]{1,16}")
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,9})?")
_FLAGS = {"1": True, "true": True, "0": False, "false": False, "": True}
_PLACE = re.compile(r"(?P<message>.*) - at `(?P<path>[^`]*)`", re.DOTALL)
_QUOTED = re.compile(r"(?:value|field|key) [`'\"](?P<said>.*)[`'\"]", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]{1,40}")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all bodies that this API takes."""


async def read_body(request: Request, kind: type[T], *, limit: int = SMALL) -> T:
    """The body as *kind*; no body at all is an empty object."""
    value = await read_json(request, limit=limit)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        raise wrong_shape(str(exc)) from None


async def read_json(request: Request, *, limit: int = SMALL) -> object:
    """The body as plain JSON."""
    raw = await request.body.read(limit)
    try:
        return msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refusal(
            status=400,
            code="not-json",
            title="The body is not JSON",
            hint="send a JSON object in UTF-8, or no body at all",
        ) from None


def wrong_shape(told: str) -> Refusal:
    """The refusal for what msgspec *told*, without any word of the caller's."""
    found = _PLACE.fullmatch(told)
    message, path = (found["message"], found["path"]) if found else (told, "$")
    quoted = _QUOTED.search(message)
    if quoted is not None and not _is_harmless(quoted["said"]):
        message = message[: quoted.start()].rstrip() + " another word was expected here"
    return invalid(path, message)


def _is_harmless(said: str) -> bool:
    """Whether a word of the caller's may be repeated: no address looks like it."""
    return _NAME.fullmatch(said) is not None


class Parameters:
    """The query of a request; *known* are the names it may hold, each once."""

    def __init__(self, request: Request, *known: str) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query:
            if name not in known:
                raise _unknown(known)
            if name in self._values:
                raise invalid(f"?{name}", "is there twice")
            self._values[name] = value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, default)

    def flag(self, name: str) -> bool:
        """`?name`, `?name=1` and `?name=true` say yes."""
        value = self._values.get(name, "0").lower()
        if value not in _FLAGS:
            raise invalid(f"?{name}", "must be 1 or 0")
        return _FLAGS[value]

    def whole(self, name: str, default: int, *, least: int = 0, most: int) -> int:
        text = self._values.get(name)
        if text is None:
            return default
        if _WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
            raise invalid(f"?{name}", f"must be a whole number from {least} to {most}")
        return int(text)

    def seconds(self, name: str, *, most: float) -> float | None:
        text = self._values.get(name)
        if text is None:
            return None
        if _NUMBER.fullmatch(text) is None or not 0 <= float(text) <= most:
            raise invalid(f"?{name}", f"must be a number of seconds from 0 to {most:g}")
        return float(text)

    def number(self, name: str) -> int | float:
        """As JSON would read it, and nothing else."""
        text = self._values[name]
        if _NUMBER.fullmatch(text) is None or abs(float(text)) > LARGEST:
            raise invalid(f"?{name}", "must be a number")
        return float(text) if "." in text else int(text)


def _unknown(known: Sequence[str]) -> Refusal:
    takes = ", ".join(known) if known else "none"
    return Refusal(
        status=400,
        code="unknown-parameter",
        title="A query parameter is not known here",
        hint=f"the parameters of this request: {takes}",
    )
