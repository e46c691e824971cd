"""Who calls, and which half of a workspace that opens.

A caller is anonymous unless it shows the key of a peer (`Authorization: Bearer`). A
peer we know gets what was agreed with it about the workspaces it shares with us;
anybody else who knows an address gets what the workspace has for all, or is told that
there is nothing here. A key that is nobody's is refused: whoever thinks it has one
would take the answer for its own.

Other kinds of Authorization are none of ours: a proxy in front of us may want one.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from esd.formats import Halves, Queries, WorkspaceAddress
from esd.pub.problems import Refused
from esd.replica import Replica
from esd.web import Request

__all__ = ["Caller", "Callers", "halves_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A peer that may call us. None as its workspaces: all; as a half: the usual."""

    name: str
    key: str = field(repr=False)
    workspaces: frozenset[WorkspaceAddress] | None = None
    incoming: Queries | None = None
    outgoing: Queries | None = None

    def shares(self, replica: Replica) -> bool:
        return self.workspaces is None or replica.address in self.workspaces

    def halves(self, usual: Halves) -> Halves:
        incoming, outgoing = self.incoming, self.outgoing
        return Halves(
            incoming=usual.incoming if incoming is None else incoming,
            outgoing=usual.outgoing if outgoing is None else outgoing,
            refuse=usual.refuse,
        )


class Callers:
    """Those whose keys we know."""

    def __init__(self, callers: Sequence[Caller]) -> None:
        self._callers = [(_digest(caller.key), caller) for caller in callers]

    def named(self, request: Request) -> Caller | None:
        """Who asks; None: anybody. Raises Refused for a key that is nobody's."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        shown = _digest(key.strip())
        # All of them, and their digests: time tells neither which it is nor how near.
        found = [
            caller
            for digest, caller in self._callers
            if hmac.compare_digest(digest, shown)
        ]
        if not found:
            raise Refused("unknown-key")
        return found[0]


def halves_for(replica: Replica | None, caller: Caller | None) -> Halves | None:
    """What *caller* may have of it and give to it; None: it is not there for them."""
    if replica is None:
        return None
    if caller is not None and caller.shares(replica):
        return caller.halves(replica.halves)
    return replica.halves if replica.anonymous else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
