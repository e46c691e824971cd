"""What belongs to this esd and to no workspace."""

from contextlib import closing

from esd.store import HighWater, KnownProtocol, NodeFile
from tests.replicas import NOW


def a_node(folder):
    return closing(NodeFile(folder / "node.db"))


def test_the_salt_is_made_once(tmp_path):
    with a_node(tmp_path) as node:
        salt = node.salt
        assert len(salt) == 32
        assert salt != node._install_key
    with a_node(tmp_path) as node:
        assert node.salt == salt
    (tmp_path / "other").mkdir()
    with a_node(tmp_path / "other") as other:
        assert other.salt != salt


def test_what_a_peer_speaks_is_kept(tmp_path):
    known = KnownProtocol(b"place", "esd", NOW)
    with a_node(tmp_path) as node:
        assert node.history.protocol("pub") is None
        node.history.note_protocol("pub", KnownProtocol(b"before", "pub", 7))
        node.history.note_protocol("pub", known)
    with a_node(tmp_path) as node:
        assert node.history.protocol("pub") == known
        assert node.history.protocol("other") is None
        node.history.forget_protocol("pub")
        assert node.history.protocol("pub") is None


def test_how_far_replicas_came_is_kept(tmp_path):
    with a_node(tmp_path) as node:
        assert node.high_water("ws-a") is None
        marks = {"ws-a": HighWater(b"e", 7), "ws-b": HighWater(b"f", 8)}
        node.note_high_water(marks)
        node.note_high_water({"ws-a": HighWater(b"g", 1)})
    with a_node(tmp_path) as node:
        assert node.high_water("ws-a") == HighWater(b"g", 1)
        assert node.high_water("ws-b") == HighWater(b"f", 8)
