"""Ranges of paths: from the first, up to but without the second; None: to the end.

A store is asked for ranges, so a query that can only match some paths reads only those.
Texts compare by code points, which for ASCII is also how SQLite compares them.
"""

from collections.abc import Iterable

Range = tuple[str, str | None]


def range_of_prefix(prefix: str) -> Range:
    """All texts that start with *prefix*, which is ASCII."""
    if not prefix:
        return "", None
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def joined_ranges(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same texts in disjoint ranges, in order."""
    joined: list[Range] = []
    for low, high in sorted(ranges, key=lambda one: one[0]):
        if joined and _reaches(joined[-1][1], low):
            joined[-1] = joined[-1][0], _later(joined[-1][1], high)
        else:
            joined.append((low, high))
    return tuple(joined)


def common_ranges(
    ours: tuple[Range, ...], theirs: tuple[Range, ...]
) -> tuple[Range, ...]:
    """The texts that are in both; each is disjoint and in order."""
    common: list[Range] = []
    here, there = 0, 0
    while here < len(ours) and there < len(theirs):
        low = max(ours[here][0], theirs[there][0])
        high = _earlier(ours[here][1], theirs[there][1])
        if high is None or low < high:
            common.append((low, high))
        if high == ours[here][1]:
            here += 1
        else:
            there += 1
    return tuple(common)


def _reaches(high: str | None, low: str) -> bool:
    return high is None or low <= high


def _later(one: str | None, other: str | None) -> str | None:
    return None if one is None or other is None else max(one, other)


def _earlier(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
