"""Addresses and secrets: never on the command line, and never repeated."""

import itertools

import pytest

from esd.ctl.command_line import NOUNS
from esd.ctl.exit_codes import ExitCode
from tests.ctl.answers import AUTHOR, SECRET
from tests.ctl.running import esdctl, stream

ADDRESS = "+gardening.friends"
DISGUISES = [
    ADDRESS,
    f"-w{ADDRESS}",
    f"--workspace={ADDRESS}",
    "%2Bgardening.friends",
    f"/earthstar-api/v1/{ADDRESS}/documents",
    '{"address": "+gardening.friends"}',
    SECRET,
    f"secret={SECRET}",
]


@pytest.mark.parametrize(
    ("noun", "argument"), list(itertools.product(NOUNS, DISGUISES))
)
def test_no_command_takes_an_address_or_a_secret_as_an_argument(noun, argument):
    ended = esdctl(noun, argument, socket="/nowhere")
    assert ended.code == ExitCode.USAGE
    assert "can be read by everyone on this machine (ps)" in ended.stderr
    assert ADDRESS[1:] not in ended.stderr
    assert SECRET not in ended.stderr


def test_neither_does_the_command_that_is_there_for_it():
    ended = esdctl("workspace", "add", ADDRESS, socket="/nowhere")
    assert ended.code == ExitCode.USAGE
    assert "stdin (-), a file (@FILE) or the prompt" in ended.stderr


@pytest.mark.parametrize(
    "argument", ["joe+list.old@example.org", "1+1.5", "c++.h", AUTHOR, "a+b"]
)
def test_what_only_looks_alike_passes(argument):
    ended = esdctl("doc", "set", "garden", "/x", argument, socket="/nowhere")
    assert ended.code == ExitCode.NOT_RUNNING


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (["workspace", "add", "garden"], ""),
        (["workspace", "add", "-"], ""),
        (["workspace", "add", "-"], " \n"),
        (["workspace", "add", "@/nowhere/at/all"], ""),
        (["identity", "import", "suzy"], ""),
    ],
    ids=["a word", "nothing", "blanks", "no file", "no key pair"],
)
def test_what_is_given_must_be_there(words, stdin):
    ended = esdctl(*words, socket="/nowhere", stdin=stdin)
    assert ended.code == ExitCode.USAGE


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"address": "@suzy.b"}'])
def test_what_is_no_key_pair_is_not_repeated(text):
    ended = esdctl("identity", "import", "-", socket="/nowhere", stdin=text)
    assert ended.stderr.startswith("esdctl: this is not a key pair\n")
    assert text not in ended.stderr
    assert ended.code == ExitCode.FAILED


def test_content_must_be_utf_8(tmp_path):
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG")
    words = ["doc", "set", "garden", "/x", "--file", str(file)]
    ended = esdctl(*words, socket="/nowhere")
    assert ended.code == ExitCode.USAGE
    assert ended.stderr == f"esdctl: {file} is not UTF-8\n"


def test_an_argument_must_be_utf_8():
    ended = esdctl("peer", "show", "bo\udcffb", socket="/nowhere")
    assert ended.code == ExitCode.USAGE


def test_on_a_terminal_content_is_not_waited_for():
    typed = stream(terminal=True)
    ended = esdctl("doc", "set", "garden", "/x", socket="/nowhere", stdin=typed)
    assert ended.stderr.startswith("esdctl: there is no content\n")
    assert ended.code == ExitCode.USAGE
