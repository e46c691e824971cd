"""Sets of items for tests: predicates, and what a set must hold."""

from contextlib import contextmanager
from hashlib import sha256

from esd.formats.replication import ReplicationQuery, in_formats, predicate
from esd.reconcile import key_of
from esd.replica import Replica, Shared, Shelf, inline
from esd.store import Entry, create_replica_file
from tests.replicas import GARDEN, NOW, ROOMY, SUZY


def asking(*lists, refuse=(), at=NOW):
    """A predicate of lists of queries, each query a dictionary of fields."""
    made = [tuple(ReplicationQuery(**fields) for fields in one) for one in lists]
    refused = tuple(ReplicationQuery(**fields) for fields in refuse)
    return predicate(*made, refuse=refused, at=at)


EVERYTHING = asking()
BOTH_FORMATS = predicate(in_formats((ReplicationQuery(),), ["es.3", "es.4"]), at=NOW)
PREDICATES = {
    "everything": EVERYTHING,
    "all formats": BOTH_FORMATS,
    "a format that nobody uses": asking([{"format": "es.9"}]),
    "nothing": asking([]),
    "a prefix": asking([{"path_prefix": "/a"}]),
    "two ranges": asking([{"path_prefix": "/!"}, {"path": "/b"}]),
    "an author": asking([{"versions_by_author": SUZY.address}]),
    "a path by an author, and a format": asking(
        [{"path": "/a", "versions_by_author": SUZY.address}], [{"format": "es.4"}]
    ),
    "what is new": asking([{"timestamp_after": NOW - 1}]),
    "what is new at some paths": asking(
        [{"path_prefix": "/a", "timestamp_after": NOW}, {"path": "/b"}]
    ),
    "all but what is refused": asking(
        [{"format": "es.4"}], refuse=[{"path_prefix": "/b"}]
    ),
}


def expected(replica, predicate, now):
    """By a look at each document."""
    facts = list(replica.reader.facts())
    return sorted(
        key_of(fact.timestamp, fact.hash)
        for fact in facts
        if (fact.delete_after is None or fact.delete_after >= now)
        and predicate.matches(fact.path, fact.author, fact.timestamp, fact.format)
    )


def unsigned(count, at=NOW, prefix="/a"):
    """Documents for the store alone, at times in no order."""
    return [
        Entry(
            path=f"{prefix}/{number:06}",
            author=SUZY.address,
            timestamp=at - number * 7919 % count,
            signature="b",
            delete_after=None,
            content_length=0,
            format="es.4",
            origin="",
            hash=sha256(f"{prefix}{number}".encode()).digest(),
            json=b"{}",
        )
        for number in range(count)
    ]


@contextmanager
def a_shelved_replica(folder, *, run=inline, **bounds):
    """A replica, and its shelf."""
    shared = Shared()
    shared.shelf = Shelf(**bounds)
    file = create_replica_file(folder / "ws-test.db", GARDEN)
    replica = Replica(file, ROOMY, run, shared)
    try:
        yield replica, shared.shelf
    finally:
        replica.close()
