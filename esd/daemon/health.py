"""What an operator should look at, in words, with what to do.

Found afresh each time somebody asks, from how things are: nothing has to be cleared by
hand, and nothing can be forgotten. Only since when something holds is kept, and that it
began or ended is told as an event and in the log.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import trio

from esd.control import Health, Severity
from esd.replica import Clock
from esd.sync import Peer, Peers
from esd.sync.status import Downgraded, Failed, Moved, Retrying, describe

__all__ = ["Trouble", "Watch", "find_troubles"]

log = logging.getLogger(__name__)

FAILURES = 3  # in a row: two may be a pub that restarts


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that holds now; the code stays, the words may change."""

    code: str
    severity: Severity
    message: str
    hint: str = ""


def find_troubles(
    clock: Clock, peers: Peers, *, disk_short: bool, rejected: bool
) -> Iterator[Trouble]:
    for doubt in clock.doubts:
        yield Trouble(
            f"clock-{doubt.name.lower()}",
            Severity.WARNING,
            f"{doubt}: nothing expires",
            "check the machine's clock: timedatectl",
        )
    if disk_short:
        yield Trouble(
            "disk-short",
            Severity.ERROR,
            "less disk space is free than free_disk asks for: nothing is taken in",
            "free some space, or lower free_disk",
        )
    if rejected:
        yield Trouble(
            "config-rejected",
            Severity.WARNING,
            "the configuration file has mistakes; the one read before is in force",
            "esd check-config tells them",
        )
    for peer in peers:
        yield from _of_peer(peer)


def _of_peer(peer: Peer) -> Iterator[Trouble]:
    name, status = peer.settings.name, peer.status
    words = f"peer {name}: {describe(status, trio.current_time())}"
    hint = peer.last_failure.hint if peer.last_failure else ""
    match status:
        case Moved(_, where):
            yield Trouble(f"peer-moved:{name}", Severity.ERROR, words, where)
        case Downgraded(_, what):
            yield Trouble(f"peer-downgraded:{name}", Severity.ERROR, words, what)
        case Failed(_, _, what):
            yield Trouble(f"peer-failed:{name}", Severity.ERROR, words, what)
        case Retrying(_, failures) if failures >= FAILURES:
            hint = hint or f"esdctl peer show {name}"
            yield Trouble(f"peer-failing:{name}", Severity.WARNING, words, hint)
        case _:
            return


class Watch:
    """Knows since when; tells when something begins and ends."""

    def __init__(self, tell: Callable[..., None], now: Callable[[], int]) -> None:
        self._tell = tell
        self._now = now
        self._since: dict[str, int] = {}

    def look(self, troubles: Iterator[Trouble]) -> Sequence[Health]:
        found = {trouble.code: trouble for trouble in troubles}
        for code in [code for code in self._since if code not in found]:
            del self._since[code]
            self._tell("health.cleared", code=code)
        for trouble in found.values():
            if trouble.code not in self._since:
                self._since[trouble.code] = self._now()
                self._tell("health.raised", code=trouble.code, message=trouble.message)
                if not trouble.code.startswith("peer-"):  # those have said it
                    log.warning("%s (%s)", trouble.message, trouble.hint)
        return [self._health(trouble) for trouble in found.values()]

    def _health(self, trouble: Trouble) -> Health:
        return Health(
            code=trouble.code,
            severity=trouble.severity,
            since=self._since[trouble.code],
            message=trouble.message,
            hint=trouble.hint,
        )
