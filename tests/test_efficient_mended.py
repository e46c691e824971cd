"""Things that went wrong once between two esds, or could have: none may come back."""

from dataclasses import replace

import httpx
import msgspec
import pytest
import trio

from esd import formats
from esd.config import NewWorkspaces
from esd.daemon import wall_clock
from esd.formats import WorkspaceAddress, keypair_from_seed
from esd.replica import Bounds
from esd.sync import Client, Direction
from esd.sync.status import Standing
from tests.altered import altering
from tests.daemons import a_config, a_peer, start_daemon
from tests.plain_http import plain_transport
from tests.replicas import a_document, an_es3_document
from tests.test_efficient_hostile import a_list, at

GARDEN = "+canary.garden7q"
SUZY = keypair_from_seed("suzy", b"s" * 32)
MATT = keypair_from_seed("matt", b"m" * 32)


@pytest.fixture
async def house(nursery, tmp_path):
    running = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN]))
    yield running
    await running.stop()


async def calling(nursery, tmp_path, house, *, connect=None, over=None, **peer):
    settings = a_peer("house", house.url, *peer.pop("shares", [GARDEN]), **peer)
    config = a_config(tmp_path / "away", [GARDEN], [settings], **(over or {}))
    how = {"connect": connect} if connect else {}
    return await start_daemon(nursery, config, **how)


async def write(running, path, content="hello", by=SUZY):
    replica = running.replica(GARDEN)
    await replica.write(by, path, content, now=wall_clock())


async def report_of(running):
    return (await running.sync_one("house")).report


async def test_a_peer_to_share_all_in_common_never_sees_an_address(
    nursery, tmp_path, house
):
    def no_hello(request, status, body):
        if request.url.path.startswith("/earthstar-sync/"):
            return 404, b""
        return status, body

    connect, made = altering(no_hello)
    away = await calling(
        nursery, tmp_path, house, connect=connect, common=True, shares=[]
    )
    run = await away.sync("house")
    assert "only an esd" in run.trouble
    assert not [path for _, path in made[0].seen if "canary" in path]
    await away.stop()


async def test_what_a_peer_speaks_is_on_disk_before_a_workspace_is_named(
    nursery, tmp_path, house
):
    seen = []

    def look(request, status, body):
        if request.url.path.endswith("/workspaces"):
            known = away.daemon.node_file.history.protocol("house")
            seen.append(known and known.protocol)
        return status, body

    connect, _ = altering(look)
    away = await calling(nursery, tmp_path, house, connect=connect)
    await away.sync("house")
    assert seen == ["esd"]
    await away.stop()


async def test_a_proxy_that_allows_little_gets_smaller_bodies(nursery, tmp_path, house):
    """nginx allows a megabyte unless it is told otherwise."""

    class Narrow(httpx.AsyncBaseTransport):
        def __init__(self):
            self.http = plain_transport()
            self.refused = 0

        async def handle_async_request(self, request):
            if len(await request.aread()) > 30_000:
                self.refused += 1
                page = httpx.ByteStream(b"<html>413</html>")
                return httpx.Response(413, stream=page)
            return await self.http.handle_async_request(request)

        async def aclose(self):
            await self.http.aclose()

    wire = Narrow()

    def connect(peer, limits):
        return Client(peer.url, limits, transport=wire)

    away = await calling(nursery, tmp_path, house, connect=connect)
    await write(away, "/huge", "x" * 40_000)
    for number in range(150):
        await write(away, f"/{number}", "y" * 200)
    report = await report_of(away)
    assert (report.taken, report.too_big) == (150, 1)
    assert wire.refused > 1
    refused = wire.refused
    report = await report_of(away)
    assert report.unchanged
    for number in range(150):
        await write(away, f"/more/{number}", "y" * 200)
    assert (await report_of(away)).taken == 150
    assert wire.refused == refused, "the limit was remembered"
    await away.stop()


@pytest.mark.parametrize("timestamp", [-1, 0, 1 << 53, 1 << 63, 1 << 70])
@pytest.mark.parametrize("make", [a_document, an_es3_document])
async def test_a_document_of_no_time_is_counted_and_ends_nothing(
    timestamp, make, nursery, tmp_path, house
):
    bad = msgspec.structs.replace(make("/bad"), timestamp=timestamp)

    def claims(request, status, body):
        if request.url.path.endswith("/reconcile"):
            return 200, a_list(formats.document_hash(bad))
        if request.url.path.endswith("/documents/get"):
            return 200, formats.encode(bad) + b'\n{"end":true,"next":null}\n'
        return status, body

    connect, _ = altering(claims)
    away = await calling(nursery, tmp_path, house, connect=connect)
    report = await report_of(away)
    assert report.pulled.rejected.total() == 1
    await away.stop()


async def test_a_server_that_opens_is_asked_again(nursery, tmp_path):
    config = a_config(tmp_path / "house")
    house = await start_daemon(nursery, config)
    away = await calling(nursery, tmp_path, house, creates=True)
    await write(away, "/a")
    assert (await report_of(away)).standing is Standing.ABSENT
    http = replace(house.daemon.config.http, new_workspaces=NewWorkspaces.OPEN)
    house.daemon.config = replace(house.daemon.config, http=http)
    house.daemon.pub = house.daemon.make_pub(house.daemon.config)
    assert (await report_of(away)).taken == 1
    await away.stop()
    await house.stop()


async def test_a_readonly_peer_is_one_in_each_run_and_gets_no_bodies(nursery, tmp_path):
    house = await start_daemon(
        nursery, a_config(tmp_path / "house", [GARDEN], readonly=True)
    )
    away = await calling(nursery, tmp_path, house)
    await write(away, "/mine")
    await write(house, "/theirs", by=MATT)
    for _ in range(3):
        report = await report_of(away)
        assert (report.standing, report.sent) == (Standing.READ_ONLY, 0)
        assert report.traffic.sent < 1_500
    assert "/theirs" in away.replica(GARDEN).reader.paths(wall_clock())
    await away.stop()
    await house.stop()


async def test_where_there_is_no_room_nothing_more_is_fetched(nursery, tmp_path, house):
    for number in range(20):
        await write(house, f"/{number}", "x" * 100_000)
    bounds = Bounds(bytes_per_workspace=150_000)
    away = await calling(nursery, tmp_path, house, over={"bounds": bounds})
    report = await report_of(away)
    assert report.standing is Standing.FULL
    assert report.pulled.accepted == 1
    await away.stop()


async def test_what_did_not_fit_there_is_offered_again_within_the_hour(
    nursery, tmp_path
):
    clock = [wall_clock()]
    bounds = Bounds(bytes_per_workspace=2_000)
    house = await start_daemon(
        nursery,
        a_config(tmp_path / "house", [GARDEN], bounds=bounds),
        now=lambda: clock[0],
    )
    settings = a_peer("house", house.url, GARDEN, direction=Direction.PUSH)
    config = a_config(tmp_path / "away", [GARDEN], [settings])
    away = await start_daemon(nursery, config, now=lambda: clock[0])
    replica = away.replica(GARDEN)
    await replica.write(SUZY, "/large", "x" * 3_000, now=clock[0])
    assert (await report_of(away)).taken == 0
    assert (await report_of(away)).unchanged
    config = replace(house.daemon.config, bounds=Bounds())
    config = replace(config, http=replace(config.http, listen=house.daemon.addresses))
    await house.stop()
    house = await start_daemon(nursery, config, now=lambda: clock[0])
    assert (await report_of(away)).unchanged
    clock[0] += 3_600_000_001
    assert (await report_of(away)).taken == 1
    await away.stop()
    await house.stop()


async def test_a_workspace_removed_during_a_run_ends_only_its_own_part(
    nursery, tmp_path
):
    other = "+canary.meadow"
    house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN, other]))
    removed = []

    def remove(request, status, body):
        if request.url.path.endswith("/reconcile") and not removed:
            removed.append(True)
            away.daemon.config = replace(away.daemon.config, workspaces=())
            nursery.start_soon(_remove, away)
        return status, body

    async def _remove(running):
        replica = running.daemon.replicas.get(WorkspaceAddress.parse(GARDEN))
        await running.daemon.replicas.remove(replica, None, wall_clock())

    connect, _ = altering(remove)
    settings = a_peer("house", house.url, GARDEN, other)
    config = a_config(tmp_path / "away", [GARDEN, other], [settings])
    away = await start_daemon(nursery, config, connect=connect)
    for name in (GARDEN, other):
        await house.replica(name).write(SUZY, "/a", "hello", now=wall_clock())
    run = await away.sync("house")
    assert "bug" not in run.trouble
    await trio.testing.wait_all_tasks_blocked()
    assert away.replica(other).reader.totals().count == 1
    await away.stop()
    await house.stop()


async def test_other_queries_are_noticed_at_level_2_too(nursery, tmp_path, house):
    def only_hashes(_request, status, body):
        hello = msgspec.json.decode(body) | {"levels": ["hashes"]}
        return status, msgspec.json.encode(hello)

    connect, _ = altering(at("hello", only_hashes))
    away = await calling(
        nursery, tmp_path, house, connect=connect, direction=Direction.PUSH
    )
    wiki = formats.parse_queries([{"pathPrefix": "/wiki/"}])
    house.replica(GARDEN).halves = formats.Halves(incoming=wiki)
    await write(away, "/wiki/a")
    await write(away, "/chat/a")
    assert (await report_of(away)).taken == 1
    house.replica(GARDEN).halves = formats.Halves()
    assert (await report_of(away)).taken == 1
    await away.stop()


KEY = "a-key-of-two-peers-0123456789"


@pytest.mark.parametrize("direction", [Direction.PULL, Direction.PUSH])
async def test_one_way_is_one_way_whoever_calls(direction, nursery, tmp_path):
    knows = a_peer("away", "", GARDEN, key=KEY, direction=direction)
    house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN], [knows]))
    away = await calling(nursery, tmp_path, house, key=KEY)
    await write(away, "/mine")
    await write(house, "/theirs", by=MATT)
    report = await report_of(away)
    assert report.taken == (direction is Direction.PULL)
    assert report.pulled.accepted == (direction is Direction.PUSH)
    await away.stop()
    await house.stop()


async def test_a_workspace_that_is_not_there_costs_others_nothing(nursery, tmp_path):
    """It is asked for in each run, of a server that may have opened meanwhile."""
    other = "+canary.meadow"
    house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN]))
    settings = a_peer("house", house.url, GARDEN, other, creates=True)
    config = a_config(tmp_path / "away", [GARDEN, other], [settings])
    away = await start_daemon(nursery, config)
    for _ in range(3):
        run = await away.sync("house")
        assert not run.trouble
    requests = {one.workspace: one.report.traffic.requests for one in run.findings}
    assert requests[away.replica(GARDEN).local_id] == 1
    assert requests[away.replica(other).local_id] == 2
    await away.stop()
    await house.stop()
