"""Paths: their grammar, the mark of ephemeral documents, and who may write where.

Everything is decided on the text as it stands: nothing is decoded or normalised, `%2F`
is three characters, case matters. A tilde anywhere closes a path to everybody but the
authors it names; naming is `~` directly followed by the whole address, as a substring.

In es.3 a path may also hold `?` and `*`, is as long as it likes, and `!` says nothing.
"""

import re

MIN_PATH = 2
MAX_PATH = 512  # the characters of a path are ASCII, so also its bytes

_MARKS = r"A-Za-z0-9'()\-._~!$&+,:=@%"
_PATH = re.compile(f"(?!/@)(?:/[{_MARKS}]++)+")
_ES3_CHARACTERS = re.compile(f"[/{_MARKS}?*]*+")


class InvalidPath(ValueError):
    """Not a path; the message names the rule."""


def is_path(path: str) -> bool:
    return len(path) <= MAX_PATH and _PATH.fullmatch(path) is not None


def is_es3_path(path: str) -> bool:
    # One regular expression for all of it would remember every slash of a long path.
    return (
        path.startswith("/")
        and not path.startswith("/@")
        and not path.endswith("/")
        and "//" not in path
        and _ES3_CHARACTERS.fullmatch(path) is not None
    )


def check_path(path: object) -> None:
    """Raise InvalidPath unless *path* follows the grammar."""
    if not isinstance(path, str):
        raise InvalidPath("a path must be a string")
    if not MIN_PATH <= len(path) <= MAX_PATH:
        raise InvalidPath(f"a path has {MIN_PATH} to {MAX_PATH} characters")
    if not path.startswith("/") or path.startswith("/@"):
        raise InvalidPath("a path must start with / and not with /@")
    if path.endswith("/") or "//" in path:
        raise InvalidPath("a path must not end with / nor hold //")
    if not is_path(path):
        raise InvalidPath("a path may hold only a-z A-Z 0-9 and /'()-._~!$&+,:=@%")


def check_ephemeral_mark(path: str, delete_after: int | None) -> None:
    """Raise InvalidPath unless `!` is in *path* exactly if it is ephemeral."""
    if ("!" in path) != (delete_after is not None):
        raise InvalidPath("a path holds ! if and only if deleteAfter is set")


def may_write(author: str, path: str) -> bool:
    return "~" not in path or f"~{author}" in path
