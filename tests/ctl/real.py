"""Every command that only looks, against a daemon that really runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PLAIN = [
    "status",
    "health",
    "version",
    "wait",
    "peer list",
    "workspace list",
    "sync history",
    "identity list",
    "config show",
    "watch --since 0 --no-follow",
    "api GET /v1/openapi.json",
]
JSON_LINES = "watch"  # the one answer that is no single document


def look_at_everything(socket: Path) -> str:
    """All that the commands print, in both forms; fails where one of them does.

    Blocks; a test under trio calls it in a thread.
    """
    printed = []
    for words in [*PLAIN, *_of_what_there_is(socket)]:
        printed.append(_look(socket, *words.split()))
        if words.startswith("api"):
            continue
        as_json = _look(socket, *words.split(), "--json")
        documents = as_json.splitlines() if JSON_LINES in words else [as_json]
        assert all(map(json.loads, documents)), words
        printed.append(as_json)
    return "".join(printed)


def _of_what_there_is(socket: Path) -> Iterator[str]:
    for peer in json.loads(_look(socket, "peer", "list", "--json"))["peers"]:
        yield f"peer show {peer['name']}"
    syncs = json.loads(_look(socket, "sync", "history", "--json"))["syncs"]
    yield from (f"sync show {sync['id']}" for sync in syncs[:3])
    workspaces = json.loads(_look(socket, "workspace", "list", "--json"))["workspaces"]
    for workspace in workspaces:
        yield f"workspace show {workspace['id']}"
        yield f"doc ls {workspace['id']}"
        found = json.loads(_look(socket, "doc", "ls", workspace["id"], "--json"))
        for document in found["documents"][:3]:
            yield f"doc get {workspace['id']} {document['path']}"
            yield f"doc history {workspace['id']} {document['path']}"


def _look(socket: Path, *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "esd.ctl", "--socket", str(socket), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{words}: {ended.stderr}"
    assert "Traceback" not in ended.stderr
    return ended.stdout
