"""The sections of the file, each read into the value that its user declared."""

from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, TypeVar

from esd.config import hosts, values
from esd.config.settings import (
    Config,
    ControlSettings,
    HttpSettings,
    NewWorkspaces,
    WorkspaceSettings,
)
from esd.config.table import Table, near
from esd.formats.addresses import WorkspaceAddress
from esd.replica.limits import Bounds
from esd.sync.rhythm import Rhythm
from esd.sync.settings import Direction, PeerSettings, Protocol, RunLimits
from esd.web.limits import Limits

__all__ = ["read_root"]

T = TypeVar("T")

Aliases = Mapping[str, WorkspaceAddress | None]
"""None where the alias is known and its address is a mistake, noted already."""

SIZES = {"head", "body", "bytes_per_workspace", "free_disk", "list_body", "push_body"}
RATES = {"requests_per_second", "request_burst"}

SPOKEN = (Protocol.AUTO, Protocol.PUB)  # the conversations that can be had today


def read_root(root: Table) -> Config:
    """The whole configuration; worth something only if *root* noted no mistake."""
    with (
        root,
        root.table("http") as http,
        root.table("control") as control,
        root.table("limits") as limits,
    ):
        state_dir = root.take("state_dir", _absolute, None)
        workspaces, aliases = _workspaces(root)
        return Config(
            state_dir=state_dir,
            http=_http(http),
            control=ControlSettings(
                socket=control.take("socket", _absolute, None),
                group=control.take("group", values.text, None),
            ),
            limits=_bounded(Limits, limits),
            bounds=_bounded(Bounds, limits),
            runs=_bounded(RunLimits, limits),
            workspaces=workspaces,
            peers=_peers(root, aliases),
        )


def _absolute(value: object) -> Path:
    text = values.text(value)
    if not text.startswith(("/", "~/")) or "\0" in text:
        raise values.BadValue('must be an absolute path, or begin with "~/"')
    return Path(text).expanduser()


def _http(table: Table) -> HttpSettings:
    default = HttpSettings()
    return HttpSettings(
        listen=table.take_all("listen", hosts.listen, default.listen),
        names=table.take_all("names", values.host_name, default.names),
        new_workspaces=table.take(
            "new_workspaces", values.one_of(NewWorkspaces), default.new_workspaces
        ),
        readonly=table.take("readonly", values.flag, default.readonly),
        title=table.take("title", values.text, default.title),
        notes=table.take("notes", values.text, default.notes),
        browser_origins=table.take_all(
            "browser_origins", values.origin, default.browser_origins
        ),
    )


def _bounded(bounds: type[T], table: Table) -> T:
    """Fill a dataclass of bounds: one table holds those of all floors."""
    taken = {
        bound.name: table.take(bound.name, _kind(bound), bound.default)
        for bound in fields(bounds)  # type: ignore[arg-type]
    }
    return bounds(**taken)


def _kind(bound: Field[Any]) -> Callable[[object], Any]:
    if bound.name in SIZES:
        return values.size
    if isinstance(bound.default, int):
        return values.count
    return values.rate if bound.name in RATES else values.duration


def _workspaces(root: Table) -> tuple[tuple[WorkspaceSettings, ...], Aliases]:
    found: list[WorkspaceSettings] = []
    aliases: dict[str, WorkspaceAddress | None] = {}
    taken: dict[object, Table] = {}
    for table in root.tables("workspace"):
        with table:
            address = table.need("address", values.address)
            alias = table.take("alias", values.alias, None)
            _unique(table, "address", address, taken)
            _unique(table, "alias", alias, taken)
        if alias is not None:
            aliases.setdefault(alias, address)
        if address is not None:
            found.append(WorkspaceSettings(address=address, alias=alias))
    return tuple(found), aliases


def _peers(root: Table, aliases: Aliases) -> tuple[PeerSettings, ...]:
    peers = []
    taken: dict[object, Table] = {}
    for table in root.tables("peer"):
        with table:
            peer = _peer(table, aliases)
            _unique(table, "name", peer.name or None, taken)
        peers.append(peer)
    return tuple(peers)


def _peer(table: Table, aliases: Aliases) -> PeerSettings:
    default = PeerSettings(name="", url="")
    return PeerSettings(
        name=table.need("name", values.alias) or "",
        url=_url(table),
        workspaces=_shared(table, aliases),
        direction=table.take("direction", values.one_of(Direction), default.direction),
        protocol=table.take("protocol", _protocol, default.protocol),
        rhythm=Rhythm(
            interval=table.take("interval", values.interval, default.rhythm.interval)
        ),
    )


def _url(table: Table) -> str:
    url = table.need("url", hosts.peer_url) or ""
    plaintext = table.take("allow_plaintext", values.flag, default=False)
    if url.startswith("http:") and not plaintext and not hosts.is_near(url):
        table.note(
            (*table.where, "url"),
            "is plain http to a far host, which shows the workspaces' addresses to "
            "everyone on the way; use https, or say allow_plaintext = true",
        )
    return url


def _protocol(value: object) -> Protocol:
    protocol = values.one_of(Protocol)(value)
    if protocol not in SPOKEN:
        can = " or ".join(f'"{known}"' for known in SPOKEN)
        raise values.BadValue(
            f"is a protocol that this esd cannot speak yet; use {can}"
        )
    return protocol


def _shared(table: Table, aliases: Aliases) -> tuple[WorkspaceAddress, ...]:
    """Only by alias: an address would then stand in the file twice, and drift apart."""
    if "workspaces" not in table:
        table.need("workspaces", values.array)
    shared = dict.fromkeys(
        _lookup(table, place, name, aliases)
        for place, name in table.numbered("workspaces", values.text)
    )
    return tuple(address for address in shared if address is not None)


def _lookup(
    table: Table, place: int, name: str, aliases: Aliases
) -> WorkspaceAddress | None:
    if name not in aliases:
        table.note(
            (*table.where, "workspaces", place),
            "is no alias of a [[workspace]]" + near(name, list(aliases)),
        )
    return aliases.get(name)


def _unique(table: Table, name: str, value: object, taken: dict[object, Table]) -> None:
    if value is None:
        return
    first = taken.setdefault(value, table)
    if first is not table:
        table.note((*table.where, name), f"is the same as in {first}")
