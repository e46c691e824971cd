"""Level 1, easy sync: the conversation every earthstar-pub knows, made cheap by us.

A pub answers one question, "all your documents", and takes pushes. Asking costs the
whole list, unless it is one we recognise by its ETag. We name three:

- the pub's own ETag of exactly our documents: then both hold the same, with no memory;
- an esd's own ETag of exactly our documents: the same, where the peer is an esd;
- the one we remembered, with a cursor: then the peer holds all of ours up to there.

Where the answer is the list itself, it is compared while it streams in: what we hold is
marked and not verified again, what is new is ingested, and afterwards whatever of ours
is not marked is missing there. That is remembered with the list's ETag.

After a push we remember the ETag of exactly our documents instead. It says the same
thing, and says it of contents: if the push got lost on its way, the peer's list has
another ETag, and is read again. So nothing is ever believed to have arrived.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import partial

from esd.errors import PeerMisbehaved
from esd.formats import FORMATS, Batch, Halves, MalformedBody, shorten_signature
from esd.replica import OUR_TAG, Intake, Marks, take_in
from esd.replica.large import Paced
from esd.store import PeerWriter, RememberedList
from esd.sync.answers import NO_PUB, check_answer
from esd.sync.exchange import Reply
from esd.sync.formats_there import is_due, note_taken
from esd.sync.missing import Missing, all_after, unmarked
from esd.sync.push import has_unjudged, push
from esd.sync.status import Standing
from esd.sync.talk import Report, Talk, path_of
from esd.sync.terms import ours_alone

__all__ = ["easy_sync"]

RULES = 1  # part of what a remembered list is worth: raise it when the rules change
# What is worth remembering, and can be sent back as it came.
_TAG = re.compile(r'(?:W/)?"[!#-~]{0,200}"')
_HELD = "held"  # facts kept for a peer: whether it ever held anything...
_PLACE = "place"  # ...and a digest of its url


async def easy_sync(talk: Talk, report: Report) -> None:
    """Pull what is new, push what is missing; see `Talk` and `Report`."""
    report.level = "easy"
    if not talk.dry:
        await _forget_elsewhere(talk)
    missing = await _compare(talk, report)
    if talk.direction.pushes and talk.dry:
        report.to_push = (await talk.replica.run(missing.find_all)).count
    elif talk.direction.pushes:
        await push(talk, missing, report)
        if report.taken:
            await _note_held(talk)
        if report.sent and report.taken == report.sent and not report.too_big:
            await _remember_ours(talk)


async def _forget_elsewhere(talk: Talk) -> None:
    """What was learnt at another url says nothing of who answers at this one."""
    digest = hashlib.sha256(talk.url.encode()).digest()
    place = int.from_bytes(digest[:6], "big")
    if talk.replica.reader.peers.fact(talk.peer, _PLACE) == place:
        return
    writer = _writer(talk)

    def start_afresh() -> None:
        writer.forget(talk.peer)
        writer.note_fact(talk.peer, _PLACE, place)

    await talk.replica.change(start_afresh)


async def _compare(talk: Talk, report: Report) -> Missing:
    """Ask for the peer's list; what of ours it lacks."""
    # Not the reader's, which may be later than what an ETag kept until now is of.
    last_index = talk.replica.last_index
    remembered = _remembered(talk)
    known = _Known(last_index, await _same(talk, remembered), remembered)
    headers = {"If-None-Match": ", ".join(known.tags)}
    async with talk.client.ask("GET", path_of(talk), headers) as reply:
        if reply.status == 200:
            return await _compare_list(talk, reply, report, last_index)
        cursor = await _without_list(talk, reply, known, report)
    return await talk.replica.run(lambda: all_after(talk, cursor, last_index))


async def _same(talk: Talk, remembered: RememberedList | None) -> list[str]:
    """The tags of exactly our documents, in the words of what the peer is known as.

    Each tag costs bytes of every request, and a pub's a pass over all documents.
    """
    ours, was = talk.replica.etag(talk.now), remembered.etag if remembered else ""
    if was.startswith(OUR_TAG):
        return [ours]
    pubs = await talk.listing.pub_etag(talk.now)
    tags = [pubs] if was else [pubs, ours]
    return [tag for tag in tags if tag]


async def _without_list(
    talk: Talk, reply: Reply, known: "_Known", report: Report
) -> int:
    """The peer holds all of ours up to the local index returned."""
    if reply.status == 304:
        report.unchanged = True
        etag = reply.headers.get("etag", "")
        if known.remembered is None and etag in known.same and not talk.dry:
            await talk.replica.change(partial(_writer(talk).acquit, talk.peer))
            await _write(talk, etag, known.last_index)
        return known.cursor(etag)
    if reply.status == 404:
        report.standing = Standing.ABSENT
        if not talk.dry:
            await _note_lost(talk)
        return 0
    check_answer(reply.status, reply.headers)
    raise PeerMisbehaved(f"it answered {reply.status} to a question for its list")


@dataclass(frozen=True, slots=True)
class _Known:
    """The lists we would recognise, and what each says of our documents."""

    last_index: int
    same: list[str]
    remembered: RememberedList | None

    @property
    def tags(self) -> list[str]:
        remembered = [self.remembered.etag] if self.remembered else []
        return list(dict.fromkeys(self.same + remembered))

    def cursor(self, etag: str) -> int:
        """The peer holds ours up to here. A 304 that names no tag gets the least."""
        if etag in self.same:
            return self.last_index
        if self.remembered is None:
            raise PeerMisbehaved("it answered 304 for a list we never named")
        return self.remembered.cursor


def _remembered(talk: Talk) -> RememberedList | None:
    """The list we remember, if it was compared under what holds now.

    It is not named when a refused document is due, or a suspect waits for judgement:
    only a comparison finds them again.
    """
    peers = talk.replica.reader.peers
    remembered = peers.remembered(talk.peer)
    due = peers.has_due(talk.peer, talk.now) or is_due(talk)
    if remembered is None or due or has_unjudged(talk):
        return None
    current = (_digest(talk), talk.url, talk.replica.epoch)
    there = (remembered.digest, remembered.url, remembered.epoch)
    return remembered if current == there else None


def _digest(talk: Talk) -> bytes:
    """Of everything that decides what is compared and how."""
    rules: list[object] = [RULES, sorted(FORMATS), talk.direction.value]
    if talk.halves != Halves():
        rules.append(talk.halves.digest)
    return hashlib.sha256(json.dumps(rules).encode()).digest()[:16]


async def _compare_list(
    talk: Talk, reply: Reply, report: Report, before: int
) -> Missing:
    seen: set[str] = set()
    intake = _intake(talk, seen)
    try:
        await take_in(intake, Paced(reply))
    except MalformedBody as exc:
        raise PeerMisbehaved(
            f"its list of documents cannot be read: {exc}", hint=NO_PUB
        ) from exc
    finally:
        report.pulled = intake.tally
        report.to_pull = intake.tally.accepted
    assert intake.listed is not None
    marks = intake.listed
    if talk.dry:
        report.to_pull = intake.tally.new if talk.direction.pulls else 0
        return await talk.replica.run(partial(unmarked, talk, marks, before))
    await note_taken(talk, seen)
    if intake.tally.total:
        await _note_held(talk)
    else:
        await _acquit_if_lost(talk)
    find = partial(unmarked, talk, marks, before)
    missing = await talk.replica.run(lambda: find().find_all())
    await _remember(talk, reply.headers.get("etag", ""), missing, intake)
    return missing


def _intake(talk: Talk, seen: set[str]) -> Intake:
    """*seen* gets the formats of what comes."""

    def shorten(batch: Batch) -> Batch:
        """Node pubs keep signatures that anyone lengthened; only 64 bytes count."""
        seen.update({document.format for document in batch.documents})
        documents = [shorten_signature(document) for document in batch.documents]
        return Batch(documents, batch.rejected)

    return Intake(
        talk.replica,
        origin=talk.peer,
        now=talk.now,
        slots=talk.slots,
        listed=Marks(),
        keep=talk.direction.pulls and not talk.dry,
        wanted=ours_alone(talk.halves, talk.now).pull,
        most_invalid=talk.limits.invalid_documents,
        alter=shorten,
    )


async def _remember(talk: Talk, etag: str, missing: Missing, intake: Intake) -> None:
    """Keep what a comparison showed, unless time alone can change it."""
    peer_writer = _writer(talk)
    judge = partial(peer_writer.judge, talk.peer, missing.in_vain, talk.now)
    await talk.replica.change(judge)
    if _TAG.fullmatch(etag) and not intake.tally.may_pass:
        await _write(talk, etag, missing.cursor)
    else:
        await talk.replica.change(lambda: peer_writer.forget_list(talk.peer))


async def _remember_ours(talk: Talk) -> None:
    """Keep the tag of exactly our documents, in the words of this peer."""
    remembered = _remembered(talk)
    if remembered is not None:
        last_index = talk.replica.last_index
        for tag in await _same(talk, remembered):
            await _write(talk, tag, last_index)


async def _write(talk: Talk, etag: str, cursor: int) -> None:
    remembered = RememberedList(
        etag, cursor, _digest(talk), talk.url, talk.replica.epoch
    )
    await talk.replica.change(lambda: _writer(talk).remember(talk.peer, remembered))


async def _note_held(talk: Talk) -> None:
    """The peer holds something: should it hold nothing one day, it has lost it."""
    if not talk.replica.reader.peers.fact(talk.peer, _HELD):
        note = _writer(talk).note_fact
        await talk.replica.change(lambda: note(talk.peer, _HELD, 1))


async def _note_lost(talk: Talk) -> None:
    """It does not hold the workspace."""
    writer = _writer(talk)
    if talk.replica.reader.peers.remembered(talk.peer) is not None:
        await talk.replica.change(lambda: writer.forget_list(talk.peer))
    await _acquit_if_lost(talk)


async def _acquit_if_lost(talk: Talk) -> None:
    """What the peer lost, it did not refuse. One that never held anything may have."""
    writer = _writer(talk)

    def acquit() -> None:
        writer.acquit(talk.peer)
        writer.note_fact(talk.peer, _HELD, 0)

    if talk.replica.reader.peers.fact(talk.peer, _HELD):
        await talk.replica.change(acquit)


def _writer(talk: Talk) -> PeerWriter:
    return talk.replica.file.peer_writer
