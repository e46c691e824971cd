"""The configuration: the reference file, and what comes of what is written."""

import re
from dataclasses import fields, replace
from math import inf
from pathlib import Path

import pytest

from esd.config import (
    Config,
    ConfigError,
    ControlSettings,
    NewWorkspaces,
    parse_config,
    read_config,
)
from esd.config import HttpSettings as Http
from esd.formats.addresses import WorkspaceAddress
from esd.replica.limits import Bounds
from esd.sync.settings import Direction, PeerSettings, Protocol, RunLimits
from esd.web.limits import Limits

REFERENCE = Path(__file__).parent.parent / "config/esd.toml"

GARDEN = """
[[workspace]]
address = "+garden.friends"
alias = "garden"
"""

PEER = """
[[peer]]
name = "home"
url = "https://pub.example.org"
workspaces = ["garden"]
"""


def config(text):
    return parse_config(text, "esd.toml")


# The reference


def uncommented():
    return re.sub(r"^#(?=[^ #\n])", "", REFERENCE.read_text(), flags=re.MULTILINE)


def test_the_reference_as_it_is_changes_nothing():
    assert read_config(REFERENCE) == Config()


def test_the_reference_states_the_defaults():
    found = config(uncommented())
    assert found.state_dir == Path("/var/lib/esd")
    assert found.control == ControlSettings(
        socket=Path("/run/esd/control.sock"), group="esd"
    )
    without_places = replace(found, state_dir=None, control=ControlSettings())
    assert replace(without_places, workspaces=(), peers=()) == Config()


def test_the_reference_s_peer_shows_the_defaults():
    (peer,) = config(uncommented()).peers
    named = {"name": peer.name, "url": peer.url, "workspaces": peer.workspaces}
    assert peer == PeerSettings(**named)


@pytest.mark.parametrize("bounds", [Http, Limits, Bounds, RunLimits])
def test_the_reference_has_every_key(bounds):
    names = re.findall(r"^#(\w+) = ", REFERENCE.read_text(), flags=re.MULTILINE)
    assert {bound.name for bound in fields(bounds)} <= set(names)


def test_the_reference_has_every_key_of_a_workspace_and_a_peer():
    names = re.findall(r"^# {0,3}(\w+) = ", REFERENCE.read_text(), flags=re.MULTILINE)
    given = {"url", "allow_plaintext", "interval", "key_file", "create_workspaces"}
    given |= {"live"}
    given |= {"address", "alias", "anonymous", "incoming", "outgoing", "refuse"}
    assert given <= set(names)


def test_no_two_bounds_share_a_name():
    names = [
        bound.name for kind in (Limits, Bounds, RunLimits) for bound in fields(kind)
    ]
    assert len(names) == len(set(names))


def test_an_empty_file_is_the_defaults():
    assert config("") == Config()


# What it gives


def test_a_peer_gets_what_was_written():
    text = PEER + 'direction = "pull"\ninterval = "manual"\nprotocol = "pub"\n'
    (peer,) = config(GARDEN + text).peers
    assert peer.workspaces == (WorkspaceAddress("+garden.friends"),)
    assert (peer.direction, peer.protocol) == (Direction.PULL, Protocol.PUB)
    assert peer.rhythm.interval == inf


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ('"5m"', 300),
        ('"90s"', 90),
        ('"2h"', 7200),
        ('"1d"', 86_400),
        ('"1.5 h"', 5400),
        ("45", 45),
        ("1.5", 1.5),
        ('"manual"', inf),
    ],
)
def test_intervals(value, seconds):
    (peer,) = config(GARDEN + PEER + f"interval = {value}").peers
    assert peer.rhythm.interval == seconds


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("body", '"8 MiB"', 8 * 1024**2),
        ("body", '"8MiB"', 8 * 1024**2),
        ("body", "1_000", 1000),
        ("head", '"100 B"', 100),
        ("idle", '"500ms"', 0.5),
        ("connections", "7", 7),
        ("requests_per_second", "0.5", 0.5),
    ],
)
def test_bounds(key, value, meant):
    assert getattr(config(f"[limits]\n{key} = {value}").limits, key) == meant


def test_one_table_fills_the_bounds_of_all_floors():
    text = '[limits]\nmax_workspaces = 3\nrun_time = "1m"\nconnections = 9'
    found = config(text)
    assert found.bounds == Bounds(max_workspaces=3)
    assert found.runs == RunLimits(run_time=60)
    assert found.limits == Limits(connections=9)


def test_http():
    found = config(
        "[http]\n"
        'listen = ["0.0.0.0:80", "[2001:db8::1]:0"]\n'
        'names = ["Pub.Example.org", "localhost:3333", "[::1]:3333"]\n'
        'new_workspaces = "open"\n'
        "readonly = true\n"
        'browser_origins = ["https://app.example.org", "http://localhost:8080"]\n'
    ).http
    assert found.listen == ("0.0.0.0:80", "[2001:db8::1]:0")
    assert found.names == ("pub.example.org", "localhost:3333", "[::1]:3333")
    assert found.new_workspaces is NewWorkspaces.OPEN
    assert found.readonly


def test_serving_nobody_is_a_choice():
    assert config("[http]\nlisten = []").http.listen == ()


def test_a_home_is_a_place():
    assert config('state_dir = "~/esd"').state_dir == Path("~/esd").expanduser()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://pub.example.org", "https://pub.example.org"),
        ("https://Pub.Example.org/", "https://pub.example.org"),
        ("https://pub.example.org:8443/a/Pub/", "https://pub.example.org:8443/a/Pub"),
        ("http://localhost:3333", "http://localhost:3333"),
        ("http://127.0.0.1:3333", "http://127.0.0.1:3333"),
        ("http://[::1]:3333", "http://[::1]:3333"),
        ("http://192.168.1.7", "http://192.168.1.7"),
        ("http://[fd00::7]", "http://[fd00::7]"),
        ("http://raspberry", "http://raspberry"),
        ("http://raspberry.local", "http://raspberry.local"),
        ("http://abcdef.onion", "http://abcdef.onion"),
    ],
)
def test_urls(written, meant):
    text = PEER.replace("https://pub.example.org", written)
    assert config(GARDEN + text).peers[0].url == meant


@pytest.mark.parametrize(
    "host",
    ["pub.example.org", "8.8.8.8", "[2606::1]", "localhost.example", "no-onion.x"],
)
def test_plain_http_to_a_far_host_must_be_wanted(host):
    text = GARDEN + PEER.replace("https://pub.example.org", f"http://{host}")
    assert config(text + "allow_plaintext = true").peers[0].url == f"http://{host}"
    with pytest.raises(ConfigError, match=r":8: peer\[0\].url is plain http"):
        config(text)


# Files


def write(folder, content, mode=0o600):
    path = folder / "esd.toml"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "mode", "warned"),
    [
        (GARDEN, 0o600, False),
        (GARDEN, 0o640, False),
        (GARDEN, 0o644, True),
        (GARDEN, 0o604, True),
        ("", 0o644, False),
    ],
)
def test_a_file_with_keys_that_others_can_read_gets_a_warning(
    tmp_path, text, mode, warned
):
    found = read_config(write(tmp_path, text.encode(), mode))
    assert [("chmod" in warning) for warning in found.warnings] == [True] * warned


def test_a_peer_that_shares_nothing_gets_a_warning():
    (warning,) = config(PEER.replace('"garden"', "")).warnings
    assert warning.startswith("peer home shares no workspace")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    assert read_config(write(tmp_path, b"\xef\xbb\xbf[http]\r\ntitle = 'x'\r\n"))


def failure(path):
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    return str(caught.value)


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path):
    path = write(tmp_path, b"a = 1\nb = '\xff'\n")
    assert failure(path) == f"{path}:2: is not UTF-8 here"


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    missing = tmp_path / "none.toml"
    assert failure(missing) == f"{missing}: cannot be read: No such file or directory"
    assert failure(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"
