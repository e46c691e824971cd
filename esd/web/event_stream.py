"""Server-sent events: news as it comes, in the form that a browser's EventSource reads.

An event is a few lines, `name: value` each, and a blank one that sends it off. Lines
end with LF, so what an event says must hold neither LF nor CR; JSON, which escapes
them, does not. A browser keeps the `id` of the last event and says it when it comes
back, as Last-Event-ID: so the events that only show that the line is alive have one
too, or a reader that drops before the first news could not say where it stood. The id
comes after what the event says: some readers keep it as soon as they see it, and one
that is cut off in between would never ask for that event again.

What is long is written in parts: OPENING, the parts, `closing`. Where the rest cannot
be had any more, VOID ends it instead: it gives the event a name that nobody listens to,
so the half that was sent counts for nothing, and the line need not be cut.

Nothing is queued for a reader (see web/streams). The beat comes in a fixed rhythm, news
or not, as earthstar-pub has it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable

import trio

from esd.web.message import Response

__all__ = [
    "BEAT",
    "COMMENT",
    "OPENING",
    "VOID",
    "closing",
    "event",
    "event_stream",
    "event_stream_response",
]

BEAT = 28.0  # seconds; as earthstar-pub, and below the 30 that many a proxy allows

COMMENT = b":\n\n"
OPENING = b"data: "
VOID = b"\nevent: void\n\n"


def closing(event_id: str) -> bytes:
    return b"\nid: %b\n\n" % event_id.encode("ascii")


def event(event_id: str, data: bytes) -> bytes:
    """A whole event; *data* must be one line."""
    return OPENING + data + closing(event_id)


async def event_stream(
    tell: Callable[[], Iterable[bytes] | None],
    wait: Callable[[], Awaitable[object]],
    beat: Callable[[], bytes],
    *,
    every: float = BEAT,
) -> AsyncGenerator[bytes, None]:
    """What *tell* gives, piece by piece, until it gives None.

    *tell* returns the pieces of what is new since it was asked last. They are taken one
    by one, as fast as the reader is, and end where an event ends. *wait* returns when
    asking may be worth it again, and is cancelled for a *beat*.
    """
    beat_at = trio.current_time() + every
    while (told := tell()) is not None:
        silent = True
        for piece in told:
            silent = False
            yield piece
            del piece  # an idle reader must not hold what it was sent last
        if trio.current_time() >= beat_at:
            beat_at = trio.current_time() + every
            yield beat()
        elif silent:
            # No scope is open across a yield: it would belong to another task's stack.
            with trio.CancelScope(deadline=beat_at):
                await wait()


def event_stream_response(body: AsyncIterable[bytes]) -> Response:
    headers = (
        ("Content-Type", "text/event-stream"),
        ("Cache-Control", "no-cache"),
        # nginx, which many a pub stands behind, would hold events back until it has
        # a buffer full of them.
        ("X-Accel-Buffering", "no"),
    )
    return Response(status=200, headers=headers, body=body)
