"""Efficient sync between whole daemons over real sockets: what each run costs and does.

One daemon serves (`house`), another calls it (`away`); both are real, only their runs
are asked for one by one. Requests are counted by the caller's own client.
"""

import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import msgspec
import pytest
import trio

from esd import formats
from esd.config import WorkspaceSettings
from esd.daemon import wall_clock
from esd.formats import (
    Halves,
    WorkspaceAddress,
    keypair_from_seed,
    parse_queries,
)
from esd.replica import LOCAL, Bounds
from esd.store import Entry
from esd.sync import Client, Direction, Protocol
from esd.sync.status import Downgraded, InSync, Standing
from tests.altered import altering
from tests.daemons import a_config, a_peer, restarted, start_daemon
from tests.plain_http import plain_transport
from tests.replicas import a_document

GARDEN = "+canary.garden7q"
ADDRESS = WorkspaceAddress.parse(GARDEN)
SUZY = keypair_from_seed("suzy", b"s" * 32)
MATT = keypair_from_seed("matt", b"m" * 32)
SECOND = 1_000_000
DAY = 86_400 * SECOND


def queries(*objects):
    return parse_queries(list(objects))


class Pair:
    """`house` is called by `away` under the name of `house`."""

    def __init__(self, nursery, house, away):
        self.nursery = nursery
        self.house = house
        self.away = away

    async def sync(self, *, direction=None):
        run, _ = self.away.daemon.peers.start("house", direction=direction)
        await run.wait()
        assert not run.trouble, run.trouble
        (finding,) = run.findings
        return finding.report

    async def write(self, where, path, content="hello", *, by=SUZY, at=None):
        replica = where.replica(GARDEN)
        return await replica.write(by, path, content, now=wall_clock(), timestamp=at)

    def paths(self, where):
        return set(where.replica(GARDEN).reader.paths(wall_clock(), rows=1 << 20))


@asynccontextmanager
async def a_pair(
    tmp_path, *, house=None, away=None, peer=None, connect=None, http=None, bounds=None
):
    """Two daemons; `house` and `away` are settings of the workspace there."""
    async with trio.open_nursery() as nursery:
        config = a_config(tmp_path / "house", [GARDEN])
        if http:
            config = replace(config, http=replace(config.http, **http))
        serving = await start_daemon(nursery, with_workspace(config, **(house or {})))
        calling = a_config(
            tmp_path / "away",
            [GARDEN],
            [a_peer("house", serving.url, GARDEN, **(peer or {}))],
        )
        calling = replace(calling, bounds=bounds or calling.bounds)
        how = {"connect": connect} if connect else {}
        caller = await start_daemon(
            nursery, with_workspace(calling, **(away or {})), **how
        )
        yield Pair(nursery, serving, caller)
        for running in (caller, serving):
            if not running.ended.is_set():
                await running.stop()
        nursery.cancel_scope.cancel()


def with_workspace(config, **settings):
    workspace = WorkspaceSettings(address=ADDRESS, **settings)
    return replace(config, workspaces=(workspace,))


async def test_both_sides_get_what_they_lack(tmp_path):
    async with a_pair(tmp_path) as pair:
        for number in range(30):
            await pair.write(pair.house, f"/house/{number}")
            await pair.write(pair.away, f"/away/{number}", by=MATT)
        report = await pair.sync()
        assert report.level == "reconcile"
        assert (report.to_pull, report.to_push) == (30, 30)
        assert (report.pulled.accepted, report.sent, report.taken) == (30, 30, 30)
        assert pair.house.documents(GARDEN) == pair.away.documents(GARDEN)


async def test_nothing_new_is_one_small_request(tmp_path):
    async with a_pair(tmp_path) as pair:
        for number in range(100):
            await pair.write(pair.house, f"/{number}")
        await pair.sync()
        report = await pair.sync()
        assert (report.unchanged, report.rounds) == (True, 1)
        assert report.traffic.requests == 1
        assert report.traffic.sent + report.traffic.received < 1_200


async def test_after_a_restart_it_asks_who_is_there_and_no_more(tmp_path):
    async with a_pair(tmp_path) as pair:
        await pair.write(pair.house, "/a")
        await pair.sync()
        pair.away = await restarted(pair.nursery, pair.away)
        report = await pair.sync()
        assert (report.unchanged, report.traffic.requests) == (True, 4)
        assert (await pair.sync()).traffic.requests == 1


async def test_a_push_to_a_peer_with_newer_documents_settles(tmp_path):
    """They refuse our old ones and we do not want their new ones: told once."""
    async with a_pair(tmp_path, peer={"direction": Direction.PUSH}) as pair:
        at = wall_clock() - DAY
        await pair.write(pair.away, "/old", "old", at=at)
        await pair.write(pair.house, "/old", "new", at=at + SECOND)
        await pair.write(pair.house, "/only/there")
        await pair.write(pair.away, "/mine")
        first = await pair.sync()
        assert (first.sent, first.taken, first.pulled.total) == (2, 1, 0)
        assert "/mine" in pair.paths(pair.house)
        assert pair.paths(pair.away) == {"/old", "/mine"}
        second = await pair.sync()
        assert (second.unchanged, second.rounds, second.traffic.requests) == (
            True,
            1,
            1,
        )


async def test_a_pull_from_a_peer_that_lacks_ours_settles(tmp_path):
    async with a_pair(tmp_path, peer={"direction": Direction.PULL}) as pair:
        await pair.write(pair.away, "/mine")
        await pair.write(pair.house, "/theirs")
        first = await pair.sync()
        assert (first.pulled.accepted, first.sent) == (1, 0)
        second = await pair.sync()
        assert (second.unchanged, second.rounds) == (True, 1)
        assert pair.paths(pair.house) == {"/theirs"}


PREFIX = queries({"pathPrefix": "/wiki/"})


@pytest.mark.parametrize(
    "sides",
    [
        {"away": {"halves": Halves(incoming=PREFIX)}},
        {"away": {"halves": Halves(incoming=PREFIX, outgoing=PREFIX)}},
        {"house": {"halves": Halves(incoming=PREFIX)}},
        {"house": {"halves": Halves(outgoing=PREFIX)}},
        {"house": {"halves": Halves(incoming=PREFIX, outgoing=PREFIX)}},
        {"away": {"halves": Halves(refuse=queries({"pathPrefix": "/chat/"}))}},
        {"house": {"halves": Halves(refuse=queries({"pathPrefix": "/chat/"}))}},
        {"peer": {"incoming": PREFIX}},
        {"peer": {"outgoing": PREFIX, "incoming": ()}},
    ],
    ids=lambda sides: str(list(sides)),
)
async def test_queries_decide_what_moves_and_it_settles(tmp_path, sides):
    async with a_pair(tmp_path, **sides) as pair:
        paths = [
            f"/{kind}/{name}" for kind in ("wiki", "chat", "misc") for name in "abc"
        ]
        for path in paths:
            await pair.write(pair.house, path, by=SUZY)
            await pair.write(pair.away, path + "/2", by=MATT)
        first = await pair.sync()
        given = sides.get("house", {}).get("halves", Halves())
        kept = sides.get("away", {}).get("halves", Halves())
        over = sides.get("peer", {})
        wanted = over.get("incoming", kept.incoming)
        ours = over.get("outgoing", kept.outgoing)
        refused = (*given.refuse, *kept.refuse)
        pulled = {
            one for one in paths if may_move(one, given.outgoing, wanted, refused)
        }
        pushed = {
            one + "/2" for one in paths if may_move(one, ours, given.incoming, refused)
        }
        assert pair.paths(pair.away) == {one + "/2" for one in paths} | pulled
        assert pair.paths(pair.house) == set(paths) | pushed
        assert first.pulled.accepted == len(pulled)
        assert first.taken == len(pushed)
        second = await pair.sync()
        assert (second.unchanged, second.pulled.total, second.sent) == (True, 0, 0)
        assert second.rounds <= 2  # one for each direction, where they differ


def may_move(path, given, wanted, refused):
    def among(queries):
        return any(path.startswith(one.path_prefix or "/") for one in queries)

    return among(given) and among(wanted) and not among(refused)


async def test_documents_that_do_not_fit_settle(tmp_path):
    async with a_pair(tmp_path, bounds=Bounds(bytes_per_workspace=2_000)) as pair:
        await pair.write(pair.house, "/large", "x" * 5_000)
        await pair.write(pair.house, "/small")
        first = await pair.sync()
        assert first.pulled.rejected == {"quota": 1}
        assert pair.paths(pair.away) == {"/small"}
        second = await pair.sync()
        assert (second.unchanged, second.rounds, second.pulled.total) == (True, 1, 0)


async def test_documents_that_are_not_valid_here_settle(tmp_path):
    """The peer holds one that we reject; perhaps its rules are others."""
    async with a_pair(tmp_path) as pair:
        bad = a_document("/bad", at=wall_clock())
        other = a_document("/bad", "other", at=bad.timestamp)
        forged = msgspec.structs.replace(bad, signature=other.signature)
        await put_unchecked(pair.house.replica(GARDEN), forged)
        await pair.write(pair.house, "/good")
        first = await pair.sync()
        assert first.pulled.rejected == {"signature": 1}
        assert pair.paths(pair.away) == {"/good"}
        second = await pair.sync()
        assert (second.unchanged, second.rounds, second.pulled.total) == (True, 1, 0)


async def put_unchecked(replica, document):
    entry = Entry(
        path=document.path,
        author=document.author,
        timestamp=document.timestamp,
        signature=document.signature,
        delete_after=None,
        content_length=len(document.content),
        format=document.format,
        origin=LOCAL,
        hash=formats.document_hash(document),
        json=formats.encode(document),
    )
    await replica.change(lambda: replica.file.writer.put([entry], wall_clock()))


async def test_a_dry_run_tells_and_moves_nothing(tmp_path):
    async with a_pair(tmp_path) as pair:
        for number in range(5):
            await pair.write(pair.house, f"/house/{number}")
        for number in range(3):
            await pair.write(pair.away, f"/away/{number}", by=MATT)
        for _ in range(2):
            run, _ = pair.away.daemon.peers.start("house", dry=True)
            await run.wait()
            (finding,) = run.findings
            assert not run.trouble
            assert (finding.report.to_pull, finding.report.to_push) == (5, 3)
            assert (finding.report.pulled.total, finding.report.sent) == (0, 0)
        assert len(pair.paths(pair.away)) == 3
        assert len(pair.paths(pair.house)) == 5
        assert pair.away.daemon.peers["house"].last_success is None
        report = await pair.sync()
        assert (report.pulled.accepted, report.taken) == (5, 3)


# Levels...


def only_hashes(request, status, body):
    if request.url.path.endswith("/hello"):
        hello = json.loads(body)
        hello["levels"] = ["hashes"]
        body = json.dumps(hello).encode()
    return status, body


@pytest.mark.parametrize("direction", list(Direction))
async def test_level_2_brings_the_same(tmp_path, direction):
    connect, _ = altering(only_hashes)
    async with a_pair(tmp_path, connect=connect) as pair:
        for number in range(20):
            await pair.write(pair.house, f"/house/{number}")
            await pair.write(pair.away, f"/away/{number}", by=MATT)
        report = await pair.sync(direction=direction)
        assert report.level == "hashes"
        assert report.pulled.accepted == (20 if direction.pulls else 0)
        assert report.taken == (20 if direction.pushes else 0)
        again = await pair.sync(direction=direction)
        assert (again.unchanged, again.rounds) == (True, 1)
        assert again.traffic.received < 200 or direction is Direction.PUSH


async def test_a_plain_pub_is_asked_once_and_then_spoken_to_as_one(tmp_path):
    def no_hello(request, status, body):
        if request.url.path.startswith("/earthstar-sync/"):
            return 404, b"Cannot GET"
        return status, body

    connect, made = altering(no_hello)
    async with a_pair(tmp_path, connect=connect) as pair:
        await pair.write(pair.house, "/a")
        assert (await pair.sync()).level == "easy"
        await pair.sync()
        pair.away = await restarted(pair.nursery, pair.away, connect=connect)
        assert (await pair.sync()).level == "easy"
        asked = [path for wire in made for _, path in wire.seen if "hello" in path]
        assert len(asked) == 1


async def test_a_peer_that_spoke_ours_is_never_spoken_to_as_a_plain_pub(tmp_path):
    gone = []

    def perhaps_gone(request, status, body):
        if gone and request.url.path.startswith("/earthstar-sync/"):
            return 404, b"Cannot GET"
        return status, body

    connect, made = altering(perhaps_gone)
    async with a_pair(tmp_path, connect=connect) as pair:
        await pair.write(pair.house, "/a")
        await pair.sync()
        gone.append(True)
        for _ in range(2):
            run = await pair.away.sync("house")
            assert run.downgraded
            assert isinstance(pair.away.daemon.peers["house"].status, Downgraded)
            pair.away = await restarted(pair.nursery, pair.away, connect=connect)
        assert not [path for wire in made for _, path in wire.seen if "canary" in path]
        run = await pair.away.daemon.peers.reset("house")
        await run.wait()
        assert run.findings[0].report.level == "easy"
        assert isinstance(pair.away.daemon.peers["house"].status, InSync)


# Naming...


async def test_a_new_salt_is_no_lost_workspace(tmp_path):
    async with a_pair(tmp_path) as pair:
        await pair.write(pair.house, "/a")
        await pair.sync()
        port = pair.house.port
        await pair.house.stop()
        (tmp_path / "house" / "node.db").unlink()
        config = pair.house.daemon.config
        http_settings = replace(config.http, listen=(f"127.0.0.1:{port}",))
        pair.house = await start_daemon(
            pair.nursery, replace(config, http=http_settings)
        )
        await pair.write(pair.house, "/b")
        report = await pair.sync()
        assert report.pulled.accepted == 1
        assert (await pair.sync()).traffic.requests == 1


async def test_who_only_echoes_gets_nothing(tmp_path):
    def echo(request, status, body):
        if request.url.path.endswith("/workspaces"):
            asked = json.loads(request.content)
            return 200, json.dumps({"proofs": asked["ids"]}).encode()
        return status, body

    connect, made = altering(echo)
    async with a_pair(tmp_path, connect=connect) as pair:
        await pair.write(pair.away, "/secret")
        assert (await pair.sync()).standing is Standing.ABSENT
        assert {path for _, path in made[0].seen} == {
            "/earthstar-sync/v1/hello",
            "/earthstar-sync/v1/workspaces",
        }


async def test_who_relays_another_server_gets_nothing(tmp_path):
    """The names we say hold the host that we dialled; the server behind has another."""
    async with a_pair(tmp_path) as pair:
        house = pair.house

        class Relay(httpx.AsyncBaseTransport):
            def __init__(self):
                self.statuses = []
                self._http = plain_transport()

            async def handle_async_request(self, request):
                headers = [
                    (name, value)
                    for name, value in request.headers.raw
                    if name.lower() != b"host"
                ]
                headers.append((b"Host", f"127.0.0.1:{house.port}".encode()))
                relayed = httpx.Request(
                    request.method,
                    house.url + request.url.path,
                    headers=headers,
                    content=await request.aread(),
                )
                response = await self._http.handle_async_request(relayed)
                self.statuses.append(response.status_code)
                return response

            async def aclose(self):
                await self._http.aclose()

        relay = Relay()
        config = a_config(
            tmp_path / "other",
            [GARDEN],
            [a_peer("mallory", "http://pub.mallory.example", GARDEN)],
        )
        other = await start_daemon(
            pair.nursery,
            config,
            connect=lambda peer, limits: Client(peer.url, limits, transport=relay),
        )
        await pair.write(other, "/secret")
        (finding,) = (await other.sync("mallory")).findings
        assert finding.report.standing is Standing.ABSENT
        assert relay.statuses == [200, 200]
        assert pair.paths(house) == set()
        await other.stop()


async def test_in_common_is_what_both_have_and_no_more(tmp_path):
    other, third = "+canary.meadow", "+canary.forest"
    async with trio.open_nursery() as nursery:
        house = await start_daemon(
            nursery, a_config(tmp_path / "house", [GARDEN, third])
        )
        peer = a_peer("house", house.url, common=True)
        away = await start_daemon(
            nursery, a_config(tmp_path / "away", [GARDEN, other], [peer])
        )
        for name in (GARDEN, other):
            await away.replica(name).write(SUZY, "/a", "hello", now=wall_clock())
        run = await away.sync("house")
        assert not run.trouble
        assert [one.workspace for one in run.findings] == [
            away.replica(GARDEN).local_id
        ]
        assert len(house.daemon.replicas) == 2
        assert house.documents(GARDEN) == away.documents(GARDEN)
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("creates", [True, False])
async def test_an_open_server_hosts_what_it_is_asked_to(tmp_path, creates):
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, a_config(tmp_path / "house", creates=True))
        peer = a_peer("house", house.url, GARDEN, creates=creates)
        away = await start_daemon(
            nursery, a_config(tmp_path / "away", [GARDEN], [peer])
        )
        await away.replica(GARDEN).write(SUZY, "/a", "hello", now=wall_clock())
        (finding,) = (await away.sync("house")).findings
        assert len(house.daemon.replicas) == creates
        assert finding.report.taken == creates
        expected = Standing.LEVEL if creates else Standing.ABSENT
        assert finding.report.standing is expected
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()


KEY = "a-key-of-two-peers-0123456789"


async def test_a_caller_who_is_known_gets_what_was_agreed_with_it(tmp_path):
    """Nobody else learns that the workspace is there at all."""
    async with trio.open_nursery() as nursery:
        knows = a_peer("away", "", GARDEN, key=KEY, outgoing=PREFIX)
        config = a_config(tmp_path / "house", [GARDEN], [knows])
        house = await start_daemon(nursery, with_workspace(config, anonymous=False))
        for path in ("/wiki/a", "/chat/a"):
            await house.replica(GARDEN).write(SUZY, path, "hello", now=wall_clock())
        reports = {}
        for name, key in (("friend", KEY), ("stranger", None)):
            peer = a_peer("house", house.url, GARDEN, key=key)
            away = await start_daemon(
                nursery, a_config(tmp_path / name, [GARDEN], [peer])
            )
            (finding,) = (await away.sync("house")).findings
            reports[name] = finding.report
            await away.stop()
        assert reports["friend"].pulled.accepted == 1
        assert reports["stranger"].standing is Standing.ABSENT
        wrong = a_peer("house", house.url, GARDEN, key=KEY + "x")
        away = await start_daemon(
            nursery, a_config(tmp_path / "wrong", [GARDEN], [wrong])
        )
        run = await away.sync("house")
        assert run.trouble == "it does not know our key"
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()


# What changes meanwhile...


async def test_new_queries_there_are_heard_of_in_the_next_run(tmp_path):
    async with a_pair(tmp_path) as pair:
        for path in ("/wiki/a", "/chat/a"):
            await pair.write(pair.house, path)
        await pair.sync()
        pair.house.replica(GARDEN).halves = Halves(outgoing=PREFIX)
        for path in ("/wiki/b", "/chat/b"):
            await pair.write(pair.house, path)
        report = await pair.sync()
        assert report.pulled.accepted == 1
        assert pair.paths(pair.away) == {"/wiki/a", "/chat/a", "/wiki/b"}


async def test_an_older_backup_is_brought_up_to_date(tmp_path):
    async with a_pair(tmp_path) as pair:
        await pair.write(pair.away, "/a")
        await pair.sync()
        await pair.away.stop()
        stem = pair.away.daemon.state / "replicas"
        (file,) = stem.glob("*.db")
        shutil.copy(file, tmp_path / "backup.db")
        before = pair.away.replica(GARDEN).epoch
        pair.away = await start_daemon(pair.nursery, pair.away.daemon.config)
        await pair.write(pair.away, "/a", "newer")
        await pair.write(pair.away, "/b")
        await pair.write(pair.house, "/c", by=MATT)
        await pair.sync()
        await pair.away.stop()
        shutil.copy(tmp_path / "backup.db", file)
        pair.away = await start_daemon(pair.nursery, pair.away.daemon.config)
        assert pair.away.replica(GARDEN).epoch != before
        await pair.write(pair.away, "/d")
        report = await pair.sync()
        assert (report.pulled.accepted, report.taken) == (3, 1)
        assert pair.house.documents(GARDEN) == pair.away.documents(GARDEN)
        assert (await pair.sync()).unchanged


async def test_queries_hold_against_a_plain_pub_too(tmp_path):
    """It has none of its own: we filter what we take and what we push."""
    ours = Halves(incoming=PREFIX, outgoing=PREFIX)
    away = {"halves": ours}
    peer = {"protocol": Protocol.PUB}
    async with a_pair(tmp_path, away=away, peer=peer) as pair:
        for path in ("/wiki/a", "/chat/a"):
            await pair.write(pair.house, path)
            await pair.write(pair.away, path + "/2", by=MATT)
        first = await pair.sync()
        assert (first.level, first.pulled.rejected) == ("easy", {"query": 1})
        assert pair.paths(pair.away) == {"/wiki/a", "/wiki/a/2", "/chat/a/2"}
        assert pair.paths(pair.house) == {"/wiki/a", "/chat/a", "/wiki/a/2"}
        await pair.sync()  # a push makes the list there another one
        third = await pair.sync()
        assert (third.unchanged, third.traffic.requests) == (True, 1)
