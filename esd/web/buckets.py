"""How fast one caller may ask: a token bucket per address.

A bucket fills with `rate` tokens a second up to `burst`; each request takes one, dearer
work more. What turns out dear only afterwards is charged afterwards, and the bucket
then stands below zero for a while. Time is a parameter, so this is arithmetic.

An IPv6 caller owns a whole /64 at least, so that is its address here. Buckets are kept
for a bounded number of addresses; the one that asked longest ago is forgotten first,
and it is also the one most likely to be full again.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, ip_address

__all__ = ["Buckets", "is_local", "network_of"]

# About 200 bytes each: two megabytes for what a small botnet can bring.
ADDRESSES_KEPT = 10_000


@lru_cache(maxsize=4096)
def network_of(remote: str) -> str:
    """The part of an address that one caller cannot change at will."""
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if isinstance(address, IPv4Address):
        return remote
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return address.exploded[:19]


@lru_cache(maxsize=4096)
def is_local(remote: str) -> bool:
    """Whether this is the machine itself: every local program shares that address."""
    if remote == "unix":
        return True
    try:
        return ip_address(network_of(remote) if "." in remote else remote).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """`rate` tokens a second, at most `burst` at once, for each address."""

    def __init__(
        self, rate: float, burst: float, addresses: int = ADDRESSES_KEPT
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._addresses = addresses
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, remote: str, now: float, cost: float = 1.0) -> float:
        """Take *cost* tokens and return 0.0, or the seconds until they are there.

        What costs more than a whole bucket is let through a full one.
        """
        bucket = self._filled(remote, now)
        lacking = min(cost, self._burst) - bucket.tokens
        if lacking > 0:
            return lacking / self._rate
        bucket.tokens -= cost
        return 0.0

    def charge(self, remote: str, now: float, cost: float) -> None:
        """Take *cost* tokens for work already done, below zero if need be."""
        self._filled(remote, now).tokens -= cost

    def _filled(self, remote: str, now: float) -> _Bucket:
        address = network_of(remote)
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(self._burst, now)
            if len(self._buckets) > self._addresses:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(address)
        grown = bucket.tokens + max(0.0, now - bucket.at) * self._rate
        bucket.tokens, bucket.at = min(self._burst, grown), now
        return bucket
