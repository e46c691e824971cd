"""Times, sizes and lengths in a person's words."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from esd.ctl.facts import Facts
from esd.ctl.lengths import seconds
from esd.ctl.output import wants_colour
from esd.ctl.queries import query_lines
from esd.ctl.table import Table, printable
from esd.ctl.times import Times, plural, size, span
from esd.ctl.words import shown_peer, state_colour
from tests.ctl.running import stream

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (0.04, "40 ms"),
        (0.4, "0.4 s"),
        (2.0, "2 s"),
        (2.06, "2.1 s"),
        (18, "18 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7380, "2 h 3 min"),
        (7200, "2 h"),
        (3 * 86_400 + 5, "3 d"),
        (3 * 86_400 + 7200, "3 d 2 h"),
    ],
)
def test_a_length_of_time_is_told_by_its_two_largest_units(length, told):
    assert span(length) == told


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(0.4, "now"), (-0.4, "now"), (18, "in 18 s"), (-180, "3 min ago")],
)
def test_a_time_is_told_from_now(ahead, told):
    times = Times(NOW.timestamp(), relative=True)
    assert times.tell(NOW + timedelta(seconds=ahead)) == told


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (0, "now"),
        (-18, "18 s ago"),
        (-200, "3 min ago"),
        (-7380, "2 h ago"),
        (7380, "in 2 h 3 min"),
    ],
)
def test_what_is_past_is_told_briefly_where_many_stand_together(ahead, told):
    times = Times(NOW.timestamp(), relative=True)
    assert times.tell_briefly(NOW + timedelta(seconds=ahead)) == told


def test_brief_times_are_whole_in_a_report():
    times = Times(NOW.timestamp(), relative=False)
    assert times.tell_briefly(NOW) == "2026-11-22T09:00:00Z"
    assert times.tell_briefly(None, "not yet") == "not yet"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({}, "everything"),
        ({"path": "/a", "versionsByAuthor": "@suzy.b"}, "at /a, by @suzy.b"),
        ({"timestampAfter": "-2w"}, "of the last 2 weeks"),
        (
            {"timestampAfter": "-36h", "colour": "red"},
            "of the last 36 hours, colour red",
        ),
        ({"timestampAfter": 1_795_338_000_000_000}, "after 2026-11-22T09:00:00Z"),
        ({"timestampAfter": 2**53 - 1}, "after 2255-06-05T23:47:35Z"),
        ({"timestampAfter": 10**30}, f"after {10**30}"),
        ({"timestampAfter": 0}, "after 0"),
        ({"timestampAfter": "-3y"}, "after -3y"),
    ],
    ids=str,
)
def test_a_query_is_told_in_words(query, told):
    assert list(query_lines("incoming", [Facts(query)])) == [("incoming", told)]


def test_a_time_is_told_in_utc():
    times = Times(NOW.timestamp(), relative=False)
    assert times.tell(datetime.fromisoformat("2026-11-22T10:00:00.6+01:00")) == (
        "2026-11-22T09:00:01Z"
    )


def test_a_time_that_never_was():
    assert Times(0, relative=True).tell(None) == "never"


@pytest.mark.parametrize(
    ("octets", "told"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**40, "5120.0 GiB")],
)
def test_a_size_has_a_unit(octets, told):
    assert size(octets) == told


def test_one_is_no_plural():
    assert [plural(n, "peer") for n in (0, 1, 1200)] == [
        "0 peers",
        "1 peer",
        "1,200 peers",
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("30", 30), ("1.5s", 1.5), ("5m", 300), ("2h", 7200), ("1d", 86_400)],
)
def test_lengths_as_they_are_typed(typed, meant):
    assert seconds(typed) == meant


@pytest.mark.parametrize("typed", ["", "m", "-5", "1w", "nan", "inf", "1e99", "5 m m"])
def test_what_is_no_length(typed):
    with pytest.raises(ArgumentTypeError):
        seconds(typed)


@pytest.mark.parametrize(
    ("choice", "terminal", "environ", "wanted"),
    [
        ("auto", True, {"TERM": "xterm"}, True),
        ("auto", False, {"TERM": "xterm"}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", True, {}, False),
        ("auto", True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ("auto", True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"TERM": "xterm"}, False),
    ],
)
def test_who_gets_colours(choice, terminal, environ, wanted):
    assert wants_colour(choice, stream(terminal=terminal), environ) is wanted


def test_a_table_is_aligned():
    table = Table(("NAME", "COUNT"), right=frozenset({"COUNT"}))
    table.add("a", "1,000")
    table.add("longer", "2")
    assert list(table.plain_lines()) == [
        "NAME    COUNT",
        "a       1,000",
        "longer      2",
    ]


@pytest.mark.parametrize("steering", ["\x1b", "\n", "\x9b", "\u202e", "\u2028"])
def test_steering_characters_are_replaced(steering):
    assert printable(f"a{steering}ü") == "a\N{REPLACEMENT CHARACTER}ü"


STRANGE = Facts({"a": True, "b": None, "c": [1], "d": "x", "e": 2.5, "f": {"g": 1}})


def test_what_is_of_another_shape_is_not_known():
    assert [STRANGE.text(name) for name in "abcdez"] == ["true", "", "", "x", "2.5", ""]
    assert STRANGE.count("d") == 0
    assert STRANGE.moment("d") is None
    assert STRANGE.parts("d") == []
    assert STRANGE.part("f").count("g") == 1
    assert Facts([1]).text("a") == ""


def test_null_is_the_same_as_nothing():
    assert "b" not in STRANGE
    assert "d" in STRANGE


@pytest.mark.parametrize(
    ("peer", "told", "colour"),
    [
        ({"state": "in-sync", "live": True}, "✓ in sync, live", "green"),
        ({"state": "in-sync", "live": False}, "✓ in sync", "green"),
        ({"state": "in-sync"}, "✓ in sync", "green"),
        ({"state": "syncing", "live": True}, "↻ syncing, live", "cyan"),
        ({"state": "retrying", "live": True}, "! retrying, live", "yellow"),
        ({"state": "new-one", "live": True}, "new one, live", ""),
    ],
)
def test_a_live_peer_is_told_beside_its_state(peer, told, colour):
    assert shown_peer(Facts(peer)) == told
    word = told.partition(" ")[2] if colour else told
    assert state_colour(word) == colour
