"""The Date field, which RFC 9110 asks of every server that has a clock.

Peers compare it with their own to notice that one of the two is wrong. It has a
resolution of one second, so it is written once a second however many ask.
"""

import time
from email.utils import formatdate
from functools import lru_cache

__all__ = ["date_line"]


def date_line() -> bytes:
    """The whole line of a head."""
    return _at(int(time.time()))


@lru_cache(maxsize=1)
def _at(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
