"""esdctl called in this process, with streams, clock and environment of the test's."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from esd.ctl.call import Surroundings
from esd.ctl.main import run

NOW = 1795338000.0  # 2026-11-22T09:00:00Z


@dataclass
class Clock:
    """Time passes only where somebody sleeps."""

    passed: float = 0.0
    interrupted: bool = False  # Ctrl-C while asleep

    def steady(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.passed += seconds


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def stream(text: str = "", *, terminal: bool = False) -> io.TextIOWrapper:
    kind = Terminal if terminal else io.TextIOWrapper
    return kind(io.BytesIO(text.encode()), encoding="utf-8", newline="")


def esdctl(
    *arguments: str,
    socket: Path | str = "",
    stdin: str | io.TextIOWrapper = "",
    prompted: str = "",
    terminal: bool = False,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> Ended:
    """What it prints and how it ends."""
    out, err = stream(terminal=terminal), stream()
    clock = clock or Clock()
    around = Surroundings(
        environ={"ESD_SOCKET": str(socket), "TERM": "xterm"} | dict(environ or {}),
        stdin=stream(stdin) if isinstance(stdin, str) else stdin,
        stdout=out,
        stderr=err,
        prompt=lambda _question: prompted,
        now=lambda: NOW,
        steady=clock.steady,
        sleep=clock.sleep,
    )
    code = run(arguments, around)
    return Ended(code, _written(out), _written(err))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()
