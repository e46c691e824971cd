"""Level 2, from whom pushes: what of that do we lack; and here are the documents.

The answer to a push has a letter for each line, in their order, and tells why for those
that were rejected and, where we know, when sending one again may help. Whatever ends it
early, what came before is stored, and the answer tells how far that is.
"""

import trio

from esd.errors import OperatorMustAct, PeerMisbehaved
from esd.formats import encode_base32
from esd.pub.asked import AskedMissing, hashes_of, read
from esd.pub.problems import Refused, refusal
from esd.pub.pushed_lines import PushedLines, take_in_lines
from esd.pub.question import Question
from esd.pub.queued import Queued
from esd.pub.serving import Serving, origin_of, wanted
from esd.replica.large import NoTurn, Paced, TooSlow
from esd.web import Response, json_response

__all__ = ["Taking"]

AT_ONCE = 500  # hashes looked up in one step: five milliseconds of the loop


class Taking:
    """The handlers."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._limits = serving.settings.sync

    async def missing(self, question: Question) -> Response:
        """Those of the hashes that we do not hold."""
        replica, request = question.replica, question.request
        asked = (await read(request, AskedMissing, self._limits.body)).hashes
        hashes = hashes_of(asked, self._limits.hashes)
        del asked
        self._serving.rates.charge_hashes(request, len(hashes))
        now = self._serving.now()
        lacking: list[str] = []
        for start in range(0, len(hashes), AT_ONCE):
            some = hashes.some(start, AT_ONCE)
            known = replica.reader.known(some, now)
            lacking += [encode_base32(one) for one in some if one not in known]
            await trio.lowlevel.checkpoint()
        return json_response(200, {"hashes": lacking})

    async def documents(self, question: Question) -> Response:
        """Take in documents, each on its own merits."""
        replica, halves, request = question.replica, question.halves, question.request
        if self._serving.settings.readonly:
            raise Refused("readonly")
        now = self._serving.now()
        pushed = PushedLines(
            replica=replica,
            origin=origin_of(replica, question.caller),
            now=now,
            slots=self._serving.lasting.slots,
            most=self._limits.hashes,
            wanted=wanted(halves, now),
        )
        try:
            await take_in_lines(pushed, Queued(Paced(request.body), pushed.slots))
        except Refused as exc:
            raise Refused(exc.code, exc.detail, more=pushed.results()) from exc
        except PeerMisbehaved as exc:
            return refusal(exc.status_hint, exc.reason, more=pushed.results())
        except TooSlow as exc:
            return refusal(408, exc.reason, more=pushed.results())
        except NoTurn as exc:
            raise Refused("busy", exc.reason, more=pushed.results()) from exc
        except OperatorMustAct as exc:
            self._serving.check_held(replica)
            raise Refused("storage-full", more=pushed.results()) from exc
        finally:  # whoever leaves before the answer has cost us the same
            self._serving.rates.charge_documents(request, pushed.tally)
        return json_response(200, pushed.results())
