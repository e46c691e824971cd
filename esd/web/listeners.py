"""TCP listeners from texts like `127.0.0.1:3333` and `[::1]:3333`.

Addresses only, no names: `localhost` means one address to one system call and two to
another, and a name that a resolver answers differently tomorrow is no place to serve a
group's only copy from. A missing ::1 is common (most containers) and only worth a
warning; anything else that cannot be had is the operator's to decide.

Browser apps know one port for both families. So with port 0 the port that the first
address got is tried for the others too.
"""

import errno
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address

import trio

from esd.errors import OperatorMustAct

__all__ = ["address_of", "local_of", "open_listeners", "remote_of"]

log = logging.getLogger(__name__)

# Connections that the kernel holds while we are busy; it takes its own maximum if that
# is less (net.core.somaxconn).
BACKLOG = 1024

NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

HINTS = {
    errno.EADDRINUSE: "another program listens there: stop it or choose another port",
    errno.EACCES: "choose a port of at least 1024, or give the service the right",
    errno.EADDRNOTAVAIL: "no interface has this address: correct it in listen",
    errno.EAFNOSUPPORT: "this machine has no such network: correct it in listen",
}

Address = tuple[IPv4Address | IPv6Address, int]


@contextmanager
def open_listeners(texts: Sequence[str]) -> Iterator[list[trio.SocketListener]]:
    """Listeners that already listen, in the order of *texts*; closed afterwards."""
    addresses = [_parse(text) for text in texts]
    with ExitStack() as opened:
        listeners: list[trio.SocketListener] = []
        for ip, port in addresses:
            sock = _bind(ip, port, _port_of(listeners) if port == 0 else 0)
            if sock is not None:
                opened.callback(sock.close)
                listeners.append(_listener(sock))
        if not listeners:
            raise OperatorMustAct("nothing to listen on", hint=HINTS[NO_IPV6[0]])
        yield listeners


def address_of(listener: trio.SocketListener) -> str:
    """The address that it is really bound to, as one writes it in `listen`."""
    return _written(*listener.socket.getsockname()[:2])


def remote_of(stream: trio.SocketStream) -> str:
    """Who is at the other end, without the port; `unix` for a local socket."""
    if stream.socket.family == socket.AF_UNIX:
        return "unix"
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:  # it has already gone; serving it will notice
        return "unknown"


def local_of(stream: trio.abc.Stream) -> str:
    """Our end, with the port; empty where that is no network address.

    It may listen on all addresses; this is the one that this client dialled.
    """
    if not isinstance(stream, trio.SocketStream):
        return ""
    if stream.socket.family == socket.AF_UNIX:
        return ""
    try:
        return _written(*stream.socket.getsockname()[:2])
    except OSError:  # as above
        return ""


def _parse(text: str) -> Address:
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        ip = ip_address(host[1:-1] if bracketed else host)
        number = int(port)
    except ValueError as exc:
        raise _unreadable(text) from exc
    if bracketed != (ip.version == 6) or not port.isdecimal() or number > 0xFFFF:
        raise _unreadable(text)
    return ip, number


def _unreadable(text: str) -> OperatorMustAct:
    return OperatorMustAct(
        f"cannot listen on {text!r}",
        hint="write an address and a port, as in 127.0.0.1:3333 or [::1]:3333",
    )


def _bind(
    ip: IPv4Address | IPv6Address, port: int, wished: int
) -> socket.socket | None:
    """A bound socket at *port*, at the *wished* one if it is free; None without ::1."""
    for candidate in (wished, port) if wished else (port,):
        try:
            return _bound(ip, candidate)
        except OSError as exc:
            if ip.version == 6 and ip.is_loopback and exc.errno in NO_IPV6:
                log.warning("this machine has no [::1]: serving without it")
                return None
            if candidate and candidate == wished and exc.errno == errno.EADDRINUSE:
                continue
            place = _written(str(ip), candidate)
            reason = exc.strerror or type(exc).__name__
            hint = HINTS.get(exc.errno or 0, "")
            raise OperatorMustAct(
                f"cannot listen on {place}: {reason}", hint=hint
            ) from exc
    return None


def _bound(ip: IPv4Address | IPv6Address, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET)
    try:
        # Without it a restart waits a minute for the old connections' TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ip.version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((str(ip), port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _listener(sock: socket.socket) -> trio.SocketListener:
    return trio.SocketListener(trio.socket.from_stdlib_socket(sock))


def _port_of(listeners: Sequence[trio.SocketListener]) -> int:
    return int(listeners[0].socket.getsockname()[1]) if listeners else 0


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
