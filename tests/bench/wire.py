"""The least of an HTTP client: what measures must cost little itself.

Blocking sockets and prepared requests; answers must have a Content-Length or come in
chunks, as ours and a pub's do.
"""

import selectors
import socket
import time
from collections.abc import Sequence

READ = 1 << 20  # bytes


def request(method: str, path: str, body: bytes = b"", more: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def documents_path(workspace: str) -> str:
    return f"/earthstar-api/v1/{workspace}/documents"


def connect(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def ask(line: socket.socket, asked: bytes) -> bytes:
    """Send a request and read its answer: the head and a short body."""
    line.sendall(asked)
    answer = b""
    while not _whole(answer):
        more = line.recv(READ)
        if not more:
            raise ConnectionError("the answer is cut short")
        answer += more
    return answer


def read_chunked(line: socket.socket, asked: bytes) -> int:
    """Send a request and read its chunked answer; the bytes that came."""
    line.sendall(asked)
    came, tail = 0, b""
    while not tail.endswith(b"0\r\n\r\n"):
        piece = line.recv(READ)
        if not piece:
            raise ConnectionError("the answer is cut short")
        came += len(piece)
        tail = (tail + piece)[-16:]
    return came


def _whole(answer: bytes) -> bool:
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    if head.startswith(b"HTTP/1.1 304"):
        return True
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    raise ValueError("an answer without a length")


def requests_per_second(
    port: int, asked: bytes, *, seconds: float, lines: int
) -> tuple[int, float]:
    """Ask the same over and over on some connections at once: (answers, seconds)."""
    answers = 0
    with selectors.DefaultSelector() as waiting:
        open_lines = [connect(port) for _ in range(lines)]
        for line in open_lines:
            waiting.register(line, selectors.EVENT_READ)
            line.sendall(asked)
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            answers += _answered(waiting.select(), asked)
        passed = time.perf_counter() - begun
        close(open_lines)
    return answers, passed


def _answered(ready: list[tuple[selectors.SelectorKey, int]], asked: bytes) -> int:
    """Read the answers that are there, each in one piece, and ask again."""
    for key, _ in ready:
        line = key.fileobj
        assert isinstance(line, socket.socket)
        if not _whole(line.recv(READ)):
            raise ValueError("a small answer came in two pieces")
        line.sendall(asked)
    return len(ready)


def close(lines: Sequence[socket.socket]) -> None:
    for line in lines:
        line.close()
