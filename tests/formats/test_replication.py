"""Replication queries: what is one, what a predicate of them matches, their digest."""

import hashlib
import json
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from esd.formats import decode_base32
from esd.formats.ranges import common_ranges, joined_ranges
from esd.formats.replication import (
    EVERYTHING,
    MOST_QUERIES,
    Halves,
    InvalidReplicationQuery,
    ReplicationQuery,
    hour_of,
    in_formats,
    parse_halves,
    parse_queries,
    predicate,
)

HOUR = 3_600_000_000
DAY = 24 * HOUR
AT = 472_222 * HOUR

PATHS = ["/", "/a", "/a/b", "/a/bc", "/a/c", "/b", "/b~", "/~", "/~~", "/a0"]
PREFIXES = ["", "/", "/a", "/a/", "/a/b", "/b", "/~", "/c"]
AUTHORS = ["@suzy.b", "@matt.b"]
FORMATS = ["es.3", "es.4"]
TIMES = [0, 1, HOUR, AT - DAY, AT - HOUR, AT - 1, AT, AT + 1]
AGES = ["-1h", "-1d", "-2w"]
UNITS = {"h": HOUR, "d": DAY, "w": 7 * DAY}

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "path": st.sampled_from(PATHS),
        "pathPrefix": st.sampled_from(PREFIXES),
        "versionsByAuthor": st.sampled_from(AUTHORS),
        "timestampAfter": st.sampled_from(TIMES) | st.sampled_from(AGES),
        "format": st.sampled_from([*FORMATS, "es.9"]),
    },
)
QUERIES = st.lists(FIELDS, max_size=3)
LISTS = st.lists(QUERIES, max_size=3)
DOCUMENTS = st.tuples(
    st.sampled_from(PATHS),
    st.sampled_from(AUTHORS),
    st.sampled_from(TIMES) | st.integers(0, 2 * AT),
    st.sampled_from(FORMATS),
)


def made(lists, refuse=()):
    return predicate(
        *map(parse_queries, lists), refuse=parse_queries(list(refuse)), at=AT
    )


# What the specification says, as it says it


def passes(query, document):
    path, author, timestamp, name = document
    after = query.get("timestampAfter", -1)
    if isinstance(after, str):
        after = AT - int(after[1:-1]) * UNITS[after[-1]]
    return (
        query.get("path", path) == path
        and path.startswith(query.get("pathPrefix", ""))
        and query.get("versionsByAuthor", author) == author
        and timestamp > after
        and query.get("format", name) == name
    )


def passes_any(queries, document):
    return any(passes(query, document) for query in queries)


def moves(lists, refuse, document):
    wanted = all(passes_any(queries, document) for queries in lists)
    return wanted and not passes_any(refuse, document)


@given(LISTS, QUERIES, DOCUMENTS)
def test_a_predicate_is_what_the_queries_say(lists, refuse, document):
    assert made(lists, refuse).matches(*document) == moves(lists, refuse, document)


@given(LISTS, QUERIES, DOCUMENTS)
def test_a_predicate_is_its_timeless_rest_and_its_bound(lists, refuse, document):
    whole = made(lists, refuse)
    in_time = whole.after is None or document[2] > whole.after
    assert whole.matches(*document) == (in_time and whole.timeless.matches(*document))


@given(LISTS, QUERIES)
def test_what_is_timeless_has_no_bound(lists, refuse):
    timeless = made(lists, refuse).timeless
    assert timeless.after is None
    assert timeless.timeless == timeless


@given(LISTS, QUERIES, DOCUMENTS)
def test_the_ranges_of_paths_leave_out_no_match(lists, refuse, document):
    whole = made(lists, refuse)
    if whole.paths is not None and whole.matches(*document):
        assert within(document[0], whole.paths)


def within(path, ranges):
    return any(low <= path and (high is None or path < high) for low, high in ranges)


@given(LISTS)
def test_the_ranges_of_paths_are_disjoint_and_sorted(lists):
    assert in_order(made(lists).paths or ())


def in_order(ranges):
    edges = [edge for one in ranges for edge in one]
    return all(one < other for one, other in pairwise(edges))


@given(LISTS, QUERIES, DOCUMENTS)
def test_everything_and_nothing_are_what_they_say(lists, refuse, document):
    whole = made(lists, refuse)
    assert not whole.is_everything or whole.matches(*document)
    assert not whole.is_nothing or not whole.matches(*document)
    assert not (whole.is_everything and whole.is_nothing)


@given(LISTS, QUERIES, st.randoms(use_true_random=False))
def test_the_order_of_what_is_written_does_not_count(lists, refuse, random):
    other = [[*queries, *queries[:1]] for queries in [*lists, *lists[:1], [{}]]]
    for queries in [*other, other]:
        random.shuffle(queries)
    here, there = made(lists, refuse), made(other, refuse[::-1])
    assert here == there
    assert hash(here) == hash(there)


@given(LISTS, QUERIES, DOCUMENTS)
def test_equal_predicates_match_the_same(lists, refuse, document):
    whole = made(lists, refuse)
    for other in (made(lists), made([*lists, refuse]), made(lists[:1], refuse)):
        if other == whole:
            assert other.matches(*document) == whole.matches(*document)


# Single cases


@pytest.mark.parametrize(
    ("lists", "refuse"),
    [
        ([], []),
        ([[{}]], []),
        ([[{}, {"path": "/a"}]], []),
        ([[{"pathPrefix": ""}]], []),
    ],
)
def test_everything(lists, refuse):
    whole = made(lists, refuse)
    assert whole.is_everything
    assert (whole.after, whole.paths, whole.timeless) == (None, None, whole)
    assert whole == made([])


@pytest.mark.parametrize(
    ("lists", "refuse"),
    [
        ([[]], []),
        ([[{}], []], []),
        ([[{}]], [{}]),
        ([[{"path": "/a", "pathPrefix": "/b"}]], []),
        ([[{"pathPrefix": "/a"}], [{"path": "/b"}, {"pathPrefix": "/c"}]], []),
        ([[{"format": "es.3"}], [{"format": "es.4"}]], []),
    ],
)
def test_nothing(lists, refuse):
    whole = made(lists, refuse)
    assert whole.is_nothing
    assert not whole.is_everything
    assert (whole.after, whole.paths) == (None, ())
    assert whole == made([[]])


@pytest.mark.parametrize(
    ("lists", "after"),
    [
        ([[{"timestampAfter": 5}]], 5),
        ([[{"timestampAfter": 0}]], 0),
        ([[{"timestampAfter": "-1d"}]], AT - DAY),
        ([[{"timestampAfter": 5}, {"timestampAfter": 5, "path": "/a"}]], 5),
        ([[{"timestampAfter": 5}, {"path": "/a"}]], None),
        ([[{"timestampAfter": 5}, {"timestampAfter": 6}]], None),
        ([[{"timestampAfter": 5}], [{"timestampAfter": 6}]], 6),
        ([[{"timestampAfter": 5}], [{"path": "/a"}]], 5),
    ],
)
def test_a_bound_in_time_holds_where_a_whole_list_says_so(lists, after):
    assert made(lists).after == after


def test_an_age_before_all_time_is_no_bound():
    early = predicate(parse_queries([{"timestampAfter": "-1w"}]), at=HOUR)
    assert early.is_everything


def test_the_hour_does_not_change_what_is_timeless():
    queries = parse_queries([{"timestampAfter": "-1d", "pathPrefix": "/a"}])
    now, later = (predicate(queries, at=at) for at in (AT, AT + HOUR))
    assert now != later
    assert now.timeless == later.timeless


@pytest.mark.parametrize(
    ("lists", "paths"),
    [
        ([[{"path": "/a"}]], (("/a", "/a\0"),)),
        ([[{"pathPrefix": "/a"}]], (("/a", "/b"),)),
        ([[{"pathPrefix": "/~"}]], (("/~", "/\x7f"),)),
        ([[{"pathPrefix": "/b"}, {"pathPrefix": "/a"}]], (("/a", "/c"),)),
        ([[{"pathPrefix": "/a"}, {"path": "/a/b"}]], (("/a", "/b"),)),
        ([[{"pathPrefix": "/a"}], [{"path": "/a/b"}]], (("/a/b", "/a/b\0"),)),
        ([[{"pathPrefix": "/a"}, {"format": "es.4"}]], None),
        ([[{"pathPrefix": "/a"}], [{"format": "es.4"}]], (("/a", "/b"),)),
    ],
)
def test_ranges_of_paths(lists, paths):
    assert made(lists).paths == paths


EDGES = st.lists(
    st.tuples(st.text("abc", max_size=2), st.none() | st.text("abcd", max_size=2)),
    max_size=5,
).map(lambda some: [one for one in some if one[1] is None or one[0] < one[1]])
TEXTS = st.text("abcd", max_size=3)


@given(EDGES, TEXTS)
def test_joined_ranges_hold_the_same(ranges, text):
    joined = joined_ranges(ranges)
    assert within(text, joined) == within(text, ranges)
    assert in_order([one for one in joined if one[1] is not None])
    assert all(high is not None for _, high in joined[:-1])


@given(EDGES, EDGES, TEXTS)
def test_common_ranges_hold_what_is_in_both(ours, theirs, text):
    ours, theirs = joined_ranges(ours), joined_ranges(theirs)
    common = common_ranges(ours, theirs)
    assert within(text, common) == (within(text, ours) and within(text, theirs))
    assert common == joined_ranges(common)


def test_a_predicate_shows_no_path():
    assert "secret" not in repr(made([[{"path": "/secret"}]]))


# What is a query


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "must be a list of queries"),
        ({}, "must be a list of queries"),
        ("[{}]", "must be a list of queries"),
        ([[]], "[0] must be an object"),
        ([{}, None], "[1] must be an object"),
        ([{"path_prefix": "/"}], "[0] has a field that is none of path, pathPrefix,"),
        ([{"secret": 1}], "[0] has a field that is none of path, pathPrefix,"),
        ([{"path": None}], "[0].path must be a string"),
        ([{"path": 5}], "[0].path must be a string"),
        ([{"path": ""}], "[0].path must be 1 to 512 characters of printable ASCII"),
        ([{"path": "/" * 513}], "[0].path must be 1 to 512 characters of"),
        ([{"path": "/secret\n"}], "[0].path must be 1 to 512 characters of"),
        ([{"path": "/\ud800"}], "[0].path must be 1 to 512 characters of"),
        ([{"path": "/\0"}], "[0].path must be 1 to 512 characters of"),
        ([{"pathPrefix": "/é"}], "[0].pathPrefix must be 0 to 512 characters of"),
        ([{"pathPrefix": "/\x7f"}], "[0].pathPrefix must be 0 to 512 characters of"),
        ([{"pathPrefix": "/" * 513}], "[0].pathPrefix must be 0 to 512 characters of"),
        ([{"pathPrefix": ["/"]}], "[0].pathPrefix must be a string"),
        ([{"versionsByAuthor": ""}], "[0].versionsByAuthor must be 1 to 60"),
        ([{"versionsByAuthor": "@" * 61}], "[0].versionsByAuthor must be 1 to 60"),
        ([{"versionsByAuthor": False}], "[0].versionsByAuthor must be a string"),
        ([{"format": ""}], "[0].format must be 1 to 32 characters"),
        ([{"format": "e" * 33}], "[0].format must be 1 to 32 characters"),
        ([{"format": 4}], "[0].format must be a string"),
        *[
            ([{}, {"timestampAfter": time}], "[1].timestampAfter must be microseconds")
            for time in [
                *[-1, 2**53, 10**400, 1.0, 1.5, True, None, [1]],
                *["", "5", "30d", "-d", "-0d", "-030d", "-1.5d", "-30", "-30m", "-30D"],
                *["- 30d", "-30d ", "-30d\n", "-٣d", "--3d", "-878401h", "-36601d"],
                *["-5229w", "-9999999w", "-" + "9" * 5000 + "d"],
            ]
        ],
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_is_no_query_is_refused_by_place(value, told):
    with pytest.raises(InvalidReplicationQuery) as caught:
        parse_queries(value)
    assert str(caught.value).startswith(told)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"path": "/" * 512, "pathPrefix": "", "format": "es.99"},
        {"versionsByAuthor": "@suzy." + "b" * 53},
        {"timestampAfter": 0},
        {"timestampAfter": 2**53 - 1},
        {"timestampAfter": "-878400h"},
        {"timestampAfter": "-36600d"},
        {"timestampAfter": "-5228w"},
    ],
)
def test_a_query_stays_as_it_was_written(query):
    assert Halves(incoming=parse_queries([query])).as_object()["incoming"] == [query]


def test_a_list_of_queries_is_bounded():
    assert len(parse_queries([{}] * MOST_QUERIES)) == MOST_QUERIES
    with pytest.raises(InvalidReplicationQuery, match="has more than 64 queries"):
        parse_queries([{}] * (MOST_QUERIES + 1))


def test_queries_can_be_keys():
    assert len({parse_queries([{"path": "/a"}]), parse_queries([{"path": "/a"}])}) == 1


@pytest.mark.parametrize(
    ("now", "hour"),
    [(AT, AT), (AT + 1, AT), (AT + HOUR - 1, AT), (AT + HOUR, AT + HOUR), (0, 0)],
)
def test_the_hour_is_where_it_began(now, hour):
    assert hour_of(now) == hour


# The formats we know


@given(QUERIES, DOCUMENTS, st.sets(st.sampled_from(FORMATS)))
def test_in_formats_every_query_names_one_of_them(queries, document, formats):
    parsed = parse_queries(queries)
    named = in_formats(parsed, formats)
    assert {query.format for query in named} <= formats
    meant = passes_any(queries, document) and document[3] in formats
    assert predicate(named, at=AT).matches(*document) == meant


def test_in_formats_is_the_same_in_any_order():
    queries = parse_queries([{"path": "/a"}, {"format": "es.4"}, {"format": "es.9"}])
    named = in_formats(queries, {"es.4", "es.3"})
    assert named == in_formats(queries, ["es.3", "es.4"])
    assert named == (
        ReplicationQuery(path="/a", format="es.3"),
        ReplicationQuery(path="/a", format="es.4"),
        ReplicationQuery(format="es.4"),
    )
    assert in_formats(EVERYTHING, []) == ()


# Halves


def test_the_digest_is_of_the_sorted_json():
    halves = parse_halves(
        {
            "outgoing": [{"pathPrefix": "/wiki/", "format": "es.4"}, {}],
            "incoming": [{"timestampAfter": "-30d"}],
            "refuse": [{"versionsByAuthor": "@suzy.b", "timestampAfter": 5}],
        }
    )
    text = (
        b'{"incoming":[{"timestampAfter":"-30d"}],'
        b'"outgoing":[{"format":"es.4","pathPrefix":"/wiki/"},{}],'
        b'"refuse":[{"timestampAfter":5,"versionsByAuthor":"@suzy.b"}]}'
    )
    assert decode_base32(halves.digest) == hashlib.sha256(text).digest()


def test_the_digest_of_everything_is_known():
    text = b'{"incoming":[{}],"outgoing":[{}],"refuse":[]}'
    assert decode_base32(Halves().digest) == hashlib.sha256(text).digest()


@given(QUERIES, QUERIES, QUERIES, st.randoms(use_true_random=False))
def test_the_digest_is_stable_under_the_order_of_fields(one, two, three, random):
    given_ = {"incoming": one, "outgoing": two, "refuse": three}
    halves, other = parse_halves(given_), parse_halves(shuffled(given_, random))
    assert halves == other
    assert halves.digest == other.digest


def shuffled(value, random):
    if isinstance(value, list):
        return [shuffled(one, random) for one in value]
    if not isinstance(value, dict):
        return value
    names = random.sample(list(value), len(value))
    return {name: shuffled(value[name], random) for name in names}


@given(QUERIES, QUERIES)
def test_other_halves_have_another_digest(one, other):
    assume(one != other)
    here, there = (Halves(incoming=parse_queries(some)) for some in (one, other))
    assert here.digest != there.digest


@given(QUERIES, QUERIES, QUERIES)
def test_halves_survive_the_wire(one, two, three):
    halves = parse_halves({"incoming": one, "outgoing": two, "refuse": three})
    sent = halves.as_object() | {"digest": halves.digest, "at": AT, "news": None}
    assert parse_halves(json.loads(json.dumps(sent))) == halves


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "must be an object"),
        ({"incoming": [], "refuse": []}, "outgoing is missing"),
        ({"incoming": {}, "outgoing": [], "refuse": []}, "incoming must be a list"),
        (
            {"incoming": [], "outgoing": [], "refuse": [{}, {"path": ""}]},
            "refuse[1].path must be 1 to 512",
        ),
        ({"incoming": [{"x": 1}], "outgoing": [], "refuse": []}, "incoming[0] has a"),
    ],
)
def test_what_are_no_halves_is_refused_by_place(value, told):
    with pytest.raises(InvalidReplicationQuery) as caught:
        parse_halves(value)
    assert str(caught.value).startswith(told)
