"""Where work that blocks is done: a function that whoever opens replicas hands in.

The daemon's uses worker threads. What decides when something happens never needs one,
so tests run everything inline on a virtual clock.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

__all__ = ["Run", "inline"]

T = TypeVar("T")


class Run(Protocol):
    """Calls a function that blocks, somewhere where it blocks nobody.

    Once the function has begun, cancelling waits for it and is not told instead of what
    it returns.
    """

    def __call__(self, call: Callable[[], T], /) -> Awaitable[T]: ...


async def inline(call: Callable[[], T], /) -> T:
    """A `Run` without threads."""
    return call()
