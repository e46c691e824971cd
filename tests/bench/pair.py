"""Two esds of one workspace, each a process of its own, and a ledger between them.

`house` serves and `away` calls it, under three names: as what it is, as one that knows
no level 3, and as a plain pub. A dry run finds out what differs and moves nothing, so
it can be repeated, and costs what finding costs.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.documents import WORKSPACE
from tests.bench.esd_process import PEER, EsdProcess, esd_process
from tests.bench.ledger import Account, Accounts, Ledger
from tests.bench.metered import HASHES

RECONCILE, PLAIN = PEER, "plain"
PEERS: Mapping[str, str] = {RECONCILE: "esd", HASHES: "esd", PLAIN: "pub"}
GET, GIVE = "documents/get", "documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run: what it found, and what it cost whom. Times are in seconds."""

    differing: int
    seconds: float
    cpu_house: float
    cpu_away: float
    accounts: Accounts

    @property
    def requests(self) -> int:
        """Each is sent after the answer to the one before it: they are round trips."""
        return sum(one.requests for one in self.accounts.values())

    @property
    def finding(self) -> int:
        """Bytes both ways of everything that is not about documents by hash."""
        every = sum(one.both_ways for one in self.accounts.values())
        return every - self.getting.both_ways - self.giving.both_ways

    @property
    def getting(self) -> Account:
        return self.accounts.get(GET, Account())

    @property
    def giving(self) -> Account:
        return self.accounts.get(GIVE, Account())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    house: EsdProcess
    away: EsdProcess
    ledger: Ledger

    async def run(self, peer: str = RECONCILE, *, dry: bool = False) -> Ran:
        self.ledger.take()
        house, away = self.house.cpu_seconds(), self.away.cpu_seconds()
        done = await self.away.sync(peer, dry=dry)
        return Ran(
            differing=done["to_pull"] + done["to_push"],
            seconds=done["seconds"],
            cpu_house=self.house.cpu_seconds() - house,
            cpu_away=self.away.cpu_seconds() - away,
            accounts=self.ledger.take(),
        )


@dataclass(frozen=True, slots=True)
class Homes:
    """Where the two live while none of them runs."""

    folder: Path
    ledger: Ledger

    @property
    def house(self) -> Path:
        return self.folder / "house"

    @property
    def away(self) -> Path:
        return self.folder / "away"

    def start_house(self) -> AbstractAsyncContextManager[EsdProcess]:
        return esd_process(self.house, WORKSPACE, metered=True)

    def start_away(self) -> AbstractAsyncContextManager[EsdProcess]:
        return esd_process(
            self.away, WORKSPACE, peer_url=self.ledger.url, peers=PEERS, metered=True
        )

    def pair(self, house: EsdProcess, away: EsdProcess) -> Pair:
        self.ledger.target = house.port
        return Pair(house=house, away=away, ledger=self.ledger)
