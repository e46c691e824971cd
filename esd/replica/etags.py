"""Our ETag of a replica: it changes with any document's hash or signature, only then.

It is made of totals that the store keeps, so it costs no look at the documents. That of
a part of the list is made from the whole's and from what was asked: it changes more
often than it would have to, and tells nothing of the documents that are kept back.

What has expired and is not yet removed has to be taken off the totals. Where that is
so much that it would hold up everybody, the tag is made of all documents and of the
last time that has passed. That says as much, if not what is said after the removal.
"""

import math
from hashlib import sha256

from esd.formats.replication import Predicate
from esd.store import Reader

__all__ = ["OUR_TAG", "Etag", "tag_of_part"]

OUR_TAG = 'W/"esd-'  # how an ETag of ours begins
MOST_EXPIRED = 1_000  # four milliseconds


class Etag:
    """The last one made, which is good until something changes or expires."""

    def __init__(self) -> None:
        self._tag = ""
        self._version = -1
        self._until: float = -math.inf

    def at(self, now: int, reader: Reader, version: int) -> str:
        """*version* changes with the replica."""
        if version != self._version or now > self._until:
            until = reader.next_expiry(now)
            self._tag = _made(reader, now)
            self._version = version
            self._until = math.inf if until is None else until
        return self._tag


def _made(reader: Reader, now: int) -> str:
    with reader.one_view():
        expired = reader.expired(now, MOST_EXPIRED + 1)
        if len(expired) > MOST_EXPIRED:
            totals, ending = reader.totals(), f"-{reader.last_expiry(now) or 0:x}"
        else:
            totals, ending = reader.totals().minus(expired), ""
    return f'{OUR_TAG}{totals.count:x}-{totals.fingerprint:064x}{ending}"'


def tag_of_part(whole: str, given: Predicate) -> str:
    """The tag of a list of only those documents that *given* matches."""
    if given.is_everything:
        return whole
    asked = repr((whole, given.lists, given.refuse))
    return f'{OUR_TAG}part-{sha256(asked.encode()).hexdigest()}"'
