"""A daemon whose peers are all broken, each in its own way, and what it says of them.

The real program, the real esdctl, and pubs on sockets that say exactly the wrong thing.
"""

import json
import subprocess
import sys

import pytest
import trio

from tests.programs import config_text, running_esd
from tests.sync.scripted import a_server, answer, says

GARDEN = "+canary.garden7q"
NOBODY = "http://127.0.0.1:9"  # discard: nobody listens there

BROKEN = {
    "is down": (None, "no connection: refused", "is it running"),
    "moved": (
        answer(b"", "301 Moved", "Location: https://new.example/x/+canary.garden7q"),
        "it redirects to another place",
        "set the peer's url to https://new.example",
    ),
    "is a web site": (
        answer(b"<!doctype html><h1>Welcome</h1>"),
        "its hello cannot be read",
        'if it is a plain pub, set protocol = "pub"',
    ),
    "is overloaded": (
        answer(b"", "503 Service Unavailable", "Retry-After: 7"),
        "it answered 503",
        "overloaded",
    ),
    "asks for a login": (
        answer(b"", "401 Unauthorized"),
        "it answered 401",
        "asks for a login",
    ),
    "hangs up": (
        answer(b"[1,2,3]")[:-3],
        "the connection broke before the answer's end",
        "look at its log",
    ),
}


def with_one_peer(folder, name, url, **more):
    """A configuration with a peer that has the runs that are asked for, and no others:
    while one is under way the peer is said to be syncing, and nothing else."""
    text = config_text(folder, [GARDEN], {name: url})
    lines = ['interval = "manual"', *(f'{key} = "{it}"' for key, it in more.items())]
    return text.replace('interval = "1s"', "\n".join(lines))


async def esdctl(socket, *arguments):
    """(exit code, stdout, stderr)."""
    told = await trio.run_process(
        [sys.executable, "-m", "esd.ctl", "--socket", str(socket), *arguments],
        stdin=b"",
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    return told.returncode, told.stdout.decode(), told.stderr.decode()


@pytest.mark.parametrize("what", BROKEN)
async def test_a_broken_peer_is_explained(what, tmp_path):
    said, reason, hint = BROKEN[what]
    async with a_server(says(said or b"")) as answering:
        url = NOBODY if said is None else answering
        text = with_one_peer(tmp_path, "pub", url)
        async with running_esd(text) as esd:
            code, told, complaint = await esdctl(esd.control, "sync")
            assert code == 1
            assert reason in complaint + told
            _, status, _ = await esdctl(esd.control, "status")
            assert reason in status or hint in status
            _, shown, _ = await esdctl(esd.control, "peer", "show", "pub")
            assert reason in shown
            assert hint in shown
            everything = told + complaint + status + shown + esd.log
    assert "garden7q" not in everything


JSON = "Content-Type: application/json"

GRAPHQL = {
    "errors": answer(
        b'{"errors":[{"message":"+canary.garden7q: boom"}]}', "200 OK", JSON
    ),
    "nulls": answer(b'{"data":null}', "200 OK", JSON),
    "a web site": answer(b"<!doctype html><h1>+canary.garden7q</h1>"),
    "another schema": answer(
        b'{"errors":[{"message":"Cannot query field","extensions":'
        b'{"code":"GRAPHQL_VALIDATION_FAILED"}}]}',
        "400 Bad Request",
        JSON,
    ),
    "no JSON": answer(b"[" * 5_000, "200 OK", JSON),
}


@pytest.mark.parametrize("what", GRAPHQL)
async def test_a_broken_graphql_server_is_explained(what, tmp_path):
    async with a_server(says(GRAPHQL[what])) as url:
        text = with_one_peer(tmp_path, "server", url, protocol="graphql")
        async with running_esd(text) as esd:
            code, told, complaint = await esdctl(esd.control, "sync")
            assert code == 1
            _, shown, _ = await esdctl(esd.control, "peer", "show", "server", "--json")
            runtime = json.loads(shown)["runtime"]
            assert runtime["last_failure"]["reason"]
            assert runtime["last_failure"]["hint"]
            assert "bug" not in runtime["last_failure"]["reason"]
            _, shown, _ = await esdctl(esd.control, "peer", "show", "server")
            assert runtime["last_failure"]["reason"] in shown
            everything = told + complaint + shown + esd.log
    assert "garden7q" not in everything


async def test_a_pub_that_does_not_want_us_is_a_state_in_words(tmp_path):
    async with a_server(says(answer(b"Not Found", "404 Not Found"))) as url:
        async with running_esd(with_one_peer(tmp_path, "pub", url)) as esd:
            code, _, _ = await esdctl(esd.control, "sync")
            assert code == 0
            _, shown, _ = await esdctl(esd.control, "peer", "show", "pub")
            assert "not held there" in shown


async def test_a_broken_configuration_keeps_the_old_one(tmp_path):
    text = config_text(tmp_path, [GARDEN])
    async with running_esd(text) as esd:
        file = esd.said.with_name("esd.toml")
        file.write_text(text + '[[peer]]\nname = "x"\nurl = "gopher://x"\n')
        code, _, complaint = await esdctl(esd.control, "reload")
        assert code == 1
        assert "peer[0].url" in complaint
        _, told, _ = await esdctl(esd.control, "peer", "list", "--json")
        assert json.loads(told) == [] or json.loads(told)["peers"] == []
        file.write_text(
            text + '[[peer]]\nname = "home"\nurl = "http://127.0.0.1:9"\n'
            'workspaces = ["w0"]\n'
        )
        code, told, _ = await esdctl(esd.control, "reload")
        assert (code, "home" in told) == (0, True)
        _, told, _ = await esdctl(esd.control, "peer", "list")
        assert "home" in told


async def test_a_workspace_comes_and_goes_without_its_address_being_said(tmp_path):
    async with running_esd(config_text(tmp_path, [])) as esd:
        address = tmp_path / "address"
        address.write_text(GARDEN)
        code, added, complaint = await esdctl(
            esd.control, "workspace", "add", f"@{address}", "--alias", "garden"
        )
        assert code == 0, complaint
        _, listed, _ = await esdctl(esd.control, "workspace", "list")
        assert "garden" in listed
        code, removed, complaint = await esdctl(
            esd.control, "workspace", "remove", "garden"
        )
        assert code == 0, complaint
        assert [path.suffix for path in (tmp_path / "removed").iterdir()] == [".db"]
        assert "garden7q" not in added + listed + removed + esd.log


def test_without_a_daemon_there_is_a_sentence_and_a_code(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "esd.ctl", "--socket", str(tmp_path / "no"), "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 3
    assert "esd is not running" in told.stderr
