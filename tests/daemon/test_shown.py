"""What the operator is shown of a configuration, and what is told to have changed."""

import json
from contextlib import contextmanager

import pytest

from esd.config import parse_config
from esd.daemon.shown import differences, shown
from esd.replica import Replicas, inline
from esd.store import NodeFile
from tests.replicas import ROOMY

KEY = "0123456789abcdef"
TEXT = """
[[workspace]]
address = "+canary.garden7q"
alias = "garden"
anonymous = false
incoming = [{ pathPrefix = "/wiki/", timestampAfter = "-30d" }]
refuse = [{ versionsByAuthor = "@spam.b" }]
[[peer]]
name = "home"
url = "https://pub.example.org"
workspaces = ["garden"]
outgoing = []
create_workspaces = true
live = true
[[peer]]
name = "guest"
workspaces = "common"
key_file = "%s"
"""


def config(folder, text=TEXT, key=KEY):
    path = folder / "key"
    path.write_text(key)
    path.chmod(0o600)
    return parse_config(text % path if "%s" in text else text, "esd.toml")


@contextmanager
def held(folder, config):
    """The replicas of what is configured."""
    node_file = NodeFile(folder / "node.db")
    replicas = Replicas(folder, node_file, ROOMY, inline)
    for workspace in config.workspaces:
        replicas.add(workspace.address, configured=True)
    try:
        yield replicas
    finally:
        replicas.close()
        node_file.close()


@pytest.fixture
def told(tmp_path):
    found = config(tmp_path)
    with held(tmp_path, found) as replicas:
        yield json.loads(json.dumps(shown(found, replicas)))


def test_a_workspace_is_shown_with_its_queries(told):
    (workspace,) = told["workspaces"]
    assert workspace.pop("id").startswith("ws-")
    assert workspace == {
        "alias": "garden",
        "anonymous": False,
        "incoming": [{"pathPrefix": "/wiki/", "timestampAfter": "-30d"}],
        "outgoing": [{}],
        "refuse": [{"versionsByAuthor": "@spam.b"}],
    }


def test_a_peer_is_shown_with_what_is_its_own(told):
    home, guest = told["peers"]
    assert home["workspaces"] == [told["workspaces"][0]["id"]]
    assert (home["incoming"], home["outgoing"]) == (None, [])
    assert (home["create_workspaces"], home["key"]) == (True, False)
    assert (home["live"], guest["live"]) == (True, False)


def test_a_peer_that_only_calls_has_no_url(told):
    _, guest = told["peers"]
    assert (guest["url"], guest["workspaces"]) == (None, "common")


def test_of_a_key_is_shown_that_there_is_one(told):
    assert told["peers"][1]["key"] is True
    assert KEY not in json.dumps(told)


def test_no_address_is_shown(told):
    assert "garden7q" not in json.dumps(told)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("anonymous = false", "", "workspace[garden]"),
        ('"-30d"', '"-31d"', "workspace[garden]"),
        ("refuse = [{", "refuse = [{}, {", "workspace[garden]"),
        ("outgoing = []", "", "peer[home]"),
        ("outgoing = []", "incoming = []\noutgoing = []", "peer[home]"),
        ("create_workspaces = true", "", "peer[home]"),
        ("live = true", "live = false", "peer[home]"),
        ('"common"', '["garden"]', "peer[guest]"),
    ],
)
def test_a_change_is_told(tmp_path, old, new, changed):
    here, there = config(tmp_path), config(tmp_path, TEXT.replace(old, new))
    assert differences(here, there) == ((changed,), ())


def test_a_new_key_is_a_change_of_its_peer(tmp_path):
    here, there = config(tmp_path), config(tmp_path, key=KEY[::-1])
    assert differences(here, there) == (("peer[guest]",), ())


def test_the_same_text_is_no_change(tmp_path):
    assert differences(config(tmp_path), config(tmp_path)) == ((), ())
