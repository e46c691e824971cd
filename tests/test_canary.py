"""A workspace's address is its key: it stays out of everything that others may see.

A daemon works with one address in all ways there are, also the ways that go wrong: it
is asked for well and badly, and its peers answer with what it must not repeat. Then the
address is looked for in its log, its file names, its command line, and what systemd was
told. Even the log's own net must not have caught one: it is for what nobody thought of.
"""

import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trio

from esd.formats import WorkspaceAddress, encode, keypair_from_seed, new_document
from tests.programs import RunningEsd, config_text, running_esd

SECRET = "canaryq7z"
HELD = f"+{SECRET}.held"
NEW = f"+{SECRET}.made"
CAUGHT = "<workspace>"  # what the log's net leaves in its place
SUZY = keypair_from_seed("suzy", bytes(32))

# What peers answer, of which any part may end in a log line.
LINE = f"the workspace {HELD} at /earthstar-api/v1/{HELD}/documents"
ANSWERS: Mapping[str, bytes] = {
    "moved": b"HTTP/1.1 302 Found\r\nLocation: http://x/" + HELD.encode() + b"\r\n",
    "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
    "broken": b"HTTP/1.1 500 " + HELD.encode() + b"\r\n",
    "refusing": b"HTTP/1.1 418 No\r\n",
    "no-http": HELD.encode() + b"\r\n",
    "tagged": b'HTTP/1.1 304 Not Modified\r\nETag: "' + HELD.encode() + b'"\r\n',
}


def a_body(workspace: str, path: str = "/a") -> bytes:
    document = new_document(
        SUZY,
        workspace=WorkspaceAddress.parse(workspace),
        path=path,
        content=LINE,
        timestamp=1_700_000_000_000_000,
    )
    return b"[" + encode(document) + b"]"


def requests() -> Sequence[bytes]:
    """Good ones and bad ones, each on a connection of its own."""
    held, new = (f"/earthstar-api/v1/{one}/documents" for one in (HELD, NEW))
    good = [
        get(held),
        get(held.replace("documents", "paths")),
        get(held.replace("documents", "stream")),
        get(new),
        post(held, a_body(HELD)),
        post(new, a_body(NEW)),
        get(held, 'If-None-Match: "x"'),
        get(f"/workspace/{HELD}"),
    ]
    bad = [
        get(held.replace("+", "%ZZ+")),
        get(held.replace("+", "%FF+")),
        get(f"/nowhere/{HELD}"),
        get(f"/earthstar-api/v1/{HELD}!/documents"),
        post(held, b"[" + HELD.encode()),
        post(held, b'[{"workspace": "' + HELD.encode() + b'"}, null]'),
        post(held, a_body(NEW)),
        post(held, b"[]", f"Content-Type: text/{HELD}; charset={HELD}"),
        post(held, b"[]", f"Content-Encoding: {HELD}"),
        post(held, b"[]", "Content-Length: 1000"),
        post(held, b"[]", f"Content-Length: {HELD}"),
        b"GET " + held.encode() + b" HTTP/9.9\r\n\r\n",
        HELD.encode() + b"\r\n\r\n",
        get(held + "?" + HELD * 2000),
        get(held, f"X-{HELD}: {HELD}"),
        get(held)[:-10],
    ]
    return good + bad


def get(target: str, *fields: str) -> bytes:
    return _request("GET", target, fields)


def post(target: str, body: bytes, *fields: str) -> bytes:
    if not any("Content-Length" in one for one in fields):
        fields = (*fields, f"Content-Length: {len(body)}")
    return _request("POST", target, fields) + body


def _request(method: str, target: str, fields: Sequence[str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


async def ask_everything(esd: RunningEsd) -> None:
    for request in requests():
        async with await trio.open_tcp_stream("127.0.0.1", esd.port) as stream:
            await stream.send_all(request)
            await stream.send_eof()
            async for _ in stream:
                pass


async def run_peer(
    begin: bytes, asked: trio.Event, *, task_status: trio.TaskStatus[str]
) -> None:
    """Answer every request with *begin*, and with the address in the body."""
    body = f"Content-Length: {len(LINE)}\r\nConnection: close\r\n\r\n{LINE}".encode()

    async def answer(stream: trio.SocketStream) -> None:
        # The daemon may be stopped in the middle of a run.
        async with stream:
            with suppress(trio.BrokenResourceError):
                await stream.receive_some()
                await stream.send_all(begin + body)
                asked.set()

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    task_status.started(f"http://127.0.0.1:{port}")
    await trio.serve_listeners(answer, listeners)


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_workspace_address_is_nowhere_to_be_seen(
    form: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    asked = {name: trio.Event() for name in ANSWERS}
    peers = {
        name: await nursery.start(partial(run_peer, begin, asked[name]))
        for name, begin in ANSWERS.items()
    }
    text = config_text(tmp_path, [HELD], peers, new_workspaces="open")
    how = ["--log-level", "debug", "--log-format", form]
    async with running_esd(text, *how) as esd:
        for event in asked.values():
            await event.wait()
        await ask_everything(esd)
        command = command_line(esd)
        esd.tell(signal.SIGTERM)
        assert await esd.ended() == 0
        log = esd.log
    assert "WARNING" in log.upper(), "no peer's failure was told"
    assert SECRET.encode() not in command
    assert not [line for line in log.splitlines() if SECRET in line]
    assert not [line for line in log.splitlines() if CAUGHT in line]
    assert not [told for told in esd.told if SECRET in told]
    assert not [name for name in file_names(tmp_path) if SECRET in name]


def command_line(esd: RunningEsd) -> bytes:
    """As every user of the machine may read it."""
    return Path(f"/proc/{esd.process.pid}/cmdline").read_bytes()


def file_names(state: Path) -> list[str]:
    """The names of the files; two replicas are there, or the test tells nothing."""
    names = [str(one.relative_to(state)) for one in state.rglob("*")]
    assert (
        len([name for name in names if re.search(r"ws-[a-z2-7]{16}\.db$", name)]) == 2
    )
    return names
