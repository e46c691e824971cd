"""A workspace that is removed while somebody is served from it.

Whoever asks next finds none. Whoever is in the middle meets a closed file at the next
read: an answer that has not begun becomes the one for a workspace that is not here, and
one that has begun breaks off, so that nobody takes it for a whole one.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager

from esd.errors import OperatorMustAct
from esd.web import Gone
from esd.web.staying import released

__all__ = ["breaking_off", "sent_while_held"]


@contextmanager
def breaking_off() -> Iterator[None]:
    """For what is read while an answer is sent: raises Gone."""
    try:
        yield
    except OperatorMustAct as exc:
        raise Gone("the workspace was removed") from exc


async def sent_while_held(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same pieces; of them nothing is kept here."""
    async with released(pieces):
        with breaking_off():
            async for piece in pieces:
                yield piece
                del piece
