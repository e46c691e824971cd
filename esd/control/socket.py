"""The control socket: where it is, who may open it, and who is at the other end.

A lock file beside it is held for life, so the socket file of a daemon that was killed
can be told from one that is in use, without a race. What is not a socket is never
touched. The mode is there from the first moment: it is made under a umask, and nobody
can connect before `listen`, which comes last. The umask is the whole process', so all
this happens at once, without trio, before there is any other work.
"""

import errno
import fcntl
import grp
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trio

from esd.control.app import Control
from esd.errors import OperatorMustAct
from esd.web import Drain, Limits, serve_connection

__all__ = ["caller_of", "open_socket", "serve_control"]

LONGEST_PATH = 107  # bytes; the kernel's sun_path holds one more, for the NUL
BACKLOG = 128
MASK = 0o117  # leaves 0660: the owner and the group
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


@contextmanager
def open_socket(
    path: Path, *, group: str | None = None
) -> Iterator[trio.SocketListener]:
    """A listener at *path* that the owner and *group* may open; gone afterwards.

    Raises OperatorMustAct, and then nothing was changed.
    """
    gid = None if group is None else _gid(group)
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise OperatorMustAct(
            f"the control socket's path is longer than {LONGEST_PATH} bytes",
            hint="choose a shorter one with ESD_SOCKET or --socket",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise _unusable(path, exc) from exc
    try:
        _take(lock, path)
        with _bound(path, gid) as bound:
            yield trio.SocketListener(trio.socket.from_stdlib_socket(bound))
    finally:
        os.close(lock)


def _gid(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise OperatorMustAct(
            f"the control socket's group {group!r} does not exist",
            hint=f"make it, as in: groupadd --system {group}",
        ) from None


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OperatorMustAct(
            f"another esd holds the control socket {path}",
            hint="stop it, or choose another place with ESD_SOCKET or --socket",
        ) from None


@contextmanager
def _bound(path: Path, gid: int | None) -> Iterator[socket.socket]:
    _make_room(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        ours = _bind(bound, path)
        try:
            if gid is not None:
                _give(path, gid)
            bound.listen(BACKLOG)
            yield bound
        finally:
            with suppress(FileNotFoundError):
                if path.lstat().st_ino == ours:
                    path.unlink()


def _bind(bound: socket.socket, path: Path) -> int:
    """Bind; the number of the file that this made."""
    before = os.umask(MASK)
    try:
        bound.bind(os.fspath(path))
        return path.lstat().st_ino
    except OSError as exc:
        raise _unusable(path, exc) from exc
    finally:
        os.umask(before)


def _give(path: Path, gid: int) -> None:
    try:
        os.chown(path, -1, gid)
    except OSError as exc:
        raise _unusable(path, exc) from exc


def _make_room(path: Path) -> None:
    """Remove a socket that nobody listens on any more; refuse anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as exc:
        raise _unusable(path, exc) from exc
    if not stat.S_ISSOCK(mode):
        raise OperatorMustAct(
            f"{path} is there already and is no socket",
            hint="move it away, or choose another place for the control socket",
        )
    if _answers(path):
        raise OperatorMustAct(
            f"another program listens on {path}",
            hint="stop it, or choose another place for the control socket",
        )
    try:
        path.unlink()
    except OSError as exc:
        raise _unusable(path, exc) from exc


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True  # its queue is full, or it is not ours to try
    return True


def _unusable(path: Path, exc: OSError) -> OperatorMustAct:
    hint = "choose another place with ESD_SOCKET or --socket"
    if exc.errno in (errno.EACCES, errno.EPERM):
        hint = "esd's own user must own its directory, and be in its group"
    reason = exc.strerror or type(exc).__name__
    return OperatorMustAct(f"no control socket at {path}: {reason}", hint=hint)


def caller_of(stream: trio.SocketStream) -> str:
    """Who opened the connection, for the log: the kernel's word, not the caller's."""
    try:
        raw = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    except OSError:
        return "an unknown caller"
    pid, uid, _ = CREDENTIALS.unpack(raw)
    return f"uid {uid} pid {pid}"


async def serve_control(
    stream: trio.SocketStream, control: Control, *, limits: Limits, drain: Drain
) -> None:
    """Serve one connection of the control socket; the stream is closed afterwards."""
    await serve_connection(
        stream,
        control.handle,
        limits=limits,
        drain=drain,
        remote=caller_of(stream),
        on_error=control.refuse,
    )
