"""HTTP with the daemon over its Unix socket; the only place that knows it is HTTP.

One connection a request: connecting costs microseconds, and none can have gone stale.
Every way to fail becomes a CannotDo here, with its exit code and what to try. A daemon
of another version is served with one warning; one of another major API is not, because
its words may mean something else.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

from esd import __version__
from esd.ctl.connecting import connected
from esd.ctl.exchange import Broken, Response, exchange
from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.ctl.facts import Facts

__all__ = ["Answer", "Daemon", "exit_code", "route"]

API = "1"
PATIENCE = 30.0  # seconds without a byte; the daemon answers in milliseconds
SPECIAL = {
    403: ExitCode.DENIED,
    404: ExitCode.NOT_FOUND,
    408: ExitCode.TIMED_OUT,
    504: ExitCode.TIMED_OUT,
}


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes

    @property
    def facts(self) -> Facts:
        return parsed(self.body) if self.body else Facts()

    def check(self) -> "Answer":
        """Raise what the daemon refused, in its words."""
        if self.status < 400:
            return self
        problem = self.facts if "json" in self.content_type else Facts()
        title, detail = problem.text("title"), problem.text("detail")
        errors = [_field_error(one) for one in problem.parts("errors")]
        # One error is in the detail too; of several each deserves its line.
        if len(errors) > 1 or not detail:
            detail = ""
        else:
            errors = []
        raise CannotDo(
            ": ".join(filter(None, (title, detail))) or f"esd answered {self.status}",
            code=exit_code(self.status),
            hint=problem.text("hint"),
            details=errors,
        )


def exit_code(status: int) -> ExitCode:
    if status < 400:
        return ExitCode.OK
    return SPECIAL.get(status, ExitCode.FAILED)


GONE = "it may be stopping; see journalctl -u esd"
ELSE = "another program may be listening on that socket; see --socket"


def parsed(text: bytes) -> Facts:
    try:
        return Facts.parse(text)
    except ValueError as exc:
        raise CannotDo("esd's answer is not JSON", hint=ELSE) from exc


def route(*parts: str, **query: object) -> str:
    """A path below /v1 with each part quoted; query members that are None left out."""
    path = "/v1/" + "/".join(quote(part, safe="") for part in parts)
    asked = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(asked)}" if asked else path


class Daemon:
    """Where the daemon is to be found. `warn` is told of another version, once."""

    def __init__(
        self, path: Path, warn: Callable[[str], None], patience: float = PATIENCE
    ) -> None:
        self.path = path
        self.patience = patience
        self._warn = warn
        self._warned = False

    def get(self, *parts: str, **query: object) -> Facts:
        return self.ask("GET", route(*parts, **query)).check().facts

    def post(self, *parts: str, body: object = None, **query: object) -> Facts:
        return self.ask("POST", route(*parts, **query), body).check().facts

    def delete(self, *parts: str, **query: object) -> Facts:
        return self.ask("DELETE", route(*parts, **query)).check().facts

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Any answer, also a refusal. The body is sent as JSON; bytes as they are."""
        with self._request(method, path, body) as response, self._listening():
            return _whole(response)

    def lines(self, path: str) -> Iterator[Facts]:
        """An answer that goes on: JSON, line by line."""
        with self._request("GET", path) as response:
            with self._listening():
                if response.status >= 400:
                    _whole(response).check()
            lines = response.lines()
            while (line := self._next(lines)) is not None:
                yield parsed(line)

    def _next(self, lines: Iterator[bytes]) -> bytes | None:
        with self._listening():
            return next(lines, None)

    @contextmanager
    def _request(
        self, method: str, path: str, body: object = None
    ) -> Iterator[Response]:
        with self._listening():
            sock = connected(self.path, self.patience)
        with sock, ExitStack() as stack:
            with self._listening():
                asked = exchange(sock, method, path, _encoded(body))
                response = stack.enter_context(asked)
            self._check_version(response.headers)
            yield response

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Around all that waits for the daemon, and around nothing else."""
        try:
            yield
        except TimeoutError as exc:
            message = f"esd did not answer within {self.patience:g} s"
            hint = "journalctl -u esd may say why; --timeout waits longer"
            raise CannotDo(message, code=ExitCode.TIMED_OUT, hint=hint) from exc
        except (Broken, OSError) as exc:
            message = "esd hung up before its answer was whole"
            raise CannotDo(message, hint=GONE) from exc

    def _check_version(self, headers: Mapping[str, str]) -> None:
        spoken = headers.get("esd-api", "")
        if not spoken:
            raise CannotDo("whoever listens on the socket is not esd", hint=ELSE)
        theirs = headers.get("esd-version", "")
        if API not in (one.strip() for one in spoken.split(",")):
            message = (
                f"esd {theirs} speaks control API {spoken}, this esdctl only {API}"
            )
            raise CannotDo(message, hint="use the esdctl that was installed with esd")
        if theirs != __version__ and not self._warned:
            self._warned = True
            self._warn(
                f"esd is version {theirs or 'unknown'}, esdctl {__version__}; "
                "restart esd after an update"
            )


def _whole(response: Response) -> Answer:
    kind = response.headers.get("content-type", "")
    return Answer(response.status, kind, response.read())


def _encoded(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body).encode()


def _field_error(error: Facts) -> str:
    """Such as "/etc/esd/esd.toml:12: peer.home.url must begin with http"."""
    place = ":".join(filter(None, (error.text("file"), error.text("line"))))
    field = ": ".join(filter(None, map(error.text, ("path", "peer"))))
    told = " ".join(filter(None, map(error.text, ("key", "message"))))
    return ": ".join(filter(None, (place, field, told)))
