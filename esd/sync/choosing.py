"""Which conversation to have with a peer: the best that both sides know.

Found out by asking: for a hello first, then whether it is a GraphQL server, and what is
neither is a plain pub, if it knew nothing of a hello and never did. What was found out
holds for a day, except that a peer which spoke ours once is never taken for anything
else again.
"""

from collections.abc import Sequence

from esd.errors import OperatorMustAct, PeerMisbehaved
from esd.replica import Replica
from esd.sync.acquaintance import Acquaintance, PeerDowngraded
from esd.sync.answers import NO_PUB
from esd.sync.client import Client
from esd.sync.easy import easy_sync
from esd.sync.efficient import efficient_sync
from esd.sync.graphql import graphql_sync
from esd.sync.graphql.answers import is_graphql
from esd.sync.settings import PeerSettings, Protocol
from esd.sync.talk import Conversation, Report, Talk

__all__ = ["in_common", "sync_workspace"]

_CONVERSATIONS: dict[Protocol, Conversation] = {
    Protocol.ESD: efficient_sync,
    Protocol.GRAPHQL: graphql_sync,
    Protocol.PUB: easy_sync,
}


async def sync_workspace(talk: Talk, report: Report) -> None:
    """The `Conversation` that has another one."""
    spoken = await _spoken(talk.acquaintance, talk.client, talk.protocol, talk.now)
    await _CONVERSATIONS[spoken](talk, report)


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
    if await _spoken(known, client, peer.protocol, now) is not Protocol.ESD:
        raise OperatorMustAct(
            "only an esd can be asked what we have in common",
            hint="name the workspaces to share with it",
        )
    await known.meet(client, replicas)
    return [one for one in replicas if one.local_id in known.shared]


async def _spoken(
    known: Acquaintance, client: Client, wanted: Protocol, now: int
) -> Protocol:
    """What to speak. Raises PeerDowngraded, and what a failed request raises."""
    if wanted in (Protocol.PUB, Protocol.GRAPHQL):
        return wanted
    if known.hello is not None and known.spoke_ours:  # which is on disk by now
        return Protocol.ESD
    lately = known.lately(now)
    if wanted is Protocol.AUTO and lately in (Protocol.PUB, Protocol.GRAPHQL):
        return lately
    if await known.greet(client, now):
        spoken = Protocol.ESD
    elif known.spoke_ours:
        raise PeerDowngraded
    elif wanted is Protocol.ESD:
        raise PeerMisbehaved(
            "it does not speak earthstar-sync",
            hint='is its url right? protocol = "auto" would speak to a plain pub',
        )
    else:
        spoken = await _old(known, client)
    await known.note(spoken, now)
    return spoken


async def _old(known: Acquaintance, client: Client) -> Protocol:
    """What a peer speaks that does not know our protocol, and never did."""
    if await is_graphql(client):
        return Protocol.GRAPHQL
    if known.greeted != 404:
        raise PeerMisbehaved(f"it answered {known.greeted}", hint=NO_PUB)
    return Protocol.PUB
