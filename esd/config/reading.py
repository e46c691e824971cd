"""From a TOML text, or a file, to a `Config` or to all that is wrong with it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli

from esd.config.exposure import is_exposed
from esd.config.lines import Key, Lines, spell
from esd.config.problems import ConfigError, Problem
from esd.config.sections import read_root
from esd.config.settings import Config
from esd.config.table import Table

__all__ = ["parse_config", "read_config"]

EXPOSED = (
    "%(path)s holds workspace addresses, which are keys, and others on this machine "
    "can read it: chmod 600 %(path)s, or 640 with the group that esd runs as"
)

_LINE = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)")


def read_config(path: Path) -> Config:
    """The configuration in a file; raises ConfigError."""
    try:
        raw, status = path.read_bytes(), path.stat()
    except OSError as exc:
        raise _broken(path, None, f"cannot be read: {exc.strerror}") from exc
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise _broken(path, line, "is not UTF-8 here") from exc
    config = parse_config(text, str(path))
    if config.workspaces and is_exposed(status):
        warnings = (EXPOSED % {"path": path}, *config.warnings)
        return replace(config, warnings=warnings)
    return config


def _broken(file: Path | str, line: int | None, what: str) -> ConfigError:
    return ConfigError([Problem(str(file), "", line, what)])


def parse_config(text: str, file: str) -> Config:
    """The configuration in a text; *file* is what the mistakes call it.

    Files with keys that it names are read too.
    """
    mistakes: list[tuple[Key, str]] = []
    root = Table(
        _parse(text, file), (), lambda where, what: mistakes.append((where, what))
    )
    warnings: list[str] = []
    config = read_root(root, warnings.append)
    if mistakes:
        raise ConfigError(_located(mistakes, text, file))
    return replace(config, warnings=(*warnings, *_idle_peers(config)))


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as exc:
        line = _LINE.search(str(exc))
        known = int(line[1]) if line and line[1] else text.count("\n") + 1
        # tomli may quote a key, and a key may be anything, an address too.
        what = "invalid TOML" if "+" in str(exc) else _LINE.sub("", str(exc))
        raise _broken(file, known, what) from None
    except (ValueError, RecursionError):
        # A number of more than 4,300 digits, or brackets a thousand deep.
        raise _broken(file, None, "holds a value that no configuration needs") from None


def _idle_peers(config: Config) -> tuple[str, ...]:
    return tuple(
        f"peer {peer.name} shares no workspace: nothing will be synced with it"
        for peer in config.peers
        if not peer.workspaces and not peer.common
    )


def _located(mistakes: list[tuple[Key, str]], text: str, file: str) -> list[Problem]:
    lines = Lines(text)
    problems = [
        Problem(file, spell(where), lines.find(where), what) for where, what in mistakes
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)
