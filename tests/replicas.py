"""Replicas and documents for tests: one builder a value."""

from contextlib import contextmanager

import msgspec
from nacl.signing import SigningKey

from esd.formats import Es3Document, WorkspaceAddress, document_hash
from esd.formats.encoding import encode_base58
from esd.formats.es4 import new_document
from esd.formats.keys import keypair_from_seed
from esd.replica import Bounds, Replica, inline
from esd.store import create_replica_file

SUZY = keypair_from_seed("suzy", b"s" * 32)
MATT = keypair_from_seed("matt", b"m" * 32)
FERN = keypair_from_seed("fern", b"f" * 32)

GARDEN = WorkspaceAddress.parse("+canary.garden7q")
NOW = 1_700_000_000_000_000  # a moment in November 2023, µs
SECOND = 1_000_000

# Tests must not depend on how full the disk of the machine is.
ROOMY = Bounds(free_disk=0)


@contextmanager
def a_replica(folder, address=GARDEN, *, bounds=ROOMY, run=inline):
    """A replica in a new file; everything runs inline unless told otherwise."""
    file = create_replica_file(folder / "ws-test.db", address)
    replica = Replica(file, bounds, run)
    try:
        yield replica
    finally:
        replica.close()


def a_document(path="/a", content="hello", *, by=SUZY, at=NOW, until=None, to=GARDEN):
    """A signed document."""
    return new_document(
        by,
        workspace=to,
        path=path,
        content=content,
        timestamp=at,
        delete_after=until,
    )


def an_es3_document(
    path="/three", value="hello", *, seed=b"\1" * 32, at=NOW, to=GARDEN
):
    """A document as programs of July 2020 signed it; esd itself writes none."""
    key = SigningKey(seed)
    author = "@suzy." + encode_base58(bytes(key.verify_key))
    unsigned = Es3Document(to.text, path, value, author, at, "")
    signed = key.sign(document_hash(unsigned).hex().encode()).signature
    return msgspec.structs.replace(unsigned, signature=encode_base58(signed))


def documents(count, *, by=SUZY, at=NOW, prefix="/doc"):
    """As many documents at as many paths."""
    return [
        a_document(f"{prefix}/{number:06}", f"content {number}", by=by, at=at + number)
        for number in range(count)
    ]
