"""Finding what differs between two sets by talking of ranges: Negentropy version 1.

Pure: no I/O, no clock, no documents. An item is a timestamp and 32 bytes.
"""

from esd.reconcile.items import Items
from esd.reconcile.keys import INFINITY, key_of
from esd.reconcile.session import (
    FRAME,
    LEAST_FRAME,
    ROUNDS,
    Initiator,
    Responder,
    Step,
)
from esd.reconcile.splitting import OURS, REFERENCE, Splitting

__all__ = [
    "FRAME",
    "INFINITY",
    "LEAST_FRAME",
    "OURS",
    "REFERENCE",
    "ROUNDS",
    "Initiator",
    "Items",
    "Responder",
    "Splitting",
    "Step",
    "key_of",
]
