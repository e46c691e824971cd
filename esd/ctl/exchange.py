"""One request and its answer, in as much of HTTP/1.1 as the daemon's socket speaks.

A command is over in the time that Python's own HTTP client takes to load (it brings the
whole of e-mail and TLS along), and there is one server to talk to, on this machine, in
this package. So this is that one conversation: a request with a length, one answer that
ends with its length, with its last chunk, or with the connection. What else it may say,
and an answer that ends anywhere else, is `Broken`.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader

__all__ = ["Broken", "Response", "exchange"]

LONGEST = 65_536  # bytes of a line in the head, or before a chunk
MOST_LINES = 100  # of a head
PIECE = 65_536  # bytes read at once
BODILESS = {204, 304}
HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class Broken(Exception):
    """The answer is not whole, or none that the daemon would give."""


class Response:
    """`headers` are by their names in lower case. The body is read once."""

    def __init__(self, file: BufferedReader, *, bodiless: bool = False) -> None:
        self._file = file
        self.status = _status(_line(file))
        self.headers: Mapping[str, str] = _headers(file)
        self._bodiless = bodiless or self.status in BODILESS

    def read(self) -> bytes:
        """All of the body."""
        return b"".join(self._pieces())

    def lines(self) -> Iterator[bytes]:
        """The body line by line, each as soon as it is here; without their ends."""
        rest = b""
        for piece in self._pieces():
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def _pieces(self) -> Iterator[bytes]:
        if self._bodiless:
            return iter(())
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            return _chunks(self._file)
        if "content-length" in self.headers:
            return _exactly(self._file, _number(self.headers["content-length"]))
        return iter(lambda: self._file.read1(PIECE), b"")


@contextmanager
def exchange(
    sock: socket.socket, method: str, path: str, body: bytes | None
) -> Iterator[Response]:
    """Send a request over a new connection, and read the head of the answer.

    *path* is as it goes on the wire, and *body* is JSON. Raises Broken, and OSError.
    """
    head = f"{method} {path} HTTP/1.1\r\nHost: esd\r\nConnection: close\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with suppress(BrokenPipeError, ConnectionResetError):  # it may have said why
        sock.sendall(f"{head}\r\n".encode("ascii") + (body or b""))
    with sock.makefile("rb") as file:
        yield Response(file, bodiless=method == "HEAD")


def _status(line: str) -> int:
    version, _, rest = line.partition(" ")
    if version not in ("HTTP/1.0", "HTTP/1.1"):
        raise Broken
    return _number(rest[:3])


def _headers(file: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MOST_LINES):
        line = _line(file)
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise Broken
        headers[name.lower()] = value.strip()
    raise Broken


def _chunks(file: BufferedReader) -> Iterator[bytes]:
    while size := _number(_line(file).partition(";")[0], 16):
        yield from _exactly(file, size)
        if _line(file):
            raise Broken
    _headers(file)  # trailers


def _exactly(file: BufferedReader, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, PIECE))
        if not piece:
            raise Broken
        size -= len(piece)
        yield piece


def _line(file: BufferedReader) -> str:
    """Without its end, which must be there."""
    line = file.readline(LONGEST)
    if not line.endswith(b"\n"):
        raise Broken
    return line[:-1].removesuffix(b"\r").decode("latin-1")


def _number(text: str, base: int = 10) -> int:
    digits = text.strip()
    if not digits or not HEXADECIMAL.issuperset(digits):
        raise Broken
    try:
        return int(digits, base)
    except ValueError as exc:
        raise Broken from exc
