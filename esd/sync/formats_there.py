"""Which formats a pub takes: found out, because nothing of what it says tells.

A pub that does not know a format counts its documents as ignored, one by one, and never
says why. What its list holds it takes. Any other format is tried with a small body
first: where nothing of that is taken, the format is left out for some days, and its
documents wait like refused ones.
"""

from collections.abc import Iterable

from esd.formats import FORMATS
from esd.store import PeerReader
from esd.sync.talk import Talk

__all__ = ["is_due", "note_ignored", "note_taken", "refused", "takes"]

AGAIN = 3 * 86_400_000_000  # µs; a pub is updated once in a while

_TAKES, _IGNORES = "takes ", "ignores "  # facts, by the format's name


def takes(talk: Talk, name: str) -> bool:
    """Whether it has been seen to take that format."""
    return _peers(talk).fact(talk.peer, _TAKES + name) is not None


def refused(peers: PeerReader, peer: str, now: int) -> frozenset[str]:
    """The formats that it does not take, as far as is known."""
    since = {name: peers.fact(peer, _IGNORES + name) for name in FORMATS}
    return frozenset(
        name for name, at in since.items() if at is not None and 0 <= now - at < AGAIN
    )


def is_due(talk: Talk) -> bool:
    """Whether a format is to be tried again that was left out."""
    peers = _peers(talk)
    left_out = refused(peers, talk.peer, talk.now)
    return any(
        name not in left_out and peers.fact(talk.peer, _IGNORES + name)
        for name in FORMATS
    )


async def note_taken(talk: Talk, names: Iterable[str]) -> None:
    peers, new = _peers(talk), [name for name in names if not takes(talk, name)]
    ignored = [name for name in new if peers.fact(talk.peer, _IGNORES + name)]
    facts = dict.fromkeys([_TAKES + name for name in new], 1)
    await _note(talk, facts | dict.fromkeys([_IGNORES + name for name in ignored], 0))


async def note_ignored(talk: Talk, name: str) -> None:
    await _note(talk, {_IGNORES + name: talk.now})


async def _note(talk: Talk, facts: dict[str, int]) -> None:
    writer = talk.replica.file.peer_writer

    def write() -> None:
        for name, value in facts.items():
            writer.note_fact(talk.peer, name, value)

    if facts and not talk.dry:
        await talk.replica.change(write)


def _peers(talk: Talk) -> PeerReader:
    return talk.replica.reader.peers
