"""The real programs do under this harness what is known of them. No esd takes part."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from tests.peers import plugin
from tests.peers.installed import FOLDER
from tests.peers.real import (
    NEWEST,
    OLDEST,
    RELEASES,
    ClientRefused,
    Counted,
    Document,
    PeerFailed,
    Pressed,
    Write,
    real_client,
    real_pub,
)
from tests.peers.tcp_count import run_counting_proxy

pytestmark = pytest.mark.usefixtures("peers")

GARDEN = "+garden.harness"
TRICKY = 'héllo "q" \\ \u2028 </script> 🌍 \n\t \x00 \ufeff'
FAR_AWAY = 9_000_000_000_000_000  # µs; the format's year 2255


def some_writes() -> list[Write]:
    """Three documents: one with history by two authors, one ephemeral, one emptied."""
    return [
        Write(author="suzy", path="/wiki/Bees", content=TRICKY),
        Write(author="fern", path="/wiki/Bees", content="newer, by another author"),
        Write(
            author="suzy", path="/chat/!hi", content="soon gone", delete_after=FAR_AWAY
        ),
        Write(author="suzy", path="/wiki/Wasps", content="buzz"),
        Write(author="suzy", path="/wiki/Wasps", content=""),
    ]


KEPT = 4  # of some_writes: the emptied one replaced its own past


def as_set(documents: Sequence[Document] | None) -> set[str]:
    """Documents in any order, each compared whole."""
    assert documents is not None
    return {json.dumps(document, sort_keys=True) for document in documents}


def all_new(count: int) -> Counted:
    return Counted(ingested=count, ignored=0, total=count)


def all_known(count: int) -> Counted:
    return Counted(ingested=0, ignored=count, total=count)


@pytest.mark.parametrize("release", RELEASES)
async def test_documents_go_whole_from_client_to_pub_to_client(
    release: str, in_sqlite: bool, tmp_path: Path
) -> None:
    files = [tmp_path / name if in_sqlite else None for name in ("one", "two")]
    async with (
        real_pub(sqlite=in_sqlite) as pub,
        real_client(GARDEN, release=release, sqlite_file=files[0]) as writer,
        real_client(GARDEN, release=release, sqlite_file=files[1]) as reader,
    ):
        await writer.write(some_writes())
        pushed = await writer.sync(pub.url)
        assert (pushed.pull, pushed.push) == (all_new(0), all_new(KEPT))
        pulled = await reader.sync(pub.url)
        assert (pulled.pull, pulled.push) == (all_new(KEPT), all_known(KEPT))
        written = as_set(await writer.documents())
        assert len(written) == KEPT
        assert written == as_set(await pub.documents(GARDEN))
        assert written == as_set(await reader.documents())


async def test_both_releases_read_each_other() -> None:
    async with (
        real_pub() as pub,
        real_client(GARDEN, release=NEWEST) as newest,
        real_client(GARDEN, release=OLDEST) as oldest,
    ):
        await newest.write([Write(author="suzy", path="/a", content="from 6")])
        await oldest.write([Write(author="fern", path="/b", content="from 5")])
        for client in (newest, oldest, newest):
            await client.sync(pub.url)
        assert as_set(await newest.documents()) == as_set(await oldest.documents())
        assert len(await newest.documents()) == 2


async def test_an_unknown_workspace_is_no_documents_at_all() -> None:
    async with real_pub() as pub:
        assert await pub.documents(GARDEN) is None


async def test_a_closed_pub_takes_no_new_workspace() -> None:
    async with real_pub(closed=True) as pub, real_client(GARDEN) as client:
        await client.write(some_writes())
        assert (await client.sync(pub.url)).push is None
        assert await pub.documents(GARDEN) is None


@pytest.mark.usefixtures("sqlite_peers")
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "readonly"])
async def test_a_pub_keeps_its_documents_over_a_restart_with_other_rules(
    closed: bool, tmp_path: Path
) -> None:
    async with real_client(GARDEN) as client:
        await client.write(some_writes())
        async with real_pub(sqlite=True, folder=tmp_path) as pub:
            await client.sync(pub.url)
            kept = as_set(await pub.documents(GARDEN))
            port = pub.port
        await client.write([Write(author="suzy", path="/late", content="one more")])
        async with real_pub(
            sqlite=True, folder=tmp_path, closed=closed, readonly=not closed, port=port
        ) as pub:
            assert pub.port == port
            assert as_set(await pub.documents(GARDEN)) == kept
            push = (await client.sync(pub.url)).push
            assert push == (Counted(ingested=1, ignored=4, total=5) if closed else None)


async def test_a_readonly_pub_answers_a_push_with_403() -> None:
    async with real_pub(readonly=True) as pub:
        answer = await pub.push(GARDEN, [])
        assert (answer.status_code, answer.text) == (403, "Forbidden")


async def test_a_signed_document_can_be_offered_by_hand() -> None:
    async with real_client(GARDEN) as writer, real_client(GARDEN) as reader:
        await writer.write([Write(author="suzy", path="/a", content="x")])
        (document,) = await writer.documents()
        forged = {**document, "content": "forged"}
        accepted, refused = await reader.ingest([document, forged])
        assert accepted == "ACCEPTED"
        assert refused.startswith("ValidationError: content does not match")


@pytest.mark.parametrize("release", RELEASES)
async def test_the_sync_button_is_free_again_after_a_sync(release: str) -> None:
    async with real_pub() as pub, real_client(GARDEN, release=release) as client:
        assert await client.press_sync(pub.url) == Pressed(
            button="success", pub="success", rejected=None
        )


@pytest.mark.parametrize("release", RELEASES)
async def test_the_sync_button_sticks_at_an_answer_that_is_no_json(
    release: str, nursery: trio.Nursery
) -> None:
    url = await nursery.start(run_answerer, b"HTTP/1.1 500 Oops")
    async with real_client(GARDEN, release=release) as client:
        pressed = await client.press_sync(url)
        assert (pressed.button, pressed.pub) == ("syncing", "syncing")
        assert pressed.rejected is not None
        with pytest.raises(ClientRefused, match=r"FetchError|SyntaxError"):
            await client.sync(url)


NO_BODY = b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


async def run_answerer(
    status_line: bytes, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Answer every request with *status_line* and no body."""

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(status_line + NO_BODY)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    task_status.started(f"http://127.0.0.1:{port}")
    await trio.serve_listeners(answer, listeners)


async def test_the_proxy_counts_heads_as_well_as_bodies(nursery: trio.Nursery) -> None:
    async with real_pub() as pub, real_client(GARDEN) as client:
        proxy = await nursery.start(run_counting_proxy, pub.port)
        await client.write(some_writes())
        await client.sync(proxy.url)
        passed = proxy.take()
        body = len(json.dumps(await client.documents(), ensure_ascii=False))
        assert passed.connections == 2
        assert passed.sent > body
        assert passed.received > len("Not Found")
        assert proxy.take().both_ways == 0


async def test_a_pub_that_cannot_start_says_why() -> None:
    async with real_pub() as pub:
        with pytest.raises(PeerFailed, match="EADDRINUSE"):
            async with real_pub(port=pub.port):
                pass


async def test_a_program_is_gone_after_its_block() -> None:
    async with real_pub() as pub:
        process = pub.program.process
        assert process.poll() is None
    assert process.returncode is not None


async def test_an_error_in_the_block_arrives_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError):
        async with real_pub(), real_client(GARDEN):
            _ = 1 // 0


async def test_a_pub_binds_no_other_address_than_loopback() -> None:
    async with real_pub() as pub:
        listening = bound_addresses(pub.port)
        assert listening == {"0100007F"}


def bound_addresses(port: int) -> set[str]:
    """The local addresses that listen on *port*, as /proc/net/tcp writes them."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    ]
    places = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {address for address, hex_port in places if int(hex_port, 16) == port}


def test_the_rule_about_skips_is_in_force(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.is_registered(plugin)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    assert not [name for name, about in lock["packages"].items() if "resolved" in about]
