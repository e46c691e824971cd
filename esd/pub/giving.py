"""Level 2, to whom pulls: the hashes of what there is, and the documents of hashes.

Both answers are lines of JSON that end with one that tells where to go on, so that an
answer which breaks off is not taken for a whole one. Both are sent from little: a list
from one page of hashes, documents from the hashes that were asked for and short reads
of the store. Nothing is open between two pieces, however slow their taker is. Both have
a bounded number of places, and nobody keeps one for ever.
"""

from functools import partial

from esd.formats import InvalidEncoding, decode_base32
from esd.pub.asked import AskedDocuments, AskedHashes, hashes_of, read
from esd.pub.conditional import is_named
from esd.pub.document_lines import DocumentLines, Wanted
from esd.pub.hash_lines import HashLines, Page
from esd.pub.packed import HASH_BYTES
from esd.pub.problems import Refused
from esd.pub.question import Question, Rooms
from esd.pub.serving import Serving
from esd.pub.sets import Sought
from esd.reconcile import Items, key_of
from esd.replica import Replica
from esd.web import Response

__all__ = ["Giving"]

_LINES = ("Content-Type", "application/x-ndjson")


class Giving:
    """The handlers."""

    def __init__(self, serving: Serving, rooms: Rooms) -> None:
        self._serving = serving
        self._rooms = rooms
        self._limits = serving.settings.sync

    async def hashes(self, question: Question) -> Response:
        """The hashes of all that matches, by time; or of what comes after one."""
        question.check_there()
        request = question.request
        asked = await read(request, AskedHashes, self._limits.body)
        sought = Sought.of(question, asked, self._serving.now())
        with await self._rooms.lists.take(request.remote) as place:
            page, etag = await self._page(sought, asked.after)
            headers = (("ETag", etag),) if etag else ()
            if page is None:
                return Response(status=304, headers=headers)
            self._serving.rates.charge_hashes(request, len(page.ids) // HASH_BYTES)
            lines = HashLines(page, place.pop_all(), self._limits.list_time)
        return Response(status=200, headers=(_LINES, *headers), body=lines)

    async def _page(self, sought: Sought, after: str | None) -> tuple[Page | None, str]:
        """The first page with the tag of the whole list, unless the caller has that.

        Or the one that comes after a hash; it has no tag.
        """
        replica, request = sought.replica, sought.request
        most = self._limits.hash_page
        with await self._rooms.work.take(request.remote):
            items = await sought.items(self._serving.rates)
            if after is not None:
                first = _place_after(after, replica, items, sought.now)
                return await replica.run(partial(Page.of, items, first, most)), ""
            etag = await replica.run(partial(_etag, items))
            if is_named(etag, request.headers.get_all("if-none-match")):
                return None, etag
            return await replica.run(partial(Page.of, items, 0, most)), etag

    async def documents(self, question: Question) -> Response:
        """The documents of those hashes that are here, and for this caller."""
        wanted = await self._wanted(question)
        with await self._rooms.answers.take(question.request.remote) as place:
            self._serving.check_held(question.replica)
            lines = DocumentLines(wanted, place.pop_all(), self._limits)
        return Response(status=200, headers=(_LINES,), body=lines)

    async def _wanted(self, question: Question) -> Wanted:
        """Of the question itself nothing is kept while it waits or is answered."""
        replica, halves, request = question.replica, question.halves, question.request
        asked = await read(request, AskedDocuments, self._limits.body)
        hashes = hashes_of(asked.hashes, self._limits.hashes)
        now = self._serving.now()
        matching = asked.predicate(halves, now)
        self._serving.rates.charge_hashes(request, len(hashes))
        return Wanted(replica, hashes, matching, now)


def _etag(items: Items) -> str:
    total = items.sum_before(len(items)) % (1 << 256)
    return f'W/"{len(items):x}-{total:x}"'


def _place_after(text: str, replica: Replica, items: Items, now: int) -> int:
    """How many items are up to that hash. Raises Refused where it is none of them."""
    try:
        last = decode_base32(text)
    except InvalidEncoding:
        raise Refused("bad-hashes") from None
    timestamp = replica.reader.keys_at([last], now).get(last)
    if timestamp is None:
        raise Refused("gone")
    key = key_of(timestamp, last)
    if key not in items:
        raise Refused("gone")
    return items.position(key) + 1
