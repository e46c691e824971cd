"""A peer's key, from a file of its own: the configuration is copied and shown about.

The same words stand in a file at each side: what one sends is what the other compares
with. So the key is what is left without the space around it, which editors add.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from esd.config.exposure import is_exposed
from esd.config.table import Table
from esd.config.values import BadValue, absolute_path

__all__ = ["Warn", "take_key"]

Warn = Callable[[str], None]
"""Takes a warning for the operator."""

MOST_BYTES = 4096  # of a file: a key and much space around it

# It travels in a header. Shorter than 16 could be guessed over the network.
_KEY = re.compile(r"[!-~]{16,512}")


def take_key(table: Table, warn: Warn) -> str | None:
    """What is in the file that `key_file` names; None without one, or if it is bad."""
    path = table.take("key_file", absolute_path, None)
    if path is None:
        return None
    try:
        key, status = _read(path)
    except BadValue as exc:
        table.note((*table.where, "key_file"), str(exc))
        return None
    if is_exposed(status):
        warn(
            f"{path} holds a peer's key, and others on this machine can read it: "
            f"chmod 600 {path}, or 640 with the group that esd runs as"
        )
    return key


def _read(path: Path) -> tuple[str, os.stat_result]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # to read a pipe would be to wait
            raise BadValue("is not a file")
        with path.open("rb") as file:
            text = file.read(MOST_BYTES).decode("ascii", "replace").strip()
    except OSError as exc:
        raise BadValue(f"cannot be read: {exc.strerror}") from None
    if _KEY.fullmatch(text) is None:
        raise BadValue(
            "must name a file that holds 16 to 512 printable ASCII characters, "
            "without spaces between them"
        )
    return text, status
