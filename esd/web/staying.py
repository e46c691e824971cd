"""Streaming to a client only for as long as it is there.

A stream of events may have nothing to send for minutes, so a failing write would tell
late that its reader has left. Somebody has to read meanwhile: the end of what the
client sends is its leaving. Whoever makes the pieces is then cancelled and closed at
once, which is what gives back cursors, files and places in a queue.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from esd.web.line import Gone

__all__ = ["released", "while_staying"]


async def while_staying(
    pour: Callable[[], Awaitable[None]], wait_left: Callable[[], Awaitable[None]]
) -> None:
    """Run *pour* to its end, or cancel it and raise Gone when *wait_left* returns.

    An error of *pour* is raised after the nursery closed: inside, it would come out
    wrapped in a group that no except clause of ours names.
    """
    failure: Exception | None = Gone("the client has left")
    async with trio.open_nursery() as nursery:

        async def watch() -> None:
            await wait_left()
            nursery.cancel_scope.cancel()

        nursery.start_soon(watch)
        try:
            await pour()
            failure = None
        except Exception as exc:  # noqa: BLE001 - raised again below
            failure = exc
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


@asynccontextmanager
async def released(body: AsyncIterable[bytes]) -> AsyncIterator[None]:
    """Close *body* at the end, if it is of the kind that can be closed."""
    try:
        yield
    finally:
        aclose = getattr(body, "aclose", None)
        if aclose is not None:
            await aclose()
