"""Level 3: finding what differs by talking of ranges.

One message in and one out, over the items that match the question at this moment;
between messages nothing is kept. The work is bounded by the frame, and done in a thread
for few callers at a time.

Lists of ids tell no timestamps, and who wants to count an item among its own needs
both. Whoever can find the item can ask for the timestamp, also where the document is
not for them.
"""

from functools import partial

from esd.errors import PeerMisbehaved
from esd.pub.asked import AskedQuery, AskedTimestamps, decoded, hashes_of, read
from esd.pub.packed import Hashes
from esd.pub.problems import Refused
from esd.pub.question import Question, Rooms
from esd.pub.serving import Serving
from esd.pub.sets import Sought
from esd.reconcile import Items, Responder, key_of
from esd.web import Request, Response, json_response

__all__ = ["Reconciling"]

KIND = "application/vnd.negentropy"
MOST_LINE = 128 << 10  # bytes: two lists of 64 queries and more


class Reconciling:
    def __init__(self, serving: Serving, rooms: Rooms) -> None:
        self._serving = serving
        self._rooms = rooms
        self._limits = serving.settings.sync
        self._responder = Responder(frame=self._limits.frame)

    async def reconcile(self, question: Question) -> Response:
        """The answer to one message of Negentropy, after a line of JSON."""
        replica, request = question.replica, question.request
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind.strip().lower() != KIND:
            raise Refused("unsupported-type")
        sought, message = await self._sought(question)
        with await self._rooms.work.take(request.remote):
            items = await sought.items(self._serving.rates)
            answer = await replica.run(partial(self._respond, items, message))
        size = len(message) + len(answer)
        self._serving.rates.charge_reconciling(request, size)
        return Response(status=200, headers=(("Content-Type", KIND),), body=answer)

    async def timestamps(self, question: Question) -> Response:
        """When the items with these ids are from; null for one that is none."""
        replica, request = question.replica, question.request
        sought, hashes = await self._sought_hashes(question)
        self._serving.rates.charge_hashes(request, len(hashes))
        with await self._rooms.work.take(request.remote):
            items = await sought.items(self._serving.rates)
            found = await replica.run(partial(_found, sought, items, hashes))
        return json_response(200, {"timestamps": found})

    async def _sought_hashes(self, question: Question) -> tuple[Sought, Hashes]:
        """Of the question itself nothing is kept while it waits for a turn."""
        asked = await read(question.request, AskedTimestamps, self._limits.body)
        hashes = hashes_of(asked.hashes, self._limits.hashes)
        return Sought.of(question, asked, self._serving.now()), hashes

    async def _sought(self, question: Question) -> tuple[Sought, bytes]:
        asked, message = await self._read(question.request)
        return Sought.of(question, asked, self._serving.now()), message

    async def _read(self, request: Request) -> tuple[AskedQuery, bytes]:
        frame = self._limits.frame
        body = await request.body.read(frame + MOST_LINE)
        line, feed, message = body.partition(b"\n")
        if not feed or len(line) > MOST_LINE:
            raise Refused("bad-request", "a line of JSON comes first")
        return decoded(line, AskedQuery), message

    def _respond(self, items: Items, message: bytes) -> bytes:
        try:
            return self._responder.respond(items, message)
        except PeerMisbehaved as exc:
            status = exc.status_hint
            raise Refused("bad-message", exc.reason, status=status) from exc


def _found(sought: Sought, items: Items, hashes: Hashes) -> list[int | None]:
    with sought.replica.file.scanning() as reader:
        held = reader.keys_at(hashes, sought.now)
    return [
        held[one] if one in held and key_of(held[one], one) in items else None
        for one in hashes
    ]
