"""What can be said of a peer: its key, what is common, who makes room for what."""

import os

import pytest

from esd.formats.addresses import WorkspaceAddress
from esd.sync.settings import Protocol
from tests.config.written import AFTER_PEER, KEY, called, config, peer, the_peer
from tests.config.written import problem as mistake


def key_file(folder, content=KEY, mode=0o600, name="key"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return f'key_file = "{path}"'


# Keys


def test_a_peer_has_no_key_by_default():
    assert the_peer(called()).key is None


@pytest.mark.parametrize(
    "content",
    [KEY, KEY + "\n", f"\r\n \t{KEY}  \r\n", KEY * 32, "!~#$%&'()*+,-./:;<"],
)
def test_a_key_is_what_a_file_holds_without_the_space_around_it(tmp_path, content):
    assert the_peer(called(key_file(tmp_path, content))).key == content.strip()


def test_a_key_is_in_no_repr(tmp_path):
    found = config(called(key_file(tmp_path)))
    assert found.peers[0].key == KEY
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    "content",
    [
        *["", "\n", KEY[1:], KEY * 32 + "0", f"{KEY} {KEY}", f"{KEY}\n{KEY}\n"],
        *[KEY + "\0", KEY + "é", KEY.encode() + b"\xff", " " * 5000 + KEY],
    ],
)
def test_what_is_no_key_is_told(tmp_path, content):
    line, key, text = mistake(called("", key_file(tmp_path, content)))
    assert (line, key) == (AFTER_PEER + 3, "peer[0].key_file")
    assert text.startswith("must name a file that holds 16 to 512 printable ASCII")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("key_file = 1", "must be a string"),
        ('key_file = "key"', "must be an absolute path"),
        ('key_file = "/nowhere/key"', "cannot be read: No such file or directory"),
        ('key_file = "/"', "is not a file"),
        ('key_file = "/dev/null"', "is not a file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(line, words):
    assert mistake(called(line))[1] == "peer[0].key_file"
    assert mistake(called(line))[2].startswith(words)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "key")
    found = mistake(called(f'key_file = "{tmp_path}/key"'))
    assert found[1:] == ("peer[0].key_file", "is not a file")


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)]
)
def test_a_key_that_others_can_read_gets_a_warning(tmp_path, mode, warned):
    warnings = config(called(key_file(tmp_path, mode=mode))).warnings
    assert [("chmod 600" in one) for one in warnings] == [True] * warned
    assert KEY not in str(warnings)


def test_two_peers_cannot_have_the_same_key(tmp_path):
    other = called(key_file(tmp_path)).partition("[[peer]]")[2]
    text = called(key_file(tmp_path, KEY + "\n", name="copy"))
    found = mistake(f"{text}\n[[peer]]{other.replace('home', 'other')}")
    assert found[1:] == ("peer[1].key_file", "is the same as in peer[0]")


def test_a_peer_with_a_key_needs_no_url(tmp_path):
    found = the_peer(peer('workspaces = ["garden"]', key_file(tmp_path)))
    assert (found.url, found.key) == ("", KEY)


def test_a_peer_without_a_key_needs_a_url():
    found = mistake(peer('workspaces = ["garden"]'))
    assert found[1:] == ("peer[0].url", "is missing")


def test_a_url_beside_a_key_is_still_judged(tmp_path):
    lines = ['workspaces = ["garden"]', key_file(tmp_path), 'url = "pub"']
    assert mistake(peer(*lines))[1] == "peer[0].url"


# What is shared


def test_what_both_have_can_be_common():
    text = peer('url = "https://pub"', 'workspaces = "common"')
    found = the_peer(text)
    assert (found.common, found.workspaces) == (True, ())
    assert config(text).warnings == ()


def test_a_list_is_not_common():
    found = the_peer(called())
    assert not found.common
    assert found.workspaces == (WorkspaceAddress("+garden.friends"),)


@pytest.mark.parametrize("value", ['"all"', '"garden"', "1", "true", "{}"])
def test_workspaces_are_a_list_or_common(value):
    found = mistake(peer('url = "https://pub"', f"workspaces = {value}"))
    assert found == (
        AFTER_PEER + 1,
        "peer[0].workspaces",
        'must be an array of aliases, or "common"',
    )


def test_a_classic_pub_cannot_be_asked_what_is_common():
    lines = ['url = "https://pub"', 'workspaces = "common"', 'protocol = "pub"']
    line, key, text = mistake(peer(*lines))
    assert (line, key) == (AFTER_PEER + 1, "peer[0].workspaces")
    assert "told the addresses" in text


@pytest.mark.parametrize("word", ["auto", "esd"])
def test_another_esd_can_be_asked_what_is_common(word):
    lines = ['url = "https://pub"', 'workspaces = "common"', f'protocol = "{word}"']
    assert the_peer(peer(*lines)).protocol == Protocol(word)


# Making room


def test_a_peer_is_not_asked_to_make_room_by_default():
    assert not the_peer(called()).creates


def test_a_peer_can_be_asked_to_make_room():
    assert the_peer(called("create_workspaces = true")).creates


def test_making_room_is_true_or_false():
    found = mistake(called('create_workspaces = "yes"'))
    assert found[1:] == ("peer[0].create_workspaces", "must be true or false")


# Following its streams


def test_streams_are_not_followed_by_default():
    assert not the_peer(called()).live


@pytest.mark.parametrize("direction", ["both", "pull"])
def test_streams_can_be_followed(direction):
    found = the_peer(called("live = true", f'direction = "{direction}"'))
    assert found.live


@pytest.mark.parametrize("protocol", ["auto", "esd", "pub"])
def test_streams_are_followed_whatever_it_speaks(protocol):
    assert the_peer(called("live = true", f'protocol = "{protocol}"')).live


@pytest.mark.parametrize("value", ['"yes"', "1", "[]"])
def test_following_is_true_or_false(value):
    found = mistake(called(f"live = {value}"))
    assert found == (AFTER_PEER + 2, "peer[0].live", "must be true or false")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('direction = "push"', 'direction = "push" takes nothing'),
        ('interval = "manual"', 'interval = "manual" has none'),
    ],
)
def test_what_streams_do_not_go_with_is_told(line, words):
    at, key, text = mistake(called(line, "live = true"))
    assert (at, key) == (AFTER_PEER + 3, "peer[0].live")
    assert words in text
    assert text.endswith("or leave live out")
    assert not the_peer(called(line, "live = false")).live


def test_who_only_calls_us_is_not_followed(tmp_path):
    lines = ['workspaces = ["garden"]', key_file(tmp_path), "live = true"]
    assert mistake(peer(*lines))[1:] == (
        "peer[0].live",
        "follows a peer that we call, and this one has no url",
    )


def test_a_graphql_server_has_nothing_to_follow():
    found = mistake(called("live = true", 'protocol = "graphql"'))
    assert found[1:] == (
        "peer[0].live",
        "follows streams, and an earthstar-graphql has none",
    )


def test_a_url_that_is_missing_is_told_once():
    assert mistake(peer('workspaces = ["garden"]', "live = true"))[1] == "peer[0].url"
