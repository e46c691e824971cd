"""The ETag of a peer's list of heads, told beforehand from ours.

Servers of the time run on Express, whose ETag is of an answer's bytes alone; and the
bytes follow from the question, the heads, and their order (earthstar-graphql sorts by
time, and leaves what is as old in the order of paths). So if a peer holds exactly our
heads, its answer has an ETag that we can compute. Should it sort or spell them in some
other way, the tag is just never met.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from esd.store import Reader, Row
from esd.sync.graphql.comparing import newest_first
from esd.sync.graphql.heads import Wants, WantsTold
from esd.sync.graphql.words import Scope
from esd.sync.talk import Talk

__all__ = ["tag_of_ours"]

LONGEST = 200_000  # heads; they are sorted in memory, and hashing takes half a second
AT_ONCE = 1_000


def tag_of_ours(talk: Talk, format: str, scope: Scope | None, wants: Wants) -> str:  # noqa: A002
    """For a worker thread; empty where the list is too long to be worth it."""
    with talk.replica.file.scanning() as reader:
        heads = list(_heads(reader, format, talk.now))
    if len(heads) > LONGEST:
        return ""
    listed = sorted(_listed(heads, scope), key=lambda row: row.timestamp)
    return _tag(_answer(listed, wants))


def _heads(reader: Reader, format: str, now: int) -> Iterator[Row]:  # noqa: A002
    """One more than LONGEST at the most."""
    count = 0
    for _, versions in groupby(reader.rows(now, ("", None)), key=lambda row: row.path):
        known = [row for row in versions if row.format == format]
        if known and count <= LONGEST:
            count += 1
            yield max(known, key=newest_first)


def _listed(heads: list[Row], scope: Scope | None) -> list[Row]:
    """Those of a scope, and twice those it names twice."""
    if scope is None:
        return heads
    by = (row for author in scope.authors for row in heads if row.author == author)
    at = (row for one in scope.prefixes for row in heads if row.path.startswith(one))
    return [*by, *at]


def _answer(listed: list[Row], wants: Wants) -> Iterator[bytes]:
    told = msgspec.json.encode(WantsTold(wants))
    yield b'{"data":' + told[:-1] + b',"workspace":{"heads":['
    for start in range(0, len(listed), AT_ONCE):
        some = b",".join(map(_spelled, listed[start : start + AT_ONCE]))
        yield b"," + some if start else some
    yield b"]}}}\n"


def _spelled(row: Row) -> bytes:
    return msgspec.json.encode(
        {
            "p": row.path,
            "t": row.timestamp,
            "s": row.signature,
            "a": {"a": row.author},
        }
    )


def _tag(pieces: Iterable[bytes]) -> str:
    digest, length = hashlib.sha1(usedforsecurity=False), 0
    for piece in pieces:
        digest.update(piece)
        length += len(piece)
    text = base64.b64encode(digest.digest()).decode("ascii")
    return f'W/"{length:x}-{text[:27]}"'
