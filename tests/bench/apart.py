"""Making the two of a pair differ: documents of which each gets its own half.

These are signed, since they move. They go in as pushes past the ledger, so that both
have been told them as they would be in life: after their indexes were built.
"""

import random
import time

from esd.formats import WorkspaceAddress, encode
from esd.formats.es4 import new_document
from esd.formats.keys import keypair_from_seed
from tests.bench.bounds import NEWEST
from tests.bench.documents import CONTENT, WORKSPACE, Documents
from tests.bench.filled import post
from tests.bench.pair import Pair
from tests.bench.unsigned import SPAN

MILLISECOND = 1_000  # µs


async def tell_apart(pair: Pair, count: int, where: str, begin: int) -> None:
    """Give *count* new documents, of now or of any time after *begin*, to one of two.

    The first is the house's, so a single one is pulled.
    """
    wire = _documents(count, where, begin)
    for esd, half in ((pair.house, wire[::2]), (pair.away, wire[1::2])):
        if half:
            await post(esd.url, Documents(WORKSPACE, half))


def _documents(count: int, where: str, begin: int) -> list[bytes]:
    author = keypair_from_seed("matt", b"m" * 32)
    now = time.time_ns() // 1000
    chance = random.Random(now)
    return [
        encode(
            new_document(
                author,
                workspace=WorkspaceAddress.parse(WORKSPACE),
                path=f"/differing/{now}/{number:04}",
                content=f"document {number} ".ljust(CONTENT, "x"),
                timestamp=now - (count - number) * MILLISECOND
                if where == NEWEST
                else begin + chance.randrange(SPAN),
            )
        )
        for number in range(count)
    ]
