"""When to push again to a peer that turned a push away.

One that is read-only stays so, and each try costs it a body. But a proxy that answers
403 while it is set up is over it in a minute, and until we try again whatever is
written here stays here. So we try after a minute and then later each time, up to an
hour; at once where a person asks. That a person asked in vain changes nothing.
"""

from dataclasses import dataclass

from esd.sync.status import Standing
from esd.sync.talk import Report, Talk

__all__ = ["TurnedAway"]

MINUTE = 60_000_000  # µs
WAITS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE)

_AT = "unwanted_at"  # facts kept for a peer: when it last turned one away...
_TIMES = "unwanted_times"  # ...how often, one after the other...
_READ_ONLY = "unwanted_read_only"  # ...and whether it said that it forbids it


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """By one peer, in one workspace."""

    talk: Talk

    @property
    def times(self) -> int:
        return self._fact(_TIMES)

    def holds_back(self, report: Report) -> bool:
        """Whether to wait on; *report* then says how it stands, and until when."""
        until = self._fact(_AT) + self._wait
        holds = 0 < until - self.talk.now <= self._wait and not self.talk.asked
        if holds:
            self._tell(report, until)
        return holds

    async def note(self, report: Report, *, read_only: bool) -> None:
        """It has turned one away."""
        asked_again = self.talk.asked and self.times
        times = self.times if asked_again else min(self.times + 1, len(WAITS))
        await self._write(
            {_AT: self.talk.now, _TIMES: times, _READ_ONLY: int(read_only)}
        )
        self._tell(report, self.talk.now + self._wait)

    async def forget(self) -> None:
        """It has taken one."""
        if self.times:
            await self._write({_AT: 0, _TIMES: 0})

    def _tell(self, report: Report, until: int) -> None:
        report.push_again = until
        if self._fact(_READ_ONLY):
            report.standing = Standing.READ_ONLY

    @property
    def _wait(self) -> int:
        return WAITS[max(self.times, 1) - 1]

    async def _write(self, facts: dict[str, int]) -> None:
        writer = self.talk.replica.file.peer_writer

        def write() -> None:
            for name, value in facts.items():
                writer.note_fact(self.talk.peer, name, value)

        await self.talk.replica.change(write)

    def _fact(self, name: str) -> int:
        return self.talk.replica.reader.peers.fact(self.talk.peer, name) or 0
