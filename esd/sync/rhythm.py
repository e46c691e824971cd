"""How long to wait: the delays of one peer, from the operator's numbers and a draw.

`jitter` is always a number in [0, 1) that the caller drew, so that the arithmetic is a
table. Delays are jittered because peers have something in common (one daemon's start,
one pub's outage), and what happened to all of them at once must not make them call at
once for ever after.
"""

from dataclasses import dataclass
from math import inf

__all__ = ["Rhythm"]

SPREAD = 30.0  # seconds; at start fifty peers must not all be called at once
WOBBLE = 0.1  # of the interval either way: peers of one pub must not march in step
SOONEST = 5.0  # full jitter may draw almost zero; a dead peer gets at least this rest
LIVE_INTERVAL = 3600.0  # a stream may lose something, and nobody would notice
DOUBLINGS = 20  # beyond any cap; keeps 2**n a small number after years of failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What the operator chose, in seconds; `interval` is inf for a manual peer.

    A manual peer gets no run that nobody asked for: not after a local write either.
    """

    interval: float = 300.0
    settle: float = 0.5  # let a burst of writes finish before it is pushed...
    patience: float = 5.0  # ...but never hold back a write longer than this
    backoff_first: float = 30.0  # a pub that restarts is back within this
    backoff_cap: float = 3600.0  # a pub that returns is noticed within this

    @property
    def manual(self) -> bool:
        return self.interval == inf

    def first(self, jitter: float) -> float:
        """The delay of the first run after start."""
        if self.manual:
            return inf
        return jitter * min(SPREAD, self.interval / 4)

    def calm(self, jitter: float, *, live: bool = False) -> float:
        """The delay after a run that went well; *live*: streams bring what is new."""
        interval = max(self.interval, LIVE_INTERVAL) if live else self.interval
        return interval * (1 - WOBBLE + 2 * WOBBLE * jitter)

    def backoff(self, failures: int, jitter: float) -> float:
        """The delay after so many consecutive failures (full jitter)."""
        doubled = self.backoff_first * 2.0 ** min(failures - 1, DOUBLINGS)
        return max(SOONEST, jitter * min(doubled, self.backoff_cap))

    def rare(self, jitter: float) -> float:
        """The delay where an operator should act, and something else rarely helps."""
        return inf if self.manual else self.backoff_cap * (1 - WOBBLE * jitter)

    def obey(self, retry_after: float) -> float:
        """The delay that a peer asked for, as far as we let it."""
        return min(max(0.0, retry_after), self.backoff_cap)
