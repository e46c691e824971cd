"""The real Syncers, both releases, and our server: what apps press their button on."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from esd.config import Config
from esd.replica import Bounds
from esd.web import Drain, Limits, serve_connection
from tests.daemons import Running, a_config, start_daemon
from tests.peers.real import NEWEST, OLDEST, RELEASES, Counted, Write, real_client
from tests.peers.test_harness import all_known, all_new, as_set, some_writes

pytestmark = pytest.mark.usefixtures("peers")

GARDEN = "+garden.esdserves"
ELSEWHERE = "203.0.113.7"  # an address of the documentation's: somebody far away


async def start(nursery: trio.Nursery, state: Path, **how: Any) -> Running:
    return await start_daemon(nursery, a_config(state, [GARDEN], **how))


# What is taken and given...


@pytest.mark.parametrize("release", RELEASES)
async def test_a_client_pushes_and_another_pulls(
    release: str, in_sqlite: bool, nursery: trio.Nursery, tmp_path: Path
) -> None:
    files = [tmp_path / name if in_sqlite else None for name in ("one", "two")]
    esd = await start(nursery, tmp_path / "state")
    async with (
        real_client(GARDEN, release=release, sqlite_file=files[0]) as writer,
        real_client(GARDEN, release=release, sqlite_file=files[1]) as reader,
    ):
        await writer.write(some_writes())
        pushed = await writer.sync(esd.url)
        assert (pushed.pull, pushed.push) == (all_new(0), all_new(4))
        pulled = await reader.sync(esd.url)
        assert (pulled.pull, pulled.push) == (all_new(4), all_known(4))
        assert as_set(await reader.documents()) == as_set(await writer.documents())


async def test_both_releases_meet_at_ours(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    async with (
        real_client(GARDEN, release=NEWEST) as newest,
        real_client(GARDEN, release=OLDEST) as oldest,
    ):
        await newest.write([Write(author="suzy", path="/a", content="from 6")])
        await oldest.write([Write(author="fern", path="/b", content="from 5")])
        for client in (newest, oldest, newest):
            assert (await client.press_sync(esd.url)).button == "success"
        assert as_set(await newest.documents()) == as_set(await oldest.documents())
        assert len(await newest.documents()) == 2


@pytest.mark.parametrize("release", RELEASES)
async def test_an_open_pub_makes_a_workspace_for_its_first_push(
    release: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, creates=True))
    async with real_client(GARDEN, release=release) as client:
        await client.write(some_writes())
        synced = await client.sync(esd.url)
        assert (synced.pull, synced.push) == (all_new(0), all_new(4))
        assert (await client.sync(esd.url)).pull == all_known(4)


@pytest.mark.parametrize("release", RELEASES)
async def test_a_readonly_pub_gives_and_takes_nothing(
    release: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    async with real_client(GARDEN, release=release) as client:
        await client.write(some_writes())
        esd = await start(nursery, tmp_path)
        await client.sync(esd.url)
        await esd.stop()
        esd = await start(nursery, tmp_path, readonly=True)
        await client.write([Write(author="suzy", path="/late", content="unheard")])
        synced = await client.sync(esd.url)
        assert (synced.pull, synced.push) == (all_known(4), None)
        assert b"unheard" not in esd.documents(GARDEN)


# No answer of ours makes a button stick...


async def press(esd: Running, release: str, url: str | None = None) -> str:
    """Where the button is after an app with something to push pressed it."""
    async with real_client(GARDEN, release=release) as client:
        await client.write(some_writes())
        pressed = await client.press_sync(url or esd.url)
        assert pressed.rejected is None
        return pressed.button


FREE = ("success", "failure")  # anything but `syncing`, which is for ever

CLOSED: Sequence[str] = ()
HELD = (GARDEN,)
REFUSALS: dict[str, tuple[Sequence[str], dict[str, Any]]] = {
    "404 to both, closed": (CLOSED, {}),
    "404 and 403, readonly": (CLOSED, {"readonly": True}),
    "403 to a push, readonly": (HELD, {"readonly": True}),
    "413, a body too large": (HELD, {"limits": Limits(body=1000)}),
    "413, too many documents": (HELD, {"bounds": Bounds(documents_per_request=1)}),
    "507, no room for a workspace": (
        CLOSED,
        {"creates": True, "bounds": Bounds(max_workspaces=0)},
    ),
    "507, the workspace is full": (HELD, {"bounds": Bounds(bytes_per_workspace=1000)}),
    "507, the disk is full": (HELD, {"bounds": Bounds(free_disk=1 << 60)}),
    "503, no room for a connection": (HELD, {"limits": Limits(connections=0)}),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_no_refusal_makes_a_button_stick(
    refusal: str, release: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    workspaces, how = REFUSALS[refusal]
    esd = await start_daemon(nursery, a_config(tmp_path, workspaces, **how))
    assert await press(esd, release) in FREE


@pytest.mark.parametrize("release", RELEASES)
async def test_too_many_requests_make_no_button_stick(
    release: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    stingy = Limits(requests_per_second=0.001, request_burst=1.0)
    esd = await start(nursery, tmp_path, limits=stingy)
    url = await nursery.start(run_far_away, esd)
    assert await press(esd, release, url) in FREE  # its GET passes, its POST does not
    assert await press(esd, release, url) in FREE  # neither does
    assert esd.documents(GARDEN) == b"[]"


async def run_far_away(
    esd: Running, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve *esd*'s pub to callers that seem to come from somewhere else."""
    serve = partial(
        serve_connection,
        handler=esd.daemon.pub.handle,
        limits=esd.daemon.config.limits,
        drain=Drain(),
        remote=ELSEWHERE,
        on_error=esd.daemon.pub.refuse,
    )
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    task_status.started(f"http://127.0.0.1:{port}")
    await trio.serve_listeners(serve, listeners)


BEGINNINGS = {
    "400 before any document": (b'[{"format', b'[["format'),
    "400 behind a document": (b'},{"format', b'},}"format'),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("damage", BEGINNINGS)
async def test_a_push_that_was_damaged_on_its_way_makes_no_button_stick(
    damage: str, release: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    url = await nursery.start(run_damager, esd.port, *BEGINNINGS[damage])
    assert await press(esd, release, url) in FREE
    stored = esd.replica(GARDEN).reader.totals().count
    assert stored == (0 if damage == "400 before any document" else 1)


async def run_damager(
    port: int,
    old: bytes,
    new: bytes,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Pass requests on to *port*, the first *old* in each body turned into *new*."""

    async def serve(caller: trio.SocketStream) -> None:
        async with caller, await trio.open_tcp_stream("127.0.0.1", port) as server:
            request = await whole_request(caller)
            await server.send_all(request.replace(old, new, 1))
            while answer := await server.receive_some():
                await caller.send_all(answer)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    task_status.started(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")
    await trio.serve_listeners(serve, listeners)


async def whole_request(stream: trio.SocketStream) -> bytes:
    """One request of a real client: they all say how long their body is."""
    data = bytearray()
    while b"\r\n\r\n" not in data:
        data += await stream.receive_some()
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += await stream.receive_some()
    return head + b"\r\n\r\n" + body


async def test_a_client_survives_our_stop_and_finds_us_again(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start(nursery, tmp_path)
    async with real_client(GARDEN) as client:
        await client.write(some_writes())
        await client.sync(esd.url)
        await esd.stop()
        assert (await client.press_sync(esd.url)).button == "failure"
        esd = await start_daemon(nursery, at_port(esd.daemon.config, esd.port))
        synced = await client.sync(esd.url)
        assert synced.push == Counted(ingested=0, ignored=4, total=4)


def at_port(config: Config, port: int) -> Config:
    http = replace(config.http, listen=(f"127.0.0.1:{port}",))
    return replace(config, http=http)
