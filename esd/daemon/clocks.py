"""The two clocks: read here, and only here, and handed down as numbers."""

import time

__all__ = ["steady_clock", "wall_clock"]


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def steady_clock() -> float:
    """Seconds of a clock that cannot be set, and goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
