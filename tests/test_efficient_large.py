"""Two daemons with a hundred thousand documents each, a few of which differ.

What both hold is put into the files directly: it never moves, so nobody checks it. Only
what differs is signed. Then both must hold exactly what the queries say, and a third
daemon with other queries gets nothing that it did not ask for and gives nothing that it
may not give.
"""

import hashlib
import random
from dataclasses import replace

import trio

from esd import formats
from esd.config import WorkspaceSettings
from esd.daemon import wall_clock
from esd.formats import Halves, WorkspaceAddress, keypair_from_seed, parse_queries
from esd.replica import LOCAL
from esd.store import Entry
from tests.daemons import a_config, a_peer, start_daemon
from tests.replicas import a_document

GARDEN = "+canary.garden7q"
ADDRESS = WorkspaceAddress.parse(GARDEN)
SUZY = keypair_from_seed("suzy", b"s" * 32)
MATT = keypair_from_seed("matt", b"m" * 32)
DAY = 86_400_000_000

IN_ALL = 100_000
DIFFERING = 100  # on each side
AT_ONCE = 2_000


def filling(number, now):
    """A document that no one will ever look at twice."""
    path = f"/{('wiki', 'chat')[number % 2]}/{number:06}"
    return Entry(
        path=path,
        author=SUZY.address,
        timestamp=now - 30 * DAY + number * 1_000_000,
        signature="b" + "a" * 103,
        delete_after=None,
        content_length=5,
        format="es.4",
        origin=LOCAL,
        hash=hashlib.sha256(path.encode()).digest(),
        json=b'{"path":"%s"}' % path.encode(),
    )


def differing(name, by, now, draw):
    """Signed, at moments strewn over all others."""
    return [
        a_document(
            f"/{('wiki', 'chat')[number % 2]}/{name}/{number}",
            by=by,
            at=now - 30 * DAY + draw.randrange(IN_ALL) * 1_000_000 + 7,
        )
        for number in range(DIFFERING)
    ]


async def fill(running, entries, documents):
    replica = running.replica(GARDEN)
    for start in range(0, len(entries), AT_ONCE):
        some = entries[start : start + AT_ONCE]
        await replica.change(lambda some=some: replica.file.writer.put(some, 0))
    await replica.ingest(formats.Batch(list(documents)), origin=LOCAL, now=wall_clock())


def paths(running):
    found, after = set(), ""
    reader = running.replica(GARDEN).reader
    while page := reader.paths(wall_clock(), after):
        found.update(page)
        after = page[-1]
    return found


def configured(tmp_path, name, halves, peers=()):
    workspace = WorkspaceSettings(address=ADDRESS, halves=halves)
    return replace(a_config(tmp_path / name, (), peers), workspaces=(workspace,))


def only(prefix):
    return parse_queries([{"pathPrefix": prefix}])


async def test_a_hundred_differences_among_a_hundred_thousand(tmp_path):
    now, draw = wall_clock(), random.Random(7)
    entries = [filling(number, now) for number in range(IN_ALL)]
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, configured(tmp_path, "house", Halves()))
        wants = Halves(incoming=only("/wiki/"))
        peers = [a_peer("house", house.url, GARDEN)]
        away = await start_daemon(nursery, configured(tmp_path, "away", wants, peers))
        theirs = differing("theirs", SUZY, now, draw)
        ours = differing("ours", MATT, now, draw)
        await fill(house, entries, theirs)
        await fill(away, entries, ours)

        finding = await away.sync_one("house")
        report = finding.report
        assert report.level == "reconcile"
        assert (report.pulled.accepted, report.taken) == (DIFFERING // 2, DIFFERING)
        assert report.pulled.rejected == {}
        common = {entry.path for entry in entries}
        wiki = {one.path for one in theirs if one.path.startswith("/wiki/")}
        all_ours = {one.path for one in ours}
        assert paths(away) == common | all_ours | wiki
        assert paths(house) == common | all_ours | {one.path for one in theirs}
        # The documents that move are some 60 KB; what finds them is not much more.
        assert report.traffic.sent + report.traffic.received < 400_000

        again = await away.sync_one("house")
        assert (again.report.unchanged, again.report.rounds) == (True, 2)
        assert again.report.traffic.sent + again.report.traffic.received < 4_000

        await third_is_kept_apart(nursery, tmp_path, house)
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()


async def third_is_kept_apart(nursery, tmp_path, house):
    """It wants what the house has none of, and gives what the house asks for."""
    before = paths(house)
    halves = Halves(incoming=only("/blog/"), outgoing=only("/secret/"))
    wants = Halves(incoming=only("/wiki/"), outgoing=only("/wiki/"))
    house.replica(GARDEN).halves = wants
    peers = [a_peer("house", house.url, GARDEN)]
    third = await start_daemon(nursery, configured(tmp_path, "third", halves, peers))
    mine = [a_document(f"/{kind}/mine", at=wall_clock()) for kind in ("secret", "wiki")]
    await fill(third, [], mine)
    finding = await third.sync_one("house")
    assert (finding.report.to_pull, finding.report.to_push) == (0, 0)
    assert paths(third) == {"/secret/mine", "/wiki/mine"}
    assert paths(house) == before
    assert finding.report.traffic.received < 2_000
    await third.stop()
