"""Workspace and author addresses: what they look like, and how not to leak one.

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


class InvalidAddress(ValueError):
    """Not an address; the message never holds what was offered."""


@dataclass(frozen=True, slots=True, repr=False)
class WorkspaceAddress:
    """The address of one workspace; there is no invalid one."""

    text: str

    def __post_init__(self) -> None:
        if _WORKSPACE.fullmatch(self.text) is None:
            raise InvalidAddress("a workspace address is +name.suffix, a-z and 0-9")

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
    match = _AUTHOR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidAddress("an author address is @name.key: 4 and 53 characters")
    return Author(match[0], match[1], match[2])


def is_author_address(text: str) -> bool:
    return _AUTHOR.fullmatch(text) is not None


@lru_cache(maxsize=256)  # documents name few workspaces, and each names one
def is_workspace_address(text: str) -> bool:
    return _WORKSPACE.fullmatch(text) is not None
