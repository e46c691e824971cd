"""The control socket itself: its mode, its lock, what is in its place."""

import grp
import json
import logging
import os
import socket
import stat
from contextlib import asynccontextmanager, closing
from functools import partial

import pytest
import trio

from esd.control import Control, caller_of, open_socket, serve_control
from esd.errors import OperatorMustAct
from esd.web import Drain, Limits
from tests.control.node import a_node

REQUEST = b"%s HTTP/1.1\r\nHost: esd\r\nConnection: close\r\n\r\n"
IN_TIME = 60.0  # seconds; these tests run on the real clock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "control.sock"


@asynccontextmanager
async def served(node, path):
    control = Control(node)
    serve = partial(serve_control, control=control, limits=Limits(), drain=Drain())
    with open_socket(path) as listener, trio.fail_after(IN_TIME):
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, serve, [listener])
            yield
            nursery.cancel_scope.cancel()


async def call(path, line):
    async with await trio.open_unix_socket(str(path)) as stream:
        await stream.send_all(REQUEST % line)
        return b"".join([piece async for piece in stream])


async def test_the_api_is_reached_through_it(tmp_path, path):
    async with a_node(tmp_path) as node, served(node, path):
        head, _, body = (await call(path, b"GET /v1/status")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(body)["version"] == node.version


async def test_the_caller_is_who_the_kernel_says(tmp_path, path, caplog):
    caplog.set_level(logging.INFO, "esd.control")
    async with a_node(tmp_path) as node, served(node, path):
        await call(path, b"POST /v1/shutdown")
    caller = f"uid {os.getuid()} pid {os.getpid()}"
    assert f"POST /v1/shutdown: 202, for {caller}" in caplog.text


async def test_a_stream_that_is_no_unix_socket_has_no_known_caller():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    assert caller_of(stream) == f"uid {os.getuid()} pid {os.getpid()}"
    theirs.close()
    await stream.aclose()


@pytest.mark.parametrize("umask", [0o077, 0o000, 0o022])
async def test_owner_and_group_may_open_it_whatever_the_umask(path, umask):
    before = os.umask(umask)
    try:
        with open_socket(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert stat.S_IMODE(path.with_name("control.sock.lock").stat().st_mode) == (
                0o600
            )
            assert os.umask(umask) == umask
    finally:
        os.umask(before)


async def test_it_belongs_to_the_group_that_is_asked_for(path):
    gid = os.getgid()
    with open_socket(path, group=grp.getgrgid(gid).gr_name):
        assert path.stat().st_gid == gid


async def test_it_is_gone_afterwards(path):
    with open_socket(path):
        assert path.is_socket()
    assert not path.exists()
    with open_socket(path):
        assert path.is_socket()


async def test_what_another_put_there_meanwhile_stays(path):
    with open_socket(path):
        path.unlink()
        path.write_text("mine")
    assert path.read_text() == "mine"


async def test_the_socket_of_a_daemon_that_was_killed_is_replaced(path):
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(path))
    with open_socket(path), closing(socket.socket(socket.AF_UNIX)) as client:
        client.connect(str(path))


async def test_a_second_daemon_is_told_of_the_first(path):
    with open_socket(path):
        with pytest.raises(OperatorMustAct, match="another esd holds") as refused:
            with open_socket(path):
                pass
        assert refused.value.hint
        assert path.is_socket()


async def test_a_socket_that_another_program_listens_on_stays(path):
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(OperatorMustAct, match="another program listens"):
            with open_socket(path):
                pass
    assert path.is_socket()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
async def test_what_is_no_socket_is_never_touched(path, kind):
    path.parent.mkdir()
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/nowhere")
    with pytest.raises(OperatorMustAct, match="is no socket"):
        with open_socket(path):
            pass
    assert path.is_symlink() or path.exists()


async def test_a_path_that_is_too_long_is_refused(tmp_path):
    longest = tmp_path / ("x" * (107 - len(os.fsencode(tmp_path)) - 1))
    with open_socket(longest):
        pass
    with pytest.raises(OperatorMustAct, match="longer than 107 bytes"):
        with open_socket(longest.with_name(longest.name + "x")):
            pass


async def test_an_unknown_group_is_refused_before_anything_is_made(path):
    with pytest.raises(OperatorMustAct, match="does not exist") as refused:
        with open_socket(path, group="no-such-group"):
            pass
    assert "groupadd" in refused.value.hint
    assert not path.parent.exists()


async def test_a_place_that_cannot_be_used_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorMustAct, match="no control socket at") as refused:
        with open_socket(tmp_path / "file" / "control.sock"):
            pass
    assert refused.value.hint
