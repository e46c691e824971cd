"""What the replicas may take of this machine, with the reasons; sizes are bytes.

Whoever knows a workspace's address may write to it, so what is stored is a quantity
that peers control.
"""

from dataclasses import dataclass

__all__ = ["Bounds"]

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    # All are open all the time: 256 take 62 MB of memory and 0.13 s at start.
    max_workspaces: int = 256
    # Four million small documents; a lively group makes a thousand a day.
    bytes_per_workspace: int = 4 * GIB
    # Room for SQLite's -wal and a checkpoint of it, and for the system's own logs. A
    # disk that fills to the last byte harms all who share the machine.
    free_disk: int = 256 * MIB
    # More than a full body holds of the smallest valid documents (430 bytes each); what
    # comes above it can only be garbage, and is not looked at.
    documents_per_request: int = 200_000
