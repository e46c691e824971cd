"""Differences with a peer that are let be for a while, and then tried again."""

import pytest

from esd.store.waiting import DAY, LONGEST_RETRY, MAX_WAITING
from tests.replicas import NOW

ONE, TWO = b"1" * 32, b"2" * 32


def useless(file, now=NOW, peer="pub"):
    return file.reader.peers.useless(peer, now)


def refused(file, now=NOW, peer="pub"):
    return file.reader.peers.refused(peer, now)


def note(file, kind, one=ONE, retry_at=None, now=NOW):
    if kind is useless:
        file.peer_writer.note_useless("pub", [(NOW - 7, one, retry_at)], now)
    else:
        file.peer_writer.note_refused("pub", [(one, retry_at)], now)


def waits(file, kind, now):
    return ONE in {one[1] if kind is useless else one for one in kind(file, now)}


BOTH = pytest.mark.parametrize("kind", [useless, refused], ids=["useless", "refused"])


def test_useless_ones_are_items(file):
    note(file, useless)
    assert useless(file) == [(NOW - 7, ONE)]


def test_each_peer_has_its_own(file):
    note(file, useless)
    note(file, refused)
    assert useless(file, peer="other") == []
    assert refused(file, peer="other") == set()


@BOTH
def test_it_waits_a_day_and_then_twice_as_long_up_to_thirty(kind, file):
    now = NOW
    for days in (1, 2, 4, 8, 16, 30, 30):
        note(file, kind, now=now)
        now += days * DAY
        assert waits(file, kind, now - 1)
        assert not waits(file, kind, now)


@BOTH
def test_a_better_time_to_try_again_counts(kind, file):
    note(file, kind, retry_at=NOW + 5)
    assert waits(file, kind, NOW + 4)
    assert not waits(file, kind, NOW + 5)


@BOTH
@pytest.mark.parametrize("retry_at", [2**62, -(2**62), 0])
def test_a_time_that_a_peer_names_is_bounded(kind, retry_at, file):
    note(file, kind, retry_at=retry_at)
    assert not waits(file, kind, NOW + LONGEST_RETRY)
    assert not file.reader.peers.has_suspects("pub")


@BOTH
def test_it_can_be_dropped(kind, file):
    note(file, kind)
    note(file, kind, TWO)
    writer = file.peer_writer
    drop = writer.drop_useless if kind is useless else writer.drop_refused
    drop("pub", [ONE, b"?" * 32])
    assert not waits(file, kind, NOW)
    assert len(kind(file)) == 1


@BOTH
def test_there_is_a_most_and_those_due_first_give_way(kind, file):
    many = [number.to_bytes(32) for number in range(MAX_WAITING)]
    if kind is useless:
        waiting = [(NOW, one, NOW + 10) for one in many]
        file.peer_writer.note_useless("pub", waiting, NOW)
    else:
        file.peer_writer.note_refused("pub", [(one, NOW + 10) for one in many], NOW)
    note(file, kind, retry_at=NOW + 5)
    assert not waits(file, kind, NOW)
    note(file, kind, retry_at=NOW + 20)
    assert waits(file, kind, NOW)
    assert len(kind(file)) == MAX_WAITING


def test_one_call_keeps_no_more_than_that(file):
    many = [(number.to_bytes(32), None) for number in range(MAX_WAITING + 1)]
    file.peer_writer.note_refused("pub", many, NOW)
    assert len(refused(file)) == MAX_WAITING


def test_what_was_never_judged_gives_way_last(file):
    file.peer_writer.suspect("pub", [ONE])
    many = [(number.to_bytes(32), None) for number in range(MAX_WAITING)]
    file.peer_writer.note_refused("pub", many, NOW)
    assert file.reader.peers.has_suspects("pub")


def test_a_suspect_that_is_refused_is_one_no_longer(file):
    file.peer_writer.suspect("pub", [ONE])
    assert refused(file) == set()
    note(file, refused)
    assert refused(file) == {ONE}
    assert not file.reader.peers.has_suspects("pub")


def test_an_acquittal_is_of_refused_ones_only(file):
    note(file, useless)
    note(file, refused)
    file.peer_writer.acquit("pub")
    assert (refused(file), len(useless(file))) == (set(), 1)


def test_a_reset_forgets_both(file):
    note(file, useless)
    note(file, refused)
    file.peer_writer.forget("pub")
    assert (refused(file), useless(file)) == (set(), [])
