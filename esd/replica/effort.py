"""What work in threads cost, told to whoever it was done for.

A set of items may be there already or take seconds to make, and may be waited for while
others have theirs made. So what one caller costs cannot be told by how long it took: it
is the time of a core that was used for it. Contexts follow a task into its threads, so
between who asks and who works nobody has to hand it on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

__all__ = ["Effort", "counted", "measured"]

T = TypeVar("T")


@dataclass(slots=True)
class Effort:
    """Seconds of a core."""

    seconds: float = 0.0


_effort: ContextVar[Effort | None] = ContextVar("effort", default=None)


@contextmanager
def measured() -> Iterator[Effort]:
    """What is `counted` inside, for this task."""
    effort = Effort()
    before = _effort.set(effort)
    try:
        yield effort
    finally:
        _effort.reset(before)


def counted(call: Callable[[], T]) -> Callable[[], T]:
    """The same, for a thread; what it took is added to what is being measured."""

    @wraps(call)
    def work() -> T:
        begun = time.thread_time()
        try:
            return call()
        finally:
            effort = _effort.get()
            if effort is not None:
                effort.seconds += time.thread_time() - begun

    return work
