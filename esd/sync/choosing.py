"""Which conversation to have with a peer: the best that both sides know."""

from collections.abc import Sequence

from esd.errors import OperatorMustAct
from esd.replica import Replica
from esd.sync.acquaintance import Acquaintance
from esd.sync.client import Client
from esd.sync.easy import easy_sync
from esd.sync.efficient import efficient_sync
from esd.sync.settings import PeerSettings
from esd.sync.talk import Report, Talk

__all__ = ["in_common", "sync_workspace"]


async def sync_workspace(talk: Talk, report: Report) -> None:
    """The `Conversation` that has another one."""
    known = talk.acquaintance
    if await known.speaks_ours(talk.client, talk.protocol, talk.now):
        await efficient_sync(talk, report)
    else:
        await easy_sync(talk, report)


async def in_common(
    peer: PeerSettings,
    known: Acquaintance,
    client: Client,
    replicas: Sequence[Replica],
    now: int,
) -> list[Replica]:
    """Those of *replicas* that a peer which is to share all in common holds too.

    It learns of no other. Raises OperatorMustAct for one that cannot be asked so.
    """
    if not await known.speaks_ours(client, peer.protocol, now):
        raise OperatorMustAct(
            "a plain pub cannot be asked what we have in common",
            hint="name the workspaces to share with it",
        )
    await known.meet(client, replicas)
    return [one for one in replicas if one.local_id in known.shared]
