"""What is acknowledged is on the disk: shown by the system calls of a real daemon.

A process that is killed loses nothing that it wrote, whether or not it waited for the
disk, so no kill shows this. What shows it is the order of the calls: the push is read,
the -wal of the replica is written and synced, and only then is the answer sent.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from esd.formats import WorkspaceAddress, encode, keypair_from_seed, new_document
from tests.daemons import a_config, push, start_daemon
from tests.programs import RunningEsd, config_text, running_esd

GARDEN = "+garden.power"
SUZY = keypair_from_seed("suzy", bytes(32))
PUSHES = 5

NEEDED = pytest.mark.skipif(
    shutil.which("strace") is None,
    reason="strace shows the system calls, and is not here",
)

CALLS = "recvfrom,recvmsg,read,sendto,sendmsg,write,writev,fsync,fdatasync,pwrite64"
STRACE = ("strace", "--daemonize", "-f", "-y", "-s", "32", "-e", f"trace={CALLS}", "-o")

# 1234 fdatasync(11</state/replicas/ws-abc.db-wal>) = 0
CALL = re.compile(
    r"^\d+ +(?:<\.\.\. )?(?P<name>\w+)(?:\(\d+<(?P<file>[^>]*)>| resumed>)(?P<rest>.*)$"
)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    file: str
    rest: str


class Trace:
    """What strace wrote."""

    text = ""


def calls(trace: str) -> Iterator[Call]:
    """The calls in order of their ends, but what is sent where its sending begins.

    strace tells a call that was interrupted in two lines: what was sent is in the
    first, what was read is in the second.
    """
    begun: dict[tuple[str, str], Call] = {}
    for line in trace.splitlines():
        match = CALL.match(line)
        if match is None:
            continue
        call = Call(match["name"], match["file"] or "", match["rest"])
        key = (line.split()[0], call.name)
        if line.endswith("<unfinished ...>"):
            begun[key] = call
            if is_sending(call):
                yield call
        elif match["file"] is None:
            first = begun.pop(key, call)
            if not is_sending(first):
                yield Call(first.name, first.file, first.rest + call.rest)
        else:
            yield call


def is_sending(call: Call) -> bool:
    return call.name.startswith(("send", "write"))


def story(trace: str) -> list[str]:
    """What matters, in order: pushes read, the -wal written and synced, answers."""
    told = []
    for call in calls(trace):
        if '"POST ' in call.rest and call.name.startswith("re"):
            told.append("push")
        elif call.file.endswith(".db-wal") and "/ws-" in call.file:
            told.append("sync" if call.name.endswith("sync") else "put")
        elif is_answer(call):
            told.append("answer")
    return told


def is_answer(call: Call) -> bool:
    return '"HTTP/1.1 ' in call.rest and is_sending(call)


def is_name_synced(call: Call) -> bool:
    return call.name == "fsync" and call.file.endswith("/replicas")


def body(number: int) -> bytes:
    document = new_document(
        SUZY,
        workspace=WorkspaceAddress.parse(GARDEN),
        path=f"/{number}",
        content="x",
        timestamp=1_700_000_000_000_000,
    )
    return b"[" + encode(document) + b"]"


@asynccontextmanager
async def traced(folder: Path, text: str) -> AsyncIterator[tuple[RunningEsd, Trace]]:
    """A daemon under strace; its trace is whole after the block.

    The tracer outlives the daemon and writes its last lines after it: they come
    through a pipe, whose end says that there are no more.
    """
    pipe, trace = folder / "trace", Trace()
    os.mkfifo(pipe)

    async def read() -> None:
        trace.text = await trio.to_thread.run_sync(
            pipe.read_text, abandon_on_cancel=True
        )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        async with running_esd(text, under=[*STRACE, str(pipe)]) as esd:
            yield esd, trace


async def push_some(esd: RunningEsd, numbers: Sequence[int]) -> None:
    url = f"{esd.url}/earthstar-api/v1/{GARDEN}/documents"
    for number in numbers:
        answer = await push(url, body(number))
        assert answer.json()["numIngested"] == 1


@NEEDED
async def test_the_wal_is_synced_between_a_push_and_its_answer(tmp_path: Path) -> None:
    text = config_text(tmp_path / "state", [GARDEN])
    async with traced(tmp_path, text) as (esd, trace):
        await push_some(esd, range(PUSHES))
    told = story(trace.text)
    assert told.count("push") == told.count("answer") == PUSHES
    for number, part in enumerate(answered(told)):
        assert part[0] == "push", f"push {number}: {part}"
        assert part[-2:] == ["sync", "answer"], f"push {number}: {part}"
        assert "put" in part, f"push {number}: {part}"


def answered(told: Sequence[str]) -> Iterator[list[str]]:
    """One part for each push: from its first byte to its answer."""
    part: list[str] = []
    for what in told:
        if part or what == "push":
            part.append(what)
        if what == "answer":
            yield part
            part = []


@NEEDED
async def test_a_new_workspaces_name_is_synced_before_its_first_answer(
    tmp_path: Path,
) -> None:
    text = config_text(tmp_path / "state", [], new_workspaces="open")
    async with traced(tmp_path, text) as (esd, trace):
        await push_some(esd, [1])
    told = list(calls(trace.text))
    made = [at for at, call in enumerate(told) if is_name_synced(call)]
    answers = [at for at, call in enumerate(told) if is_answer(call)]
    assert made
    assert answers
    assert made[0] < answers[0]


async def test_every_connection_waits_for_the_disk(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    esd = await start_daemon(nursery, a_config(tmp_path, [GARDEN]))
    file = esd.replica(GARDEN).file
    with file.scanning():
        pragmas = file.pragmas()
    assert len(pragmas) >= 2
    for found in pragmas:
        assert found["synchronous"] == 2  # FULL
        assert found["journal_mode"] == "wal"
        assert found["secure_delete"] == 1
