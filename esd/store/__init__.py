"""SQLite: one file a workspace, one for the node. Synchronous; knows no trio."""

from esd.store.history import Backoff, History, RunRecord
from esd.store.identities import Identities, Identity
from esd.store.lock import lock_state
from esd.store.node_file import NodeFile
from esd.store.peer_state import PeerReader, PeerWriter, RememberedList
from esd.store.reading import Arrival, Held, Key, Page, Reader, Replaced, Row
from esd.store.replica_file import ReplicaFile, create_replica_file
from esd.store.schema import StorageFull
from esd.store.totals import Totals
from esd.store.writing import Entry, Put, Writer

__all__ = [
    "Arrival",
    "Backoff",
    "Entry",
    "Held",
    "History",
    "Identities",
    "Identity",
    "Key",
    "NodeFile",
    "Page",
    "PeerReader",
    "PeerWriter",
    "Put",
    "Reader",
    "RememberedList",
    "Replaced",
    "ReplicaFile",
    "Row",
    "RunRecord",
    "StorageFull",
    "Totals",
    "Writer",
    "create_replica_file",
    "lock_state",
]
