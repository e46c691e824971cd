"""The sections of the file, each read into the value that its user declared."""

from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, TypeVar

from esd.config import hosts, values
from esd.config.key_files import Warn
from esd.config.peers import Aliases, read_peers
from esd.config.queries import take_queries
from esd.config.settings import (
    Config,
    ControlSettings,
    HttpSettings,
    NewWorkspaces,
    WorkspaceSettings,
)
from esd.config.table import Table, note_twins
from esd.formats.addresses import WorkspaceAddress
from esd.formats.replication import Halves
from esd.replica.limits import Bounds
from esd.sync.settings import RunLimits
from esd.web.limits import Limits

__all__ = ["read_root"]

T = TypeVar("T")

SIZES = {"head", "body", "bytes_per_workspace", "free_disk", "list_body", "push_body"}
RATES = {"requests_per_second", "request_burst"}


def read_root(root: Table, warn: Warn) -> Config:
    """The whole configuration; worth something only if *root* noted no mistake."""
    with (
        root,
        root.table("http") as http,
        root.table("control") as control,
        root.table("limits") as limits,
    ):
        state_dir = root.take("state_dir", values.absolute_path, None)
        workspaces, aliases = _workspaces(root)
        return Config(
            state_dir=state_dir,
            http=_http(http),
            control=ControlSettings(
                socket=control.take("socket", values.absolute_path, None),
                group=control.take("group", values.text, None),
            ),
            limits=_bounded(Limits, limits),
            bounds=_bounded(Bounds, limits),
            runs=_bounded(RunLimits, limits),
            workspaces=workspaces,
            peers=read_peers(root, aliases, warn),
        )


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
            note_twins(table, "address", address, taken)
            note_twins(table, "alias", alias, taken)
            halves = _halves(table)
            anonymous = table.take("anonymous", values.flag, default=True)
        if alias is not None:
            aliases.setdefault(alias, address)
        if address is not None:
            found.append(
                WorkspaceSettings(
                    address=address, alias=alias, halves=halves, anonymous=anonymous
                )
            )
    return tuple(found), aliases


def _halves(table: Table) -> Halves:
    default = Halves()
    return Halves(
        incoming=take_queries(table, "incoming", default.incoming),
        outgoing=take_queries(table, "outgoing", default.outgoing),
        refuse=take_queries(table, "refuse", default.refuse),
    )
