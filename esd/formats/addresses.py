"""Workspace and author addresses: what they look like, and how not to leak one.

Each format has a grammar of its own. A workspace may have an address of either, and
many have one of both: `+gardening.friends` holds documents of both formats. Authors
have one of exactly one, for their keys are written differently.

A workspace's address is its key: who knows it may read and write. So a
`WorkspaceAddress` shows itself as `<workspace>` however it is printed, and only `.text`
gives the address away: a search for `.text` finds every place that could leak one.

An author's address is public. Its whole text is the identity: the same key under
another shortname is another author. Parsing does not decode the key (keys.py does).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_WORKSPACE = re.compile(r"\+([a-z][a-z0-9]{0,14})\.([a-z][a-z0-9]{0,52})")
_AUTHOR = re.compile(r"@([a-z][a-z0-9]{3})\.(b[a-z2-7]{52})")
_ES3_WORKSPACE = re.compile(r"\+[a-z]{1,15}\.[A-Za-z0-9]{1,44}")
_ES3_AUTHOR = re.compile(r"@([a-z]{4})\.([A-Za-z][A-Za-z0-9]{43})")


class InvalidAddress(ValueError):
    """Not an address; the message never holds what was offered."""


@dataclass(frozen=True, slots=True, repr=False)
class WorkspaceAddress:
    """The address of one workspace, in any format; there is no invalid one."""

    text: str

    def __post_init__(self) -> None:
        if not (is_workspace_address(self.text) or is_es3_workspace(self.text)):
            raise InvalidAddress("a workspace address is +name.suffix, letters and 0-9")

    @classmethod
    def parse(cls, text: object) -> "WorkspaceAddress":
        if not isinstance(text, str):
            raise InvalidAddress("a workspace address must be a string")
        return cls(text)

    @property
    def name(self) -> str:
        return self.text[1:].partition(".")[0]

    @property
    def suffix(self) -> str:
        return self.text.partition(".")[2]

    def __str__(self) -> str:
        return "<workspace>"

    __repr__ = __str__

    def __format__(self, _width: str) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Author:
    address: str
    shortname: str
    key_text: str


def parse_author(text: object) -> Author:
    """The author of es.4 that *text* names; raises InvalidAddress."""
    match = _AUTHOR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidAddress("an author address is @name.key: 4 and 53 characters")
    return Author(match[0], match[1], match[2])


def parse_es3_author(text: str) -> Author:
    """The author of es.3 that *text* names; raises InvalidAddress."""
    match = _ES3_AUTHOR.fullmatch(text)
    if match is None:
        raise InvalidAddress("an es.3 author is @name.key: 4 and 44 characters")
    return Author(match[0], match[1], match[2])


def is_author_address(text: str) -> bool:
    """Whether *text* is an author's address in es.4, where all our own authors are."""
    return _AUTHOR.fullmatch(text) is not None


@lru_cache(maxsize=256)  # documents name few workspaces, and each names one
def is_workspace_address(text: str) -> bool:
    """Whether *text* is a workspace's address in es.4."""
    return _WORKSPACE.fullmatch(text) is not None


def is_es3_author(text: str) -> bool:
    return _ES3_AUTHOR.fullmatch(text) is not None


@lru_cache(maxsize=256)
def is_es3_workspace(text: str) -> bool:
    return _ES3_WORKSPACE.fullmatch(text) is not None
