"""What a handler is given and what it gives back: values that know no socket.

A target is split first and decoded once, segment by segment, so that `%2F` stays inside
its segment; a `+` is a plus and never a space. Both happen when somebody looks, which
makes a bad escape the handler's 400 and lets a route that ignores its query ignore it.

A target may hold a workspace's address: no repr here shows one.
"""

import re
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self, overload
from urllib.parse import unquote_to_bytes

import msgspec
import trio

from esd.errors import PeerMisbehaved
from esd.web.inflate import Inflater, TooLarge
from esd.web.limits import MAX_BODY

__all__ = [
    "Body",
    "Handler",
    "Headers",
    "Request",
    "Response",
    "json_response",
    "text",
]

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")


class Headers:
    """Header fields in the order in which they came; names ignore case."""

    __slots__ = ("_fields", "_first")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple([(name.lower(), value) for name, value in fields])
        self._first = dict(reversed(self._fields))

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of that name."""
        return self._first.get(name.lower(), default)

    def get_all(self, name: str) -> tuple[str, ...]:
        name = name.lower()
        return tuple(value for known, value in self._fields if known == name)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._first

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __repr__(self) -> str:
        return f"<Headers {len(self._fields)}>"


class Body:
    """A request's body: inflated pieces of at most 64 KiB, read once.

    `receive` gives the next raw bytes, and nothing at the end. Past `limit` and for a
    bad or unknown encoding reading raises PeerMisbehaved. A client that sent
    `Expect: 100-continue` is told to go on by the first read, so a handler that
    refuses before reading never sees the body.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[bytes]],
        *,
        limit: int,
        encoding: str = "",
        declared: int = 0,
    ) -> None:
        self._receive = receive
        self._limit = limit
        self._encoding = encoding
        self._declared = declared
        self._inflater: Inflater | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._ended = False

    @classmethod
    def whole(
        cls, data: bytes = b"", *, encoding: str = "", limit: int = MAX_BODY
    ) -> Self:
        """A body that is already here."""
        parts = iter((data,))

        async def receive() -> bytes:
            await trio.lowlevel.checkpoint()
            return next(parts, b"")

        return cls(receive, limit=limit, encoding=encoding, declared=len(data))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        first = self._inflater is None
        piece = next(self._pieces, b"")
        while not piece:
            piece = await self._next_piece()
        if not first:
            # What is already here (inflated, or in one read) comes without waiting, and
            # a loop over 64 MiB of it must not hold up everybody else.
            await trio.lowlevel.checkpoint()
        return piece

    async def read(self, limit: int | None = None) -> bytes:
        """The whole body; more than *limit* bytes raise TooLarge."""
        limit = self._limit if limit is None else min(limit, self._limit)
        if self._encoding in ("", "identity") and self._declared > limit:
            raise TooLarge
        pieces: list[bytes] = []
        size = 0
        async for piece in self:
            size += len(piece)
            if size > limit:
                raise TooLarge
            pieces.append(piece)
        return b"".join(pieces)

    async def _next_piece(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        if self._inflater is None:
            self._inflater = Inflater(self._encoding, self._limit)
            if self._declared > self._limit:
                raise TooLarge
        data = await self._receive()
        if data:
            self._pieces = self._inflater.feed(data)
            return next(self._pieces, b"")
        self._ended = True
        self._inflater.finish()
        raise StopAsyncIteration


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. `remote` is the address without its port, or `unix`.

    `local` is our end of the connection, as `127.0.0.1:3333` or `[::1]:3333`; empty
    where it is no address.
    """

    method: str
    target: str
    headers: Headers = field(default_factory=Headers)
    remote: str = "unix"
    local: str = ""
    body: Body = field(default_factory=Body.whole)

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The decoded segments; `/a/` is ("a", ""), `/` is ("",), `*` is ("*",)."""
        absolute = _AUTHORITY.match(self.target)
        raw = self.target[absolute.end() if absolute else 0 :].partition("?")[0]
        return tuple([_decode(segment) for segment in raw.removeprefix("/").split("/")])

    @cached_property
    def query(self) -> tuple[tuple[str, str], ...]:
        raw = self.target.partition("?")[2]
        pairs = (part.partition("=") for part in raw.split("&") if part)
        return tuple((_decode(name), _decode(value)) for name, _, value in pairs)

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


def _decode(text: str) -> str:
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise PeerMisbehaved("bad percent-encoding in the target")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as exc:
        raise PeerMisbehaved("the target is not UTF-8") from exc


@dataclass(frozen=True, kw_only=True)
class Response:
    """One answer. A body that is no bytes is streamed and, at the end, closed."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterable[bytes] = b""


Handler = Callable[[Request], Awaitable[Response]]


def text(status: int, body: str) -> Response:
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return Response(status=status, headers=headers, body=body.encode())


def json_response(status: int, value: object) -> Response:
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    return Response(status=status, headers=headers, body=msgspec.json.encode(value))
