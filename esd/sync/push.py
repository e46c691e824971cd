"""Pushing documents to a pub, in bodies that it takes.

A pub answers with counts only. Where it took fewer than we sent, some were refused or
were no news to it; the next comparison of its list will tell, and until then they are
suspects (see store/peer_state). A comparison forced for that reason happens at most
once an hour: a pub that always counts wrong must not make us read its whole list each
time.

403 means read-only, 404 means that it does not want the workspace: states and not
failures, and asked again (turned_away). 413 halves the limit that we keep for this peer
(body_limit).
"""

import json
from functools import partial

from esd.errors import PeerMisbehaved
from esd.sync.answers import NO_PUB, check_answer
from esd.sync.bodies import MOST_BODY, Bodies, Body
from esd.sync.body_limit import LEAST_LIMIT, BodyLimit
from esd.sync.exchange import Answer
from esd.sync.formats_there import note_ignored, note_taken, takes
from esd.sync.missing import Missing
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk, path_of
from esd.sync.turned_away import TurnedAway
from esd.web.inflate import deflate_gzip

__all__ = ["has_unjudged", "push"]

HOUR = 3_600_000_000  # µs
WORTH_GZIP = 1_400  # bytes: what fits in one packet anyway gains nothing

_LIMIT = "push_limit"  # facts kept for a peer
_PLAIN = "plain_bodies"
_FORCED = "comparison_forced_at"


async def push(talk: Talk, missing: Missing, report: Report) -> None:
    """Send what is *missing* there, as far as the peer takes it."""
    tried: list[str] = []
    holds_back = TurnedAway(talk).holds_back
    while name := await talk.replica.run(partial(missing.format_beside, tried)):
        if not tried and holds_back(report):
            break
        tried.append(name)
        sender = _Sender(talk, report, name, Bodies(talk, missing, name))
        while await sender.send_some():
            report.to_push = missing.count
        if sender.turned_away:
            break
    await talk.replica.run(missing.find_all)
    report.to_push = missing.count
    report.waiting += missing.waiting


def has_unjudged(talk: Talk) -> bool:
    """Whether suspects wait for a comparison, and one may be forced again."""
    suspects = talk.replica.reader.peers.has_suspects(talk.peer)
    return suspects and not _forced_lately(talk)


def _forced_lately(talk: Talk) -> bool:
    forced = talk.replica.reader.peers.fact(talk.peer, _FORCED)
    return forced is not None and 0 <= talk.now - forced < HOUR


class _Sender:
    """One push of one format. `done` counts the indexes that need no more thought."""

    def __init__(
        self, talk: Talk, report: Report, format_name: str, bodies: Bodies
    ) -> None:
        self._talk = talk
        self._report = report
        self._format = format_name
        self._bodies = bodies
        self._is_taken = takes(talk, format_name)
        self._first = LEAST_LIMIT  # bytes of a body that may be sent in vain
        self._limit = BodyLimit(talk, _LIMIT, min(MOST_BODY, talk.limits.push_body))
        self._away = TurnedAway(talk)
        plain = talk.replica.reader.peers.fact(talk.peer, _PLAIN) is not None
        self._gzip = not talk.client.on_loopback and not plain
        self.done = 0
        self.unwanted = False  # this format
        self.turned_away = False  # whatever it is

    async def send_some(self) -> bool:
        """One body with as many documents as the limit lets in, and its answer.

        False: nothing more is to be sent.
        """
        most, in_doubt = self._limit.most, not self._is_taken or self._away.times
        most = min(most, self._first) if in_doubt else most
        body = await self._bodies.at(self.done, most)
        if body.size > self._talk.limits.push_body:
            await self._leave_out(body)
        elif body.hashes:
            await self._send(body)
        else:
            self.done += body.walked  # replaced or expired since they were found
        return body.walked > 0 and not self.unwanted

    async def _send(self, body: Body) -> None:
        after, post = self.done + body.walked, partial(self._post, body)
        answer = await self._bodies.beside(after, self._limit.most, post)
        match answer.status:
            case 200:
                await self._sent(body, _taken(answer))
            case 403 | 404:
                await self._turned_away(answer.status)
            case 413:
                await self._shrink(body)
            case 415 if self._gzip:
                self._gzip = False
                await self._note(_PLAIN, 1)
            case status:
                check_answer(status, answer.headers)
                raise PeerMisbehaved(f"it answered {status} to a push")

    async def _post(self, body: Body) -> Answer:
        headers, data = {"Content-Type": "application/json"}, body.bytes()
        if self._gzip and len(data) > WORTH_GZIP:
            headers["Content-Encoding"] = "gzip"
            data = await self._talk.replica.run(partial(deflate_gzip, data))
        return await self._talk.client.fetch("POST", path_of(self._talk), headers, data)

    async def _sent(self, body: Body, taken: int) -> None:
        await self._away.forget()
        await self._limit.took(body.size)
        if self._report.standing is Standing.ABSENT:
            self._report.standing = Standing.LEVEL  # it made the workspace for us
        if not taken and not self._is_taken:
            self._report.waiting += len(body.hashes)
            self.unwanted = True
            await note_ignored(self._talk, self._format)
            return
        if taken and not self._is_taken:
            self._is_taken = True
            await note_taken(self._talk, [self._format])
        self._report.sent += len(body.hashes)
        self._report.taken += min(taken, len(body.hashes))
        if taken < len(body.hashes):
            await self._suspect(body.hashes)
        self.done += body.walked

    async def _suspect(self, hashes: list[bytes]) -> None:
        force = not _forced_lately(self._talk)
        writer = self._talk.replica.file.peer_writer

        def write() -> None:
            writer.suspect(self._talk.peer, hashes)
            if force:
                writer.note_fact(self._talk.peer, _FORCED, self._talk.now)
                writer.forget_list(self._talk.peer)

        await self._talk.replica.change(write)

    async def _turned_away(self, status: int) -> None:
        self.unwanted = self.turned_away = True
        await self._away.note(self._report, read_only=status == 403)

    async def _shrink(self, body: Body) -> None:
        """Halve the limit; a document that is too big by itself is left out instead."""
        if len(body.hashes) == 1:
            await self._leave_out(body)
        elif not self._is_taken and self._first:
            self._first = 0  # one document at a time
        else:
            await self._limit.refused(body.size)

    async def _leave_out(self, body: Body) -> None:
        """It counts as refused, or it would be in the way of every later run."""
        self._report.too_big += 1
        writer = self._talk.replica.file.peer_writer
        suspect = partial(writer.suspect, self._talk.peer, body.hashes)
        await self._talk.replica.change(suspect)
        self.done += body.walked

    async def _note(self, name: str, value: int) -> None:
        writer = self._talk.replica.file.peer_writer
        await self._talk.replica.change(
            lambda: writer.note_fact(self._talk.peer, name, value)
        )


def _taken(answer: Answer) -> int:
    """numIngested of a pub's answer to a push."""
    try:
        stats = json.loads(answer.body)
        taken = stats["numIngested"]
    except (ValueError, RecursionError, TypeError, KeyError) as exc:
        raise PeerMisbehaved(
            "its answer to a push is not a pub's", hint=NO_PUB
        ) from exc
    if not isinstance(taken, int) or isinstance(taken, bool) or taken < 0:
        raise PeerMisbehaved("its answer to a push is not a pub's", hint=NO_PUB)
    return taken
