"""SQLite: one file a workspace, one for the node. Synchronous; knows no trio."""

from esd.store.by_hash import Fact, Item, Wire, Wires
from esd.store.history import Backoff, History, KnownProtocol, RunRecord
from esd.store.identities import Identities, Identity
from esd.store.items_log import Mark, Since
from esd.store.lock import lock_state
from esd.store.node_file import HighWater, NodeFile
from esd.store.pages import Given, Page
from esd.store.peer_state import PeerReader, PeerWriter, RememberedList
from esd.store.reading import Arrival, Held, Key, Reader, Replaced, Row
from esd.store.replica_file import ReplicaFile, create_replica_file
from esd.store.saved_items import SavedSet, Unusable, read_head, read_keys, write_saved
from esd.store.schema import StorageFull
from esd.store.totals import Totals
from esd.store.writing import EXPIRE_ROWS, Entry, Put, Stored, Writer

__all__ = [
    "EXPIRE_ROWS",
    "Arrival",
    "Backoff",
    "Entry",
    "Fact",
    "Given",
    "Held",
    "HighWater",
    "History",
    "Identities",
    "Identity",
    "Item",
    "Key",
    "KnownProtocol",
    "Mark",
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
    "SavedSet",
    "Since",
    "StorageFull",
    "Stored",
    "Totals",
    "Unusable",
    "Wire",
    "Wires",
    "Writer",
    "create_replica_file",
    "lock_state",
    "read_head",
    "read_keys",
    "write_saved",
]
