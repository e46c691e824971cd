"""Where the daemon and its tools meet unless told otherwise: socket, state, config.

systemd gives a service its directories by environment; a person's own daemon follows
the XDG rules. Both the daemon and esdctl ask here, so that they find each other. Only
the environment decides, and it is passed in; only `config_file` and `client_socket`
look at the disk, for what exists.
"""

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["client_socket", "config_file", "daemon_socket", "state_dir"]

Environ = Mapping[str, str]

SYSTEM_CONFIG = Path("/etc/esd/esd.toml")
SYSTEM_SOCKET = Path("/run/esd/control.sock")
SOCKET = "control.sock"


def state_dir(environ: Environ = os.environ) -> Path:
    """Where the documents are kept."""
    given = _first(environ, "STATE_DIRECTORY")
    return given or _xdg(environ, "XDG_STATE_HOME", ".local/state") / "esd"


def config_file(environ: Environ = os.environ) -> Path | None:
    """The configuration to read, or None where there is none: the defaults do then."""
    mine = _xdg(environ, "XDG_CONFIG_HOME", ".config") / "esd/esd.toml"
    given = _first(environ, "CONFIGURATION_DIRECTORY")
    candidates = [given / "esd.toml"] if given else []
    candidates += [mine, SYSTEM_CONFIG]
    return next(filter(Path.is_file, candidates), None)


def daemon_socket(environ: Environ = os.environ, *, root: bool | None = None) -> Path:
    """Where the daemon binds its control socket."""
    if told := _absolute(environ, "ESD_SOCKET"):
        return told
    if given := _first(environ, "RUNTIME_DIRECTORY"):
        return given / SOCKET
    if session := _absolute(environ, "XDG_RUNTIME_DIR"):
        return session / "esd" / SOCKET
    # No session and no service manager: a container, or a login by su.
    is_root = os.geteuid() == 0 if root is None else root
    return SYSTEM_SOCKET if is_root else state_dir(environ) / SOCKET


def client_socket(environ: Environ = os.environ) -> Path:
    """The socket to try: one's own daemon if it has one, else the system's."""
    if told := _absolute(environ, "ESD_SOCKET"):
        return told
    mine = daemon_socket(environ, root=False)
    return mine if mine.exists() else SYSTEM_SOCKET


def _first(environ: Environ, name: str) -> Path | None:
    """systemd separates several directories by colons; the first is the main one."""
    first = environ.get(name, "").partition(":")[0]
    return Path(first) if first.startswith("/") else None


def _absolute(environ: Environ, name: str) -> Path | None:
    """XDG: "if an implementation encounters a relative path, ignore it"."""
    value = environ.get(name, "")
    return Path(value) if value.startswith("/") else None


def _xdg(environ: Environ, name: str, default: str) -> Path:
    home = _absolute(environ, "HOME") or Path("~").expanduser()
    return _absolute(environ, name) or home / default
