"""Vectors, group c: verdicts on addresses and paths; and that no address leaks."""

import pytest

from esd.formats import (
    InvalidAddress,
    InvalidPath,
    WorkspaceAddress,
    is_author_address,
    may_write,
    parse_author,
)
from esd.formats.addresses import is_es3_workspace, is_workspace_address
from esd.formats.paths import check_ephemeral_mark, check_path
from tests.formats.vectors import cases, named

GROUP = "c-addresses-and-paths"
COUNTS = {
    "workspace-address": 72,
    "workspace-address-non-string": 3,
    "author-address": 49,
    "author-address-non-string": 3,
    "path": 73,
    "path-non-string": 3,
    "path-with-delete-after": 14,
    "may-write": 26,
}


def of(*categories):
    return [case for name in categories for case in cases(GROUP, name)]


def test_no_case_is_missing():
    assert {name: len(of(name)) for name in COUNTS} == COUNTS
    assert sum(COUNTS.values()) == len(cases(GROUP)) == 243


# What the reference of es.4 refuses, and that of es.3 takes.
GOOD_IN_ES3 = {"+a.9b", "+a.2", "+ab.cCd", "+ab.cId", "+ab.cUd"}


def test_some_addresses_are_good_in_es3_only():
    texts = {case["input"] for case in of("workspace-address") if not case["ok"]}
    assert {text for text in texts if is_es3_workspace(text)} == GOOD_IN_ES3
    assert {WorkspaceAddress(text).text for text in GOOD_IN_ES3} == GOOD_IN_ES3


@pytest.mark.parametrize(
    "case", of("workspace-address", "workspace-address-non-string"), ids=named
)
def test_workspace_addresses(case):
    text = case["input"]
    if not case["ok"]:
        assert not (isinstance(text, str) and is_workspace_address(text))
        if str(text) not in GOOD_IN_ES3:
            with pytest.raises(InvalidAddress):
                WorkspaceAddress.parse(text)
        return
    address = WorkspaceAddress.parse(case["input"])
    assert {"name": address.name, "suffix": address.suffix} == case["parts"]
    assert address.text == case["input"]


@pytest.mark.parametrize(
    "case", of("author-address", "author-address-non-string"), ids=named
)
def test_author_addresses(case):
    if not case["ok"]:
        with pytest.raises(InvalidAddress):
            parse_author(case["input"])
        return
    author = parse_author(case["input"])
    parts = {"shortname": author.shortname, "pubkey": author.key_text}
    assert parts == case["parts"]
    assert author.address == case["input"]
    assert is_author_address(case["input"])


@pytest.mark.parametrize("case", of("path", "path-non-string"), ids=named)
def test_paths(case):
    if case["ok"]:
        check_path(case["input"])
    else:
        with pytest.raises(InvalidPath):
            check_path(case["input"])


def check_both(path, deleteAfter):
    check_path(path)
    check_ephemeral_mark(path, deleteAfter)


@pytest.mark.parametrize("case", of("path-with-delete-after"), ids=named)
def test_paths_with_their_ephemeral_mark(case):
    if case["ok"]:
        check_both(**case["input"])
    else:
        with pytest.raises(InvalidPath):
            check_both(**case["input"])


@pytest.mark.parametrize("case", of("may-write"), ids=named)
def test_write_permission(case):
    assert may_write(case["input"]["author"], case["input"]["path"]) == case["ok"]


SECRET = "+gardening.bsecret"


@pytest.mark.parametrize(
    "shown",
    [str, repr, "{}".format, "{:>40}".format, "%s".__mod__, lambda a: repr([a])],
    ids=["str", "repr", "format", "width", "percent", "in-a-list"],
)
def test_a_workspace_address_never_shows_itself(shown):
    assert "secret" not in shown(WorkspaceAddress(SECRET))


def test_a_refused_workspace_address_is_not_in_the_message():
    with pytest.raises(InvalidAddress) as refusal:
        WorkspaceAddress.parse(SECRET + "!")
    assert "secret" not in str(refusal.value)


def test_workspace_addresses_are_values():
    assert WorkspaceAddress("+a.b") == WorkspaceAddress("+a.b")
    assert len({WorkspaceAddress("+a.b"), WorkspaceAddress("+a.b")}) == 1
