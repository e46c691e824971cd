"""The `[[peer]]` sections: whom we call, who calls us, and what is shared with them."""

from collections.abc import Mapping

from esd.config import hosts, values
from esd.config.key_files import Warn, take_key
from esd.config.queries import take_queries
from esd.config.table import Table, near, note_twins
from esd.formats.addresses import WorkspaceAddress
from esd.sync.rhythm import Rhythm
from esd.sync.settings import Direction, PeerSettings, Protocol

__all__ = ["Aliases", "read_peers"]

Aliases = Mapping[str, WorkspaceAddress | None]
"""None where the alias is known and its address is a mistake, noted already."""

COMMON = "common"


def read_peers(root: Table, aliases: Aliases, warn: Warn) -> tuple[PeerSettings, ...]:
    peers = []
    names: dict[object, Table] = {}
    keys: dict[object, Table] = {}
    for table in root.tables("peer"):
        with table:
            peer = _peer(table, aliases, warn)
            note_twins(table, "name", peer.name or None, names)
            note_twins(table, "key_file", peer.key, keys)  # a key is who calls
        peers.append(peer)
    return tuple(peers)


def _peer(table: Table, aliases: Aliases, warn: Warn) -> PeerSettings:
    default = PeerSettings(name="", url="")
    peer = PeerSettings(
        name=table.need("name", values.alias) or "",
        url=_url(table),
        workspaces=_shared(table, aliases),
        common=table.take("workspaces", _is_common, default=False),
        direction=table.take("direction", values.one_of(Direction), default.direction),
        protocol=table.take("protocol", values.one_of(Protocol), default.protocol),
        rhythm=Rhythm(
            interval=table.take("interval", values.interval, default.rhythm.interval)
        ),
        incoming=take_queries(table, "incoming", None),
        outgoing=take_queries(table, "outgoing", None),
        key=take_key(table, warn),
        creates=table.take("create_workspaces", values.flag, default.creates),
        live=table.take("live", values.flag, default.live),
    )
    if peer.common and peer.protocol in (Protocol.PUB, Protocol.GRAPHQL):
        table.note(
            (*table.where, "workspaces"),
            "cannot be found out from a classic pub, which would have to be told the "
            'addresses; list aliases, or use protocol "auto" or "esd"',
        )
    _check_live(table, peer)
    return peer


def _check_live(table: Table, peer: PeerSettings) -> None:
    """What a stream brings must be wanted, and found out by runs where one failed."""
    if not peer.live:
        return
    where = (*table.where, "live")
    if not peer.direction.pulls:
        table.note(
            where,
            'follows what the peer has to give, and direction = "push" takes nothing '
            'from it; use "both" or "pull", or leave live out',
        )
    if peer.rhythm.manual:
        table.note(
            where,
            'needs runs that nobody asked for, and interval = "manual" has none; '
            "give an interval, or leave live out",
        )
    if peer.protocol is Protocol.GRAPHQL:
        table.note(where, "follows streams, and an earthstar-graphql has none")
    if "url" not in table and "key_file" in table:
        table.note(where, "follows a peer that we call, and this one has no url")


def _url(table: Table) -> str:
    """Whoever has a key may call us, and need not be somewhere where we can call."""
    plaintext = table.take("allow_plaintext", values.flag, default=False)
    if "key_file" in table and "url" not in table:
        return table.take("url", hosts.peer_url, "")
    url = table.need("url", hosts.peer_url) or ""
    if url.startswith("http:") and not plaintext and not hosts.is_near(url):
        table.note(
            (*table.where, "url"),
            "is plain http to a far host, which shows the workspaces' addresses to "
            "everyone on the way; use https, or say allow_plaintext = true",
        )
    return url


def _is_common(value: object) -> bool:
    return value == COMMON


def _shared(table: Table, aliases: Aliases) -> tuple[WorkspaceAddress, ...]:
    """Only by alias: an address would then stand in the file twice, and drift apart."""
    if "workspaces" not in table:
        table.need("workspaces", values.array)
    shared = dict.fromkeys(
        _lookup(table, place, name, aliases)
        for place, name in table.numbered("workspaces", values.text, whole=_listed)
    )
    return tuple(address for address in shared if address is not None)


def _listed(value: object) -> list[object]:
    if _is_common(value):
        return []
    if not isinstance(value, list):
        raise values.BadValue(f'must be an array of aliases, or "{COMMON}"')
    return value


def _lookup(
    table: Table, place: int, name: str, aliases: Aliases
) -> WorkspaceAddress | None:
    if name not in aliases:
        table.note(
            (*table.where, "workspaces", place),
            "is no alias of a [[workspace]]" + near(name, list(aliases)),
        )
    return aliases.get(name)
