"""Sets of items: always what a look at each document would find."""

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from esd.formats import Batch
from esd.formats.query import Query
from tests.replica.memory import folder_in_memory
from tests.replica.runs import Slow
from tests.replica.sets import PREDICATES, a_shelved_replica, expected, unsigned
from tests.replicas import FERN, MATT, NOW, SECOND, SUZY, a_document

HOUR = 3600 * SECOND

POOL = [
    a_document(path, f"{path} {by.address[:5]} {at}", by=by, at=at, until=until)
    for path, until in [
        ("/a", None),
        ("/ab", None),
        ("/b", None),
        ("/!c", NOW + HOUR),
        ("/a!", NOW + 2 * HOUR),
    ]
    for by in (SUZY, MATT, FERN)
    for at in (20_000_000_000_000, NOW - 1, NOW, NOW + 1)
]
BRIEF = [a_document("/!c", "brief", at=NOW + 2, until=NOW + HOUR // 2)]
TIMES = [NOW, NOW + HOUR // 2, NOW + HOUR // 2 + 1, NOW + HOUR + 1, NOW + 3 * HOUR]

documents = st.lists(st.sampled_from(POOL + BRIEF), min_size=1, max_size=12)
steps = st.one_of(
    st.tuples(st.just("ingest"), documents),
    st.tuples(st.just("forget"), st.sampled_from(["/a", "/!", "/b", "/"])),
    st.tuples(st.just("expire"), st.none()),
    st.tuples(st.just("time"), st.sampled_from(TIMES)),
    st.tuples(st.just("look"), st.sampled_from(sorted(PREDICATES))),
)
bounds = st.fixed_dictionaries(
    {
        "most_indexes": st.sampled_from([1, 2, 16]),
        "most_pending": st.sampled_from([1, 5, 50_000]),
        "most_keys": st.sampled_from([3, 4_000_000]),
    }
)


async def happen(replica, what, value, now):
    """One thing that happens to a replica; returns the time afterwards."""
    match what:
        case "ingest":
            await replica.ingest(Batch(value), origin="", now=now)
        case "forget":
            query = Query(history="all", path_starts_with=value)
            await replica.forget(query, now)
        case "expire":
            await replica.expire(now)
        case "time":
            return value
    return now


class Life:
    """One replica; `states` are what it held, newest last."""

    def __init__(self, replica):
        self.replica = replica
        self.now = NOW
        self.states = 0
        self.history = {name: [] for name in PREDICATES}
        self.looks = []
        self.remember()

    def remember(self):
        self.states += 1
        for name, predicate in PREDICATES.items():
            self.history[name].append(expected(self.replica, predicate, self.now))

    async def change(self, what, value):
        self.now = await happen(self.replica, what, value, self.now)
        self.remember()

    async def look(self, name):
        begun, now = self.states - 1, self.now
        items = list(await self.replica.items(PREDICATES[name], now))
        assert len(items) == len(set(items))
        if now == self.now:
            self.looks.append((name, items, begun, self.states))

    def check_looks(self, *, ahead=0):
        """Each found a state there was between its beginning and its end.

        A set may be made from what is committed before whoever committed it was told,
        and remembers it. So where others change it, a look can be one state *ahead*.
        """
        for name, items, begun, ended in self.looks:
            assert items in self.history[name][begun : ended + ahead], name

    async def look_at_all(self):
        for name, predicate in PREDICATES.items():
            found = list(await self.replica.items(predicate, self.now))
            assert found == expected(self.replica, predicate, self.now), name


@given(st.lists(steps, max_size=25), bounds)
@settings(max_examples=40, deadline=None)
def test_one_after_the_other(sequence, bounds):
    async def live():
        with folder_in_memory() as folder:
            with a_shelved_replica(folder, **bounds) as (replica, _):
                life = Life(replica)
                for what, value in sequence:
                    if what == "look":
                        await life.look(value)
                    else:
                        await life.change(what, value)
                life.check_looks()
                await life.look_at_all()

    trio.run(live)


async def in_threads(call, /):
    return await trio.to_thread.run_sync(call)


async def all_at_once(sequence, bounds, run):
    """Looks, and the sets they make, while the changes go on."""
    with folder_in_memory() as folder:
        with a_shelved_replica(folder, run=run, **bounds) as (replica, _):
            life = Life(replica)

            async def make_changes():
                for what, value in sequence:
                    if what not in ("look", "time"):
                        await life.change(what, value)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(make_changes)
                for what, value in sequence:
                    if what == "look":
                        nursery.start_soon(life.look, value)
                        await trio.lowlevel.checkpoint()
            life.check_looks(ahead=1)
            await life.look_at_all()


@given(st.lists(steps, max_size=30), bounds, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_while_it_changes(sequence, bounds, turns):
    trio.run(all_at_once, sequence, bounds, Slow(turns))


@given(st.lists(steps, max_size=30), bounds)
@settings(max_examples=15, deadline=None)
def test_while_it_changes_in_threads(sequence, bounds):
    trio.run(all_at_once, sequence, bounds, in_threads)


async def test_sets_of_many(tmp_path):
    """More than one run of keys that are sorted, and more than one block."""
    with a_shelved_replica(tmp_path) as (replica, _):
        replica.file.writer.put(unsigned(10_000), NOW)
        await replica.ingest(Batch(POOL), origin="", now=NOW)
        for name, predicate in PREDICATES.items():
            found = list(await replica.items(predicate, NOW))
            assert found == expected(replica, predicate, NOW), name
