"""Replication queries in the configuration: of a workspace, and of a peer."""

import pytest

from esd.formats.replication import (
    EVERYTHING,
    MOST_QUERIES,
    Halves,
    in_formats,
    parse_queries,
)
from tests.config.written import (
    AFTER_GARDEN,
    called,
    the_peer,
    the_workspace,
    workspace,
)
from tests.config.written import problem as mistake

WIKI = [{"pathPrefix": "/wiki/"}]
RECENT = {
    "path": "/a/b",
    "pathPrefix": "/a",
    "versionsByAuthor": "@suzy.b" + "a" * 52,
    "timestampAfter": "-30d",
    "format": "es.4",
}
TOML = """\
[[workspace.incoming]]
path = "/a/b"
pathPrefix = "/a"
versionsByAuthor = "@suzy.b%s"
timestampAfter = "-30d"
format = "es.4"
[[workspace.incoming]]
timestampAfter = 1_600_000_000_000_000
[[workspace.refuse]]
pathPrefix = "/ads/"
"""


def test_a_workspace_wants_and_gives_everything_by_default():
    found = the_workspace(workspace())
    assert found.halves == Halves()
    assert found.anonymous


def test_the_fields_are_those_of_the_wire():
    found = the_workspace(workspace(TOML % ("a" * 52)))
    times = {"timestampAfter": 1_600_000_000_000_000}
    assert found.halves == Halves(
        incoming=parse_queries([RECENT, times]),
        refuse=parse_queries([{"pathPrefix": "/ads/"}]),
    )


@pytest.mark.parametrize("name", ["incoming", "outgoing", "refuse"])
@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("[]", []),
        ("[{}]", [{}]),
        ('[{ pathPrefix = "/wiki/" }]', WIKI),
        ('[{ pathPrefix = "/wiki/" },\n{ path = "/a" }]', [*WIKI, {"path": "/a"}]),
    ],
)
def test_inline_tables(name, text, queries):
    halves = the_workspace(workspace(f"{name} = {text}")).halves
    assert getattr(halves, name) == parse_queries(queries)


def test_a_workspace_can_be_for_known_callers_only():
    assert not the_workspace(workspace("anonymous = false")).anonymous


def test_a_peer_has_the_queries_of_the_workspace_by_default():
    found = the_peer(called())
    assert (found.incoming, found.outgoing) == (None, None)


def test_a_peer_can_have_queries_of_its_own():
    found = the_peer(called("incoming = [{}]", 'outgoing = [{pathPrefix = "/wiki/"}]'))
    assert (found.incoming, found.outgoing) == (EVERYTHING, parse_queries(WIKI))


def test_a_peer_can_be_given_nothing():
    assert the_peer(called("outgoing = []")).outgoing == ()


BAD = [
    ("incoming = 1", "", "must be an array"),
    ("incoming = {}", "", "must be written in double brackets"),
    ('incoming = ["/wiki/"]', "[0]", "must be a table"),
    (
        'incoming = [{ path_prefix = "/wiki/" }]',
        "[0].path_prefix",
        'is an unknown key; did you mean "pathPrefix"?',
    ),
    (
        "incoming = [{}, { timestamp_after = 1 }]",
        "[1].timestamp_after",
        'is an unknown key; did you mean "timestampAfter"?',
    ),
    ("incoming = [{ zebra = 1 }]", "[0].zebra", "is an unknown key"),
    ("incoming = [{ path = 1 }]", "[0].path", "must be a string"),
    ('incoming = [{ path = "" }]', "[0].path", "must be 1 to 512 characters"),
    ('incoming = [{ path = "wiki" }]', "[0].path", "must begin with /"),
    ('incoming = [{ pathPrefix = "wiki/" }]', "[0].pathPrefix", "must begin with /"),
    ('incoming = [{ pathPrefix = "/é" }]', "[0].pathPrefix", "must be 0 to 512"),
    (
        'incoming = [{ versionsByAuthor = "suzy" }]',
        "[0].versionsByAuthor",
        "must begin with @",
    ),
    ('incoming = [{ format = "" }]', "[0].format", "must be 1 to 32 characters"),
    (
        'incoming = [{ timestampAfter = "30d" }]',
        "[0].timestampAfter",
        "must be microseconds since 1970, or an age",
    ),
    (
        "incoming = [{ timestampAfter = 2026-01-01 }]",
        "[0].timestampAfter",
        "must be microseconds since 1970, or an age",
    ),
    (
        'incoming = [{ path = "/a", pathPrefix = "/b" }]',
        "[0]",
        "matches nothing: its path is not under its pathPrefix",
    ),
    (f"incoming = [{'{},' * 33}]", "", "has more than 32 queries"),
]


@pytest.mark.parametrize(
    ("line", "place", "words"), BAD, ids=[f"{two} {three}" for _, two, three in BAD]
)
@pytest.mark.parametrize("name", ["incoming", "outgoing", "refuse"])
def test_a_mistake_in_a_workspace_s_query_is_told(name, line, place, words):
    found = mistake(workspace("", line.replace("incoming", name)))
    assert found[:2] == (AFTER_GARDEN + 1, f"workspace[0].{name}{place}")
    assert found[2].startswith(words)


@pytest.mark.parametrize(
    ("line", "place", "words"), BAD, ids=[f"{two} {three}" for _, two, three in BAD]
)
def test_a_mistake_in_a_peer_s_query_is_told(line, place, words):
    _, key, text = mistake(called(line))
    assert key == f"peer[0].incoming{place}"
    assert text.startswith(words)


def test_a_mistake_is_told_with_its_line():
    text = "\n[[workspace.refuse]]\n\npathPrefix = 'x'\n"
    assert mistake(workspace(text))[0] == AFTER_GARDEN + 3


def test_what_only_a_workspace_has_is_unknown_in_a_peer():
    assert mistake(called("refuse = []"))[1:] == ("peer[0].refuse", "is an unknown key")


def test_anonymous_is_true_or_false():
    found = mistake(workspace('anonymous = "no"'))
    assert found[1:] == ("workspace[0].anonymous", "must be true or false")


def test_no_mistake_repeats_a_value():
    text = workspace('incoming = [{ path = "+secret.garden", "+secret.garden2" = 1 }]')
    with pytest.raises(Exception, match="must begin with") as caught:
        the_workspace(text)
    assert "secret" not in str(caught.value)


def test_queries_as_long_as_may_be_can_be_sent_in_both_formats():
    lines = ",".join(f'{{path = "/{number}"}}' for number in range(32))
    incoming = the_workspace(workspace(f"incoming = [{lines}]")).halves.incoming
    assert len(in_formats(incoming, ["es.3", "es.4"])) <= MOST_QUERIES
