"""`esd run` as a service: how it begins, how it ends, and what makes it refuse."""

import hashlib
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path

import pytest
import trio

from esd.daemon import open_daemon
from esd.daemon.tree import GRACE
from tests.daemons import a_config, fetch, push, start_daemon
from tests.programs import RunningEsd, config_text, running_esd, started_esd

GARDEN = "+garden.daemon"
API = f"/earthstar-api/v1/{GARDEN}/documents"
EXIT_CONFIG = 78
AT_ONCE = 0.9 * GRACE  # seconds; it takes some hundredths of one


async def ended_at_once(esd: RunningEsd) -> int:
    with trio.fail_after(AT_ONCE):
        return await esd.ended()


# It begins...


async def test_ready_is_said_when_peers_can_connect(tmp_path: Path) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        assert esd.told == ["READY=1\nSTATUS=workspaces: 1, peers: 0; all well"]
        assert (await fetch(esd.url + API)).json() == []
        assert (await fetch(esd.url + "/healthz")).status_code == 200


async def test_the_status_is_told_again_while_it_runs(tmp_path: Path) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        assert await esd.hear() == "STATUS=workspaces: 1, peers: 0; all well"


# ...and ends...


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        await push(esd.url + API, b"[]")
        esd.tell(number)
        assert await esd.ended() == 0
        assert "Traceback" not in esd.log
        assert esd.log.count("stopping") == 1
    assert not [name for name in contents(tmp_path) if name.endswith("-wal")]


async def test_a_stop_is_told_to_systemd(tmp_path: Path) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        esd.tell(signal.SIGTERM)
        while "STOPPING=1" not in (heard := await esd.hear()):
            assert heard.startswith("STATUS=")
        assert await esd.ended() == 0


HEAD = (
    "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
)


async def begin_a_push(esd: RunningEsd) -> trio.SocketStream:
    """A connection that is busy: its request has begun, and is being read."""
    stream = await trio.open_tcp_stream("127.0.0.1", esd.port)
    await stream.send_all(HEAD.format(API).encode())
    assert b"100 Continue" in await stream.receive_some()
    await stream.send_all(b"[")
    return stream


async def wait_stopping(esd: RunningEsd) -> None:
    while "STOPPING=1" not in await esd.hear():
        pass


async def test_a_busy_connection_is_served_to_its_end(tmp_path: Path) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        async with await begin_a_push(esd) as busy:
            esd.tell(signal.SIGTERM)
            await wait_stopping(esd)
            await busy.send_all(b"]")
            answer = await busy.receive_some()
            assert answer.startswith(b"HTTP/1.1 200 ")
        assert await ended_at_once(esd) == 0


async def test_an_idle_connection_does_not_hold_the_stop(tmp_path: Path) -> None:
    """It is closed before a busy one has ended, which must end before the deadline."""
    async with (
        running_esd(config_text(tmp_path, [GARDEN])) as esd,
        await trio.open_tcp_stream("127.0.0.1", esd.port) as idle,
        await begin_a_push(esd) as busy,
    ):
        await idle.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in await idle.receive_some()
        esd.tell(signal.SIGTERM)
        assert await idle.receive_some() == b""
        await busy.send_all(b"]")
        assert (await busy.receive_some()).startswith(b"HTTP/1.1 200 ")
        assert await esd.ended() == 0


async def test_nobody_new_is_let_in_while_it_stops(tmp_path: Path) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        async with await begin_a_push(esd) as busy:
            esd.tell(signal.SIGTERM)
            await wait_stopping(esd)
            await busy.send_all(b"]")
            await busy.receive_some()
            with pytest.raises(OSError, match="all attempts to connect"):
                await trio.open_tcp_stream("127.0.0.1", esd.port)
        assert await esd.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_means_now(
    number: signal.Signals, tmp_path: Path
) -> None:
    async with running_esd(config_text(tmp_path, [GARDEN])) as esd:
        async with await begin_a_push(esd):
            esd.tell(signal.SIGTERM)
            await wait_stopping(esd)
            esd.tell(number)
            assert await ended_at_once(esd) == 0
        assert "Traceback" not in esd.log


# ...and what makes it refuse to begin: one line, 78, and nothing touched.


async def refused(text: str, state: Path) -> str:
    """The one line it said; the state directory is as it was before."""
    before = contents(state)
    async with started_esd(text) as esd:
        assert await esd.ended() == EXIT_CONFIG
        (line,) = esd.log.splitlines()
    assert contents(state) == before
    return line


def contents(state: Path) -> dict[str, str]:
    return {
        str(one.relative_to(state)): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in state.rglob("*")
        if one.is_file()
    }


async def test_a_second_daemon_is_refused(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    first = await start_daemon(nursery, a_config(tmp_path, [GARDEN]))
    async with started_esd(config_text(tmp_path, [GARDEN])) as second:
        assert await second.ended() == EXIT_CONFIG
        (line,) = second.log.splitlines()
    assert "another esd holds the state directory" in line
    assert (await fetch(first.url + API)).json() == []


def from_the_future(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
        db.commit()


def no_database(path: Path) -> None:
    path.write_text("Dear diary, I should not have been put here. " * 100)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


MISTAKES: dict[str, tuple[Callable[[Path], None], str]] = {
    "from the future": (from_the_future, "was written by a later esd"),
    "of another program": (of_another_program, "file of esd"),
    "no database": (no_database, "not a database, or damaged"),
    "cut short": (cut_short, "not a database, or damaged"),
}


@pytest.mark.parametrize("file", ["node.db", "replicas/ws-*.db"])
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_file_that_cannot_be_used_is_refused(
    mistake: str, file: str, tmp_path: Path
) -> None:
    with open_daemon(a_config(tmp_path, [GARDEN])):
        pass  # it makes them
    make, reason = MISTAKES[mistake]
    (name,) = (name for name in contents(tmp_path) if fnmatch(name, file))
    make(tmp_path / name)
    line = await refused(config_text(tmp_path, [GARDEN]), tmp_path)
    assert reason in line
    assert Path(name).name in line


async def test_a_mistake_in_the_configuration_is_refused(tmp_path: Path) -> None:
    line = await refused(config_text(tmp_path, [], colour="green"), tmp_path)
    assert "esd.toml" in line
    assert "http.colour" in line


async def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = config_text(tmp_path, []).replace("127.0.0.1:0", f"127.0.0.1:{port}")
        async with started_esd(text) as esd:
            assert await esd.ended() == EXIT_CONFIG
            (line,) = esd.log.splitlines()
            assert f"cannot listen on 127.0.0.1:{port}" in line


def test_it_runs_as_a_program_of_that_name() -> None:
    program = Path(sys.executable).with_name("esd")
    said = subprocess.run([program, "version"], capture_output=True, check=True)
    assert said.stdout.startswith(b"esd ")
