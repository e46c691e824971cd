"""NDJSON: one JSON value a line, for as long as there is something to tell.

Nothing is queued for a reader. Whoever has something to tell is asked for it when the
reader has taken all before, so a reader that is slow, or that never reads, costs one
portion and not a growing one; what it may miss is for the teller to say. While there is
nothing to tell, a heartbeat shows both sides that the line is alive.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec
import trio

from esd.web.message import Response

__all__ = ["HEARTBEAT", "ndjson", "ndjson_response"]

HEARTBEAT = 15.0  # seconds; half of what the shortest idle timeouts on a way allow

_json = msgspec.json.Encoder()


async def ndjson(
    tell: Callable[[], Sequence[object] | None],
    wait: Callable[[], Awaitable[object]],
    beat: Callable[[], object],
    *,
    every: float = HEARTBEAT,
) -> AsyncGenerator[bytes, None]:
    """What *tell* gives, line by line, until it gives None.

    *tell* returns what is new since it was asked last; *wait* returns when asking may
    be worth it again, and is cancelled for a *beat* after *every* seconds of silence.
    """
    while (told := tell()) is not None:
        if told:
            yield _json.encode_lines(told)
            continue
        # No scope is open across a yield: it would belong to another task's stack.
        with trio.move_on_after(every) as silence:
            await wait()
        if silence.cancelled_caught:
            yield _json.encode_lines([beat()])


def ndjson_response(lines: AsyncGenerator[bytes, None]) -> Response:
    headers = (("Content-Type", "application/x-ndjson"),)
    return Response(status=200, headers=headers, body=lines)
