"""Pushing documents to a pub, in bodies that it takes.

A pub answers with counts only. Where it took fewer than we sent, some were refused or
were no news to it; the next comparison of its list will tell, and until then they are
suspects (see store/peer_state). A comparison forced for that reason happens at most
once an hour: a pub that always counts wrong must not make us read its whole list each
time.

403 means read-only, 404 means that it does not want the workspace: states and not
failures, asked again within the hour. 413 halves the limit that we keep for this peer.
"""

import json
from array import array
from functools import partial

from esd.errors import PeerMisbehaved
from esd.sync.answers import NO_PUB, check_answer
from esd.sync.exchange import Answer
from esd.sync.formats_there import note_ignored, note_taken, takes
from esd.sync.missing import Missing
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk, path_of
from esd.web.inflate import deflate_gzip

__all__ = ["has_unjudged", "push"]

LEAST_LIMIT = 16 << 10  # below that a pub is broken, not modest
HOUR = 3_600_000_000  # µs
WORTH_GZIP = 1_400  # bytes: what fits in one packet anyway gains nothing

_LIMIT = "push_limit"  # facts kept for a peer
_UNWANTED = "unwanted_at"
_PLAIN = "plain_bodies"
_FORCED = "comparison_forced_at"


async def push(talk: Talk, missing: Missing, report: Report) -> None:
    """Send what is *missing* there, as far as the peer takes it."""
    report.waiting = missing.waiting
    if _unwanted_lately(talk):
        return
    for name, indexes in missing.indexes.items():
        sender = _Sender(talk, report, name)
        while sender.done < len(indexes) and not sender.unwanted:
            await sender.send_some(indexes)
        if sender.turned_away:
            return


def _unwanted_lately(talk: Talk) -> bool:
    """Whether the peer said within the hour that it takes no pushes."""
    at = talk.replica.reader.peers.fact(talk.peer, _UNWANTED)
    return at is not None and 0 <= talk.now - at < HOUR and not talk.asked


def has_unjudged(talk: Talk) -> bool:
    """Whether suspects wait for a comparison, and one may be forced again."""
    suspects = talk.replica.reader.peers.has_suspects(talk.peer)
    return suspects and not _forced_lately(talk)


def _forced_lately(talk: Talk) -> bool:
    forced = talk.replica.reader.peers.fact(talk.peer, _FORCED)
    return forced is not None and 0 <= talk.now - forced < HOUR


class _Sender:
    """One push of one format. `done` counts the indexes that need no more thought."""

    def __init__(self, talk: Talk, report: Report, format_name: str) -> None:
        self._talk = talk
        self._report = report
        self._format = format_name
        self._is_taken = takes(talk, format_name)
        self._first = LEAST_LIMIT  # bytes of a body that tries the format
        self._facts = talk.replica.reader.peers
        known = self._facts.fact(talk.peer, _LIMIT)
        self._most = min(known or talk.limits.push_body, talk.limits.push_body)
        self._gzip = (
            not talk.client.on_loopback and self._facts.fact(talk.peer, _PLAIN) is None
        )
        self.done = 0
        self.unwanted = False  # this format
        self.turned_away = False  # whatever it is

    async def send_some(self, indexes: "array[int]") -> None:
        """One body with as many documents as the limit lets in, and its answer."""
        most = self._most if self._is_taken else min(self._most, self._first)
        fill = partial(_filled, self._talk, most, indexes[self.done :])
        body = await self._talk.replica.run(fill)
        if body.size > self._talk.limits.push_body:
            await self._leave_out(body)
        elif body.hashes:
            await self._send(body)
        else:
            self.done += body.walked  # replaced or expired since they were found

    async def _send(self, body: "_Body") -> None:
        answer = await self._post(body.bytes())
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

    async def _post(self, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json"}
        if self._gzip and len(body) > WORTH_GZIP:
            headers["Content-Encoding"] = "gzip"
            body = await self._talk.replica.run(lambda: deflate_gzip(body))
        return await self._talk.client.fetch("POST", path_of(self._talk), headers, body)

    async def _sent(self, body: "_Body", taken: int) -> None:
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
        if status == 403:
            self._report.standing = Standing.READ_ONLY
        self.unwanted = self.turned_away = True
        await self._note(_UNWANTED, self._talk.now)

    async def _shrink(self, body: "_Body") -> None:
        """Halve the limit; a document that is too big by itself is left out instead."""
        if len(body.hashes) == 1:
            await self._leave_out(body)
        elif not self._is_taken and self._first:
            self._first = 0  # one document at a time
        elif body.size <= LEAST_LIMIT:
            raise PeerMisbehaved("it takes no push of any size")
        else:
            self._most = max(body.size // 2, LEAST_LIMIT)
            await self._note(_LIMIT, self._most)

    async def _leave_out(self, body: "_Body") -> None:
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


class _Body:
    """A JSON array in the making. Its first document fits whatever its size."""

    def __init__(self, most: int) -> None:
        self.size = 1  # "[", and for each document itself and a comma or "]"
        self.walked = 0  # indexes, those of documents that are gone included
        self.hashes: list[bytes] = []
        self._most = most
        self._documents: list[bytes] = []

    def add(self, document_hash: bytes, document: bytes) -> bool:
        """Whether it fitted."""
        size = self.size + len(document) + 1
        if size > self._most and self.hashes:
            return False
        self.size = size
        self.hashes.append(document_hash)
        self._documents.append(document)
        return True

    def bytes(self) -> bytes:
        return b"[" + b",".join(self._documents) + b"]"


def _filled(talk: Talk, most: int, indexes: "array[int]") -> _Body:
    """A body with the first of these documents that are still there."""
    body = _Body(most)
    with talk.replica.file.scanning() as reader:
        for index in indexes:
            wire = reader.wire_at(index, talk.now)
            if wire is not None and not body.add(*wire):
                break
            body.walked += 1
    return body


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
