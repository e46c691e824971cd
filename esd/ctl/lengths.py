"""Lengths of time as an operator types them: 30, 1.5s, 5m, 2h, 1d."""

from argparse import ArgumentTypeError

__all__ = ["seconds"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST = 10 * 366 * UNITS["d"]


def seconds(text: str) -> float:
    """What argparse calls; a bare number is seconds."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    try:
        length = float(number) * UNITS[unit]
    except ValueError:
        length = -1
    if not 0 <= length <= LONGEST:
        raise ArgumentTypeError("a time is a number and s, m, h or d, such as 90s")
    return length
