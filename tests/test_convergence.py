"""Three daemons, whatever happens to them, end up holding the same bytes.

Each example is a random story told from a seed: who calls whom (nobody may heal by
pulling what another failed to push); writes by several authors to a few paths, some
ephemeral; runs in any order, also at once; wires that are cut at a random byte; daemons
that restart. Then the wires are mended, everybody runs with whom they call, and all
three lists are compared whole. The seed is in the test's name: a seed that ever
failed is added to OLD_SEEDS and stays. For a long night, set ESD_NEW_SEEDS.
"""

import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import trio

from esd.config import Config
from esd.daemon import connect_over_http, wall_clock
from esd.formats import Keypair, keypair_from_seed
from esd.sync import Client, PeerSettings, Protocol, RunLimits, SyncRun
from tests.daemons import Connect, Running, a_config, a_peer, start_daemon
from tests.wire import Wire, WireTo, run_wire

GARDEN = "+garden.converges"
NAMES = ("alice", "bobby", "carol")
AUTHORS = [keypair_from_seed(name, name.encode() * 8) for name in ("suzy", "fern")]
PATHS = ["/a", "/b/c", "/wiki/Bees%20and%20Wasps", "/chat/!1", "/chat/!2"]

SECOND = 1_000_000  # µs
STEPS = [3, 8, 25]  # in a short story nothing later makes good what went wrong
LONGEST_CONTENT = 400  # characters
STEADY_LIFE = 8  # seconds: some documents die during the story, some live on
CUT = 0.5  # of the runs
BUSY = 0.3  # of the times that runs are going on, somebody writes meanwhile
CUTS = [1_000, 5_000, 20_000]  # bytes: within a head, a list, a push
MOST_ROUNDS = 4  # from one end of a chain to the other takes two, in the worst order

Pair = tuple[str, str]
"""Who calls, and who is called."""

OLD_SEEDS = list(range(12))
HOW_MANY_NEW = int(os.environ.get("ESD_NEW_SEEDS", "2"))
NEW_SEEDS = [int.from_bytes(os.urandom(4)) for _ in range(HOW_MANY_NEW)]


@dataclass(slots=True)
class World:
    """Three daemons, the wires between them, and the one clock they share."""

    nursery: trio.Nursery
    configs: Mapping[str, Config]
    wires: Mapping[Pair, Wire]
    connect: Callable[[str], Connect]
    moved: Callable[[str, int], None]  # a daemon is at another port now
    steady_lives: bool
    clock: int = field(default_factory=wall_clock)
    running: dict[str, Running] = field(default_factory=dict)

    @property
    def pairs(self) -> list[Pair]:
        return list(self.wires)

    def now(self) -> int:
        return self.clock

    def life(self, content: str) -> int:
        """How long an ephemeral document lives.

        One that dies before another that it hides at its place leaves that one where
        it was never hidden, and a peer that refused it meanwhile is not asked again
        for a day. So either all live equally long, or all are dead in the end.
        """
        return SECOND * (STEADY_LIFE if self.steady_lives else len(content))

    async def start(self, name: str) -> None:
        self.running[name] = await start_daemon(
            self.nursery, self.configs[name], now=self.now, connect=self.connect(name)
        )
        self.moved(name, self.running[name].port)

    async def restart(self, name: str) -> None:
        await self.running[name].stop()
        await self.start(name)

    async def write(self, name: str, keypair: Keypair, path: str, content: str) -> None:
        lives = self.life(content) if "!" in path else None
        await (
            self.running[name]
            .replica(GARDEN)
            .write(
                keypair,
                path,
                content,
                now=self.clock,
                delete_after=None if lives is None else self.clock + lives,
            )
        )

    async def sync(self, name: str, peer: str) -> SyncRun:
        return await self.running[name].sync(peer)

    def lists(self) -> set[bytes]:
        return {running.documents(GARDEN) for running in self.running.values()}


# What may happen...


async def tell(world: World, chance: random.Random) -> None:
    """One story."""
    for _ in range(chance.choice(STEPS)):
        world.clock += chance.choice([0, 1, SECOND // 10, 2 * SECOND])
        happening = chance.choices(
            [write_some, sync_some, restart_one], weights=[8, 10, 1]
        )[0]
        await happening(world, chance)


async def write_some(world: World, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 6)):
        content = "é" * chance.choice([1, 2, 5, 10, LONGEST_CONTENT])
        author, path = chance.choice(AUTHORS), chance.choice(PATHS)
        await world.write(chance.choice(NAMES), author, path, content)


async def sync_some(world: World, chance: random.Random) -> None:
    """A few runs at once; those whose wire is cut fail, and that is all."""
    chosen = chance.sample(world.pairs, chance.randint(1, len(world.pairs)))
    for pair in chosen:
        world.wires[pair].mend()
        if chance.random() < CUT:
            world.wires[pair].left = chance.randint(0, chance.choice(CUTS))
    async with trio.open_nursery() as at_once:
        for pair in chosen:
            at_once.start_soon(world.sync, *pair)
        if chance.random() < BUSY:
            at_once.start_soon(write_some, world, chance)


async def restart_one(world: World, chance: random.Random) -> None:
    await world.restart(chance.choice(NAMES))


# ...and what must come of it.


async def settle(world: World, chance: random.Random) -> None:
    """With all wires whole, rounds of runs until one finds nothing to do."""
    for wire in world.wires.values():
        wire.mend()
    if not world.steady_lives:
        world.clock += (LONGEST_CONTENT + 1) * SECOND
    for _ in range(MOST_ROUNDS):
        outcomes = [
            await world.sync(*pair)
            for pair in chance.sample(world.pairs, len(world.pairs))
        ]
        assert not any(outcome.trouble for outcome in outcomes)
        if len(world.lists()) == 1:
            return
    pytest.fail(f"still {len(world.lists())} different lists")


async def check_quiet(world: World) -> None:
    """Once level, runs find that out, and move nothing any more."""
    for (
        pair
    ) in world.pairs:  # what was level by chance may still have to be seen as such
        await world.sync(*pair)
    for pair in world.pairs:
        (finding,) = (await world.sync(*pair)).findings
        assert finding.report.pulled.accepted == 0
        assert finding.report.taken == 0
    assert len(world.lists()) == 1


Open = Callable[
    [trio.Nursery, Path, random.Random, Protocol], AbstractAsyncContextManager[World]
]


def who_calls_whom(chance: random.Random) -> list[Pair]:
    """A chain or a triangle, each link in one direction or in both."""
    names = chance.sample(NAMES, 3)
    links = list(zip(names, names[1:] + names[:1], strict=True))
    pairs = []
    for one, two in links[: chance.choice([2, 3])]:
        there, back = (one, two), (two, one)
        pairs += chance.choice([[there], [back], [there, back]])
    return pairs


def configs(
    state: Path, urls: Mapping[Pair, str], protocol: Protocol
) -> Mapping[str, Config]:
    return {
        name: a_config(
            state / name,
            [GARDEN],
            [
                a_peer(two, url, GARDEN, protocol=protocol)
                for (one, two), url in urls.items()
                if one == name
            ],
            names=tuple(f"{name}.example" for name in NAMES),
        )
        for name in NAMES
    }


@asynccontextmanager
async def in_memory(
    nursery: trio.Nursery, state: Path, chance: random.Random, protocol: Protocol
) -> AsyncIterator[World]:
    pairs = who_calls_whom(chance)
    wires = {pair: Wire() for pair in pairs}

    def connect(name: str, peer: PeerSettings, limits: RunLimits) -> Client:
        pub = lambda: world.running[peer.name].daemon.pub  # noqa: E731
        transport = WireTo(wires[name, peer.name], pub)
        return Client(peer.url, limits, transport=transport)

    world = World(
        nursery,
        configs(state, {pair: f"http://{pair[1]}.example" for pair in pairs}, protocol),
        wires,
        lambda name: partial(connect, name),
        lambda name, port: None,
        chance.choice([True, False]),
    )
    for name in NAMES:
        await world.start(name)
    yield world


@asynccontextmanager
async def over_sockets(
    nursery: trio.Nursery, state: Path, chance: random.Random, protocol: Protocol
) -> AsyncIterator[World]:
    pairs = who_calls_whom(chance)
    ends = {pair: await nursery.start(run_wire, 0) for pair in pairs}

    def moved(name: str, port: int) -> None:
        for (_, peer), end in ends.items():
            if peer == name:
                end.target = port

    world = World(
        nursery,
        configs(state, {pair: end.url for pair, end in ends.items()}, protocol),
        {pair: end.wire for pair, end in ends.items()},
        lambda name: connect_over_http,
        moved,
        chance.choice([True, False]),
    )
    for name in NAMES:
        await world.start(name)
    yield world


@pytest.mark.parametrize("protocol", [Protocol.PUB, Protocol.ESD])
@pytest.mark.parametrize("opened", [in_memory, over_sockets])
@pytest.mark.parametrize("seed", OLD_SEEDS + NEW_SEEDS)
async def test_three_replicas_converge(
    seed: int, opened: Open, protocol: Protocol, nursery: trio.Nursery, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    async with opened(nursery, tmp_path, chance, protocol) as world:
        await tell(world, chance)
        await settle(world, chance)
        await check_quiet(world)
