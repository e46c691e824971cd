"""A small world on the virtual clock, for an hour in which nothing stays up for long.

Three esds in a chain, whole but for sockets: their peers call, their pubs answer, over
wires that break. Beside them are three pubs in memory, of which one knows es.3 only,
one es.4 only and one both. All of them are written to, on a few paths by several
authors; the pubs by others than the esds, too.
"""

import json
import random
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx
import trio

from esd.formats import encode
from esd.pub import Lasting, Pub, PubSettings
from esd.web import Limits
from tests.replicas import FERN, MATT, ROOMY, SUZY, a_document, an_es3_document
from tests.sync.pubs import reply
from tests.sync.streamed import StreamWire
from tests.sync.test_peers import House
from tests.wire import Wire, WireTo

MINUTE = 60.0  # seconds
HOUR = 60 * MINUTE
BEAT = 28.0  # seconds between the KEEPALIVEs of a pub

CALLS = {
    "alice": ("bobby", "any"),
    "bobby": ("carol", "old"),
    "carol": ("new", "any"),
}
"""Who calls whom: nobody heals what another failed to bring."""

KNOWS = {"old": {"es.3"}, "new": {"es.4"}, "any": {"es.3", "es.4"}}

PATHS = ["/a", "/b/c", "/wiki/Bees%20and%20Wasps"]
SEEDS_OF_ES3 = [b"\1" * 32, b"\3" * 32]


class ComingPub(StreamWire):
    """A pub that comes and goes. While it is away nothing of it answers."""

    lines = ()  # before it begins

    def __init__(self, knows):
        super().__init__()
        self.knows = knows
        self.beat = BEAT
        self.away = False
        if "es.4" not in knows:  # pubs of that time had no streams
            self.stream_answer = lambda _request: reply(404, b"Not Found")

    def put(self, documents):
        taken = super().put(documents)
        for one in documents:
            if self.documents.get((one.path, one.author)) is one:
                for line in self.lines:
                    line.say(b"data: " + encode(one) + b"\n\n")
        return taken

    async def handle_async_request(self, request):
        if self.away:
            raise httpx.ConnectError("nobody is there", request=request)
        return await super().handle_async_request(request)

    def leave(self, *, forgetting):
        self.away = True
        for line in self.lines:
            line.end()
        self.lines = []
        if forgetting:
            self.documents.clear()
            self.exists = False

    def holds(self):
        return {encode(one) for one in self.documents.values()}


@dataclass
class World:
    """All of them; `wires` are between esds, by who calls and who is called."""

    chance: random.Random
    esds: dict[str, House] = field(default_factory=dict)
    served: dict[str, Pub] = field(default_factory=dict)
    pubs: dict[str, ComingPub] = field(default_factory=dict)
    wires: dict[tuple[str, str], Wire] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    # How it is...

    def lists(self):
        return {name: held_by(house) for name, house in self.esds.items()}

    def differences(self):
        """Who holds what else than the first esd, and how many documents that are."""
        lists = self.lists()
        whole = lists["alice"]
        apart = {name: whole ^ one for name, one in lists.items()}
        for name, pub in self.pubs.items():
            known = {one for one in whole if format_of(one) in pub.knows}
            apart[name] = known ^ pub.holds()
        return {name: len(other) for name, other in apart.items() if other}

    def failures(self):
        """Runs that did not go well, of those that are remembered."""
        return sum(
            bool(run.trouble)
            for house in self.esds.values()
            for run in house.peers.runs.latest()
        )

    def moved_since(self, moment):
        """Documents that runs have moved since then."""
        return sum(
            finding.report.taken + finding.report.pulled.accepted
            for house in self.esds.values()
            for run in house.peers.runs.latest()
            if run.started is not None and run.started >= moment
            for finding in run.findings
        )

    @property
    def now(self):
        return self.esds["alice"].now()

    def way(self, name, other):
        """The transport from one to whom it calls."""
        if other in self.pubs:
            return self.pubs[other]
        self.wires[name, other] = wire = Wire()
        return WireTo(wire, lambda: self.served[other])

    # What happens...

    def live(self, nursery):
        """Have writers and weather, each with luck of its own."""
        for house in self.esds.values():
            nursery.start_soon(self._write_here, house, self._luck())
        for pub in self.pubs.values():
            nursery.start_soon(self._write_there, pub, self._luck())
            nursery.start_soon(self._come_and_go, pub, self._luck())
        for wire in self.wires.values():
            nursery.start_soon(self._break, wire, self._luck())

    def clear_up(self):
        for wire in self.wires.values():
            wire.mend()
        for pub in self.pubs.values():
            pub.away = pub.readonly = False
            pub.answer = None

    def _luck(self):
        return random.Random(self.chance.random())

    def _path(self, luck):
        return luck.choice([*PATHS, f"/{next(self.numbers)}"])

    async def _write_here(self, house, luck):
        while True:
            await trio.sleep(a_while(luck, 2 * MINUTE))
            by = luck.choice([SUZY, FERN])
            for _ in range(luck.choice([1, 1, 1, 5])):
                await house.write(self._path(luck), f"{next(self.numbers)}", by=by)

    async def _write_there(self, pub, luck):
        while True:
            await trio.sleep(a_while(luck, 3 * MINUTE))
            place, text = self._path(luck), f"{next(self.numbers)}"
            seed = luck.choice(SEEDS_OF_ES3)
            old = an_es3_document(place, text, seed=seed, at=self.now)
            new = a_document(place, text, by=luck.choice([MATT, SUZY]), at=self.now)
            pub.exists = True
            pub.put([luck.choice([old, new])])

    async def _come_and_go(self, pub, luck):
        while True:
            await trio.sleep(a_while(luck, 5 * MINUTE))
            mood = luck.choice(["away", "forgotten", "busy", "readonly"])
            if mood in ("away", "forgotten"):
                pub.leave(forgetting=mood == "forgotten")
            pub.readonly = mood == "readonly"
            pub.answer = (lambda _request: reply(503)) if mood == "busy" else None
            await trio.sleep(a_while(luck, 2 * MINUTE))
            pub.away = pub.readonly = False
            pub.answer = None

    async def _break(self, wire, luck):
        while True:
            await trio.sleep(a_while(luck, 4 * MINUTE))
            wire.left = luck.choice([0, luck.randint(1, 5_000)])
            await trio.sleep(a_while(luck, 2 * MINUTE))
            wire.mend()


@asynccontextmanager
async def a_world(folder, seed):
    """Everybody is up, and follows whom they call."""
    world = World(random.Random(seed))
    world.pubs = {name: ComingPub(knows) for name, knows in KNOWS.items()}
    try:
        for name, called in CALLS.items():
            (folder / name).mkdir()
            ways = {other: world.way(name, other) for other in called}
            house = House(folder / name, ways, live=True)
            world.esds[name] = house
            world.served[name] = pub_of(house, name)
        async with trio.open_nursery() as nursery:
            for house in world.esds.values():
                await nursery.start(house.peers.run)
            yield world
            nursery.cancel_scope.cancel()
    finally:
        for house in world.esds.values():
            house.close()


def pub_of(house, name):
    settings = PubSettings(salt=house.node_file.salt, names=(name,))
    return Pub(house.replicas, settings, Limits(), ROOMY, Lasting(), house.now)


def a_while(luck, mean):
    """Seconds: most are short, some are long."""
    return luck.expovariate(1 / mean)


def held_by(house):
    page = house.replica.reader.page(house.now(), rows=1 << 20, size=1 << 40)
    return set(page.documents)


def format_of(text):
    return json.loads(text)["format"]
