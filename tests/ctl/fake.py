"""A daemon that only says what it was told to: HTTP over a Unix socket, in a thread.

Answers are canned by method and path; several for one place are given one after the
other, and the last one again and again. What was asked is kept, and at the end both
sides are held to the contract.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from tempfile import TemporaryDirectory

from esd import __version__
from tests.ctl.contract import check_exchange

OURS = {"Esd-Version": __version__, "Esd-Api": "1"}


@dataclass(frozen=True)
class Canned:
    body: object = field(default_factory=dict)
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=lambda: OURS)
    breaks_off: bool = False  # says less than it promises

    @property
    def octets(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


def problem(status: int, code: str, title: str, **more: object) -> Canned:
    kind = f"urn:esd:problem:{code}"
    body = {"type": kind, "status": status, "code": code, "title": title} | more
    return Canned(body, status, "application/problem+json")


def lines(*events: object) -> Canned:
    body = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    return Canned(body, kind="application/x-ndjson")


Answers = Mapping[str, Canned | Sequence[Canned]]
UNKNOWN = problem(404, "route-not-found", "There is nothing here")


@dataclass
class FakeDaemon:
    """`asked` holds "METHOD /path?query" and the body, in order."""

    path: Path
    answers: Answers
    asked: list[tuple[str, object]] = field(default_factory=list)
    _exchanges: list[tuple[str, str, object, Canned]] = field(default_factory=list)
    _given: dict[str, int] = field(default_factory=dict)

    def answer(self, method: str, target: str, body: bytes) -> Canned:
        said = json.loads(body) if body else None
        canned = self._next(f"{method} {target.partition('?')[0]}")
        self.asked.append((f"{method} {target}", said))
        self._exchanges.append((method, target, said, canned))
        return canned

    def _next(self, place: str) -> Canned:
        canned = self.answers.get(place, UNKNOWN)
        if isinstance(canned, Canned):
            return canned
        turn = self._given.get(place, 0)
        self._given[place] = turn + 1
        return canned[min(turn, len(canned) - 1)]

    def check(self) -> None:
        for exchange in self._exchanges:
            if exchange[-1].headers == OURS and not exchange[-1].breaks_off:
                check_exchange(*exchange)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = False
    block_on_close = True
    daemon: FakeDaemon


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _reply(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        canned = self.server.daemon.answer(self.command, self.path, body)
        self.send_response(canned.status)
        for name, value in canned.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", canned.kind)
        promised = len(canned.octets) + (10 if canned.breaks_off else 0)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(canned.octets)
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _reply

    def log_message(self, *_args):
        pass


@contextmanager
def fake_daemon(answers: Answers) -> Iterator[FakeDaemon]:
    with TemporaryDirectory(prefix="esd") as directory:
        daemon = FakeDaemon(Path(directory) / "control.sock", answers)
        with _Server(str(daemon.path), _Handler) as server:
            server.daemon = daemon
            serving = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.01}
            )
            serving.start()
            try:
                yield daemon
            finally:
                server.shutdown()
                serving.join()
            daemon.check()
