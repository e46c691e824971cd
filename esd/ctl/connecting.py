"""Getting through to the socket; or telling why not, and what to do about it."""

import socket
from contextlib import ExitStack
from pathlib import Path

from esd.ctl.exit_codes import CannotDo, ExitCode
from esd.places import SYSTEM_SOCKET

__all__ = ["connected"]


def connected(path: Path, patience: float) -> socket.socket:
    """A connection that waits so many seconds for each byte. Close it when done.

    Raises CannotDo, and TimeoutError.
    """
    with ExitStack() as failed:
        sock = failed.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        sock.settimeout(patience)
        try:
            sock.connect(str(path))
        except TimeoutError:
            raise
        except OSError as exc:
            raise _unreachable(path, exc) from exc
        failed.pop_all()
    return sock


def _unreachable(path: Path, exc: OSError) -> CannotDo:
    if isinstance(exc, PermissionError):
        group = _group(path)
        return CannotDo(
            f"you may not use the socket at {path}",
            code=ExitCode.DENIED,
            hint=f"you need group {group}: sudo usermod -aG {group} $USER, "
            "then log in again",
        )
    if isinstance(exc, FileNotFoundError | ConnectionRefusedError):
        found = "no socket" if isinstance(exc, FileNotFoundError) else "nobody listens"
        return CannotDo(
            f"esd is not running ({found} at {path})",
            code=ExitCode.NOT_RUNNING,
            hint=f"Try: {_how_to_start(path)}",
        )
    reason = exc.strerror or str(exc)
    return CannotDo(f"cannot use the socket at {path}: {reason}", hint="see --socket")


def _how_to_start(path: Path) -> str:
    if path == SYSTEM_SOCKET:
        return "systemctl start esd"
    return "systemctl --user start esd, or esd run"


def _group(path: Path) -> str:
    try:
        group = path.group()
    except (OSError, KeyError):  # out of sight, or a group without a name
        return "esd"
    return "esd" if group == "root" else group
