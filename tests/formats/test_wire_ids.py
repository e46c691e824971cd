"""Names of workspaces on the wire: the vectors, and what a name must not give away."""

import json

import pytest

from esd.formats import WorkspaceAddress
from esd.formats.wire_ids import proof, wire_id, workspace_key
from tests.formats import wire_id_vectors

CASES = json.loads(wire_id_vectors.FILE.read_text())["cases"]
KEY = bytes.fromhex(CASES[0]["key"])
SALT = bytes.fromhex(CASES[0]["salt"])
NONCE = bytes(32)


@pytest.mark.parametrize("address", wire_id_vectors.ADDRESSES)
def test_the_key_is_that_of_the_vectors(address):
    keys = {case["key"] for case in CASES if case["address"] == address}
    assert {workspace_key(WorkspaceAddress(address)).hex()} == keys


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["host"])
def test_ids_and_proofs_are_those_of_the_vectors(case):
    key, salt, nonce = (bytes.fromhex(case[name]) for name in ("key", "salt", "nonce"))
    assert wire_id(key, salt, case["host"]) == case["id"]
    assert proof(key, salt, case["host"], nonce) == case["proof"]


def test_the_file_is_what_its_script_writes():
    assert wire_id_vectors.cases() == CASES


def test_a_name_is_good_at_one_server_only():
    other_salt = bytes(32)
    names = {
        wire_id(KEY, SALT, "pub.example"),
        wire_id(KEY, SALT, "pub.example:8080"),
        wire_id(KEY, other_salt, "pub.example"),
        wire_id(bytes(32), SALT, "pub.example"),
    }
    assert len(names) == 4


def test_a_proof_is_good_for_one_question_only():
    first, second = (proof(KEY, SALT, "a", bytes([n]) * 32) for n in (1, 2))
    assert first != second
    assert wire_id(KEY, SALT, "a") not in (first, second)


def test_a_name_is_no_proof_of_anything():
    """Or a caller could have us prove what we never said we know."""
    host = "a\0" + "n" * 32
    assert wire_id(KEY, SALT, host) != proof(KEY, SALT, "a", b"n" * 32)
