"""Telling systemd how we are: sd_notify, a datagram to the socket it named.

Without NOTIFY_SOCKET nobody listens, and nothing is done. Nothing here ever raises: a
service manager that cannot be told is no reason to stop. Texts must hold local names
only, as `systemctl status` is for all users of the machine.
"""

import logging
import os
import socket
from collections.abc import Mapping

__all__ = ["notify", "ready", "status", "stopping"]

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds; systemd's queue is full only when the machine is in distress

Environ = Mapping[str, str]


def ready(text: str = "", environ: Environ = os.environ) -> None:
    """Everything is truly usable: units that wait for us may start."""
    notify({"READY": "1", "STATUS": text}, environ)


def stopping(environ: Environ = os.environ) -> None:
    notify({"STOPPING": "1", "STATUS": "stopping"}, environ)


def status(text: str, environ: Environ = os.environ) -> None:
    """The line that `systemctl status` shows."""
    notify({"STATUS": text}, environ)


def notify(fields: Mapping[str, str], environ: Environ = os.environ) -> None:
    """Send *fields* in one datagram; those with an empty value are left out."""
    address = environ.get("NOTIFY_SOCKET", "")
    # "/path", or "@name" for the abstract namespace; vsock: is for virtual machines.
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    # A line feed in a value would begin a field of its own.
    lines = [
        f"{name}={' '.join(text.split())}" for name, text in fields.items() if text
    ]
    try:
        _send("\n".join(lines).encode(errors="replace"), address)
    except (OSError, ValueError) as exc:
        log.debug("systemd was not told: %s", exc)


def _send(message: bytes, address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(PATIENCE)
        sender.connect(address)
        sender.send(message)
