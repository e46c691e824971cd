"""Every mistake in a configuration is told, all at once, each with its place."""

import pytest

from esd.config import ConfigError, parse_config
from esd.config.lines import Lines, spell
from esd.errors import OperatorMustAct

GARDEN = """
[[workspace]]
address = "+garden.friends"
alias = "garden"
"""


def config(text):
    return parse_config(text, "esd.toml")


def problems(text):
    with pytest.raises(ConfigError) as caught:
        config(text)
    return caught.value.problems


def http(line):
    return "[http]\n" + line


def limit(line):
    return "[limits]\n" + line


def aliased(text):
    return GARDEN.replace('"garden"', text)


def peer(**changes):
    """A workspace and a peer whose only mistakes are the changes; url is on line 7."""
    values = {"name": '"home"', "url": '"https://pub"', "workspaces": '["garden"]'}
    pairs = (values | changes).items()
    return GARDEN + "[[peer]]\n" + "\n".join(f"{k} = {v}" for k, v in pairs if v)


WRONG = [
    # TOML itself
    ("a = 1\nb = = 2", 2, "", "Invalid value"),
    ('a = """\n\n', 3, "", "Unterminated string"),
    ("a = 1\na = 2", 2, "", "Cannot overwrite a value"),
    ('a = "\x01"', 1, "", "Illegal character '\\x01'"),
    ("a = " + "1" * 5000, None, "", "holds a value that no configuration needs"),
    ("a = " + "[" * 100_000, None, "", "holds a value that no configuration needs"),
    # Keys
    ("stat_dir = 1", 1, "stat_dir", 'is an unknown key; did you mean "state_dir"?'),
    ("\n\nzebra = 1", 3, "zebra", "is an unknown key"),
    (http("titel = 1"), 2, "http.titel", 'is an unknown key; did you mean "title"?'),
    ("http = 1", 1, "http", "must be a table"),
    ("[peer]\nname = 1", 1, "peer", "must be written in double brackets"),
    ("peer = [1]", 1, "peer[0]", "must be a table"),
    # Top level and [http]
    ('state_dir = "x"', 1, "state_dir", "must be an absolute path"),
    ('state_dir = "~ada/x"', 1, "state_dir", "must be an absolute path"),
    ('state_dir = "/a\\u0000"', 1, "state_dir", "must be an absolute path"),
    ("state_dir = 1", 1, "state_dir", "must be a string"),
    (http('readonly = "yes"'), 2, "http.readonly", "must be true or false"),
    (
        http('new_workspaces = "no"'),
        2,
        "http.new_workspaces",
        'must be "closed" or "op',
    ),
    (http("listen = 1"), 2, "http.listen", "must be an array"),
    (http('listen = ["localhost:1"]'), 2, "http.listen[0]", "must be an address such"),
    (http('listen = ["127.0.0.1"]'), 2, "http.listen[0]", "must be an address such"),
    (http('listen = ["::1:80"]'), 2, "http.listen[0]", "must be an address such"),
    (
        http('listen = ["[127.0.0.1]:1"]'),
        2,
        "http.listen[0]",
        "must be an address such",
    ),
    (http('listen = ["[::1]:65536"]'), 2, "http.listen[0]", "has a port above 65535"),
    (http('names = ["https://x"]'), 2, "http.names[0]", "must be a host name"),
    (
        http('browser_origins = ["x.org"]'),
        2,
        "http.browser_origins[0]",
        'must be "*" or',
    ),
    (http('browser_origins = ["*",\n"https://x/"]'), 2, "http.browser_origins[1]", ""),
    # [limits]
    (limit('body = "8 MB"'), 2, "limits.body", "must be a size such as"),
    (limit("body = 1.5"), 2, "limits.body", "must be a size such as"),
    (limit("body = true"), 2, "limits.body", "must be a whole number above 0"),
    (
        limit("connections = 0"),
        2,
        "limits.connections",
        "must be a whole number above 0",
    ),
    (limit("idle = inf"), 2, "limits.idle", "must be above 0"),
    (limit("idle = true"), 2, "limits.idle", "must be a number"),
    (limit('idle = "1 minute"'), 2, "limits.idle", "must be a duration such as"),
    (limit("idle = 2026-01-01"), 2, "limits.idle", "must be a duration such as"),
    (limit("request_burst = nan"), 2, "limits.request_burst", "must be above 0"),
    (limit('request_burst = "1s"'), 2, "limits.request_burst", "must be a number"),
    # [[workspace]]
    ("[[workspace]]\n\nalias = 'x'", 1, "workspace[0].address", "is missing"),
    (
        "[[workspace]]\naddress = 'x.y'",
        2,
        "workspace[0].address",
        "is not a workspace ad",
    ),
    (aliased('"A b"'), 4, "workspace[0].alias", "must be a short name"),
    (aliased('"ws-1"'), 4, "workspace[0].alias", 'must not begin with "ws-"'),
    (
        GARDEN + GARDEN.replace("+garden", "+other"),
        8,
        "workspace[1].alias",
        "is the same as in workspace[0]",
    ),
    (
        GARDEN + aliased('"other"'),
        7,
        "workspace[1].address",
        "is the same as in workspace[0]",
    ),
    # [[peer]]
    (
        peer() + peer()[len(GARDEN) - 1 :],
        10,
        "peer[1].name",
        "is the same as in peer[0]",
    ),
    (peer(name=""), 5, "peer[0].name", "is missing"),
    (peer(url=""), 5, "peer[0].url", "is missing"),
    (peer(workspaces=""), 5, "peer[0].workspaces", "is missing"),
    (
        peer(workspaces='["gardn"]'),
        8,
        "peer[0].workspaces[0]",
        "is no alias of a [[work",
    ),
    (peer(workspaces="[\n1]"), 8, "peer[0].workspaces[0]", "must be a string"),
    (
        peer(direction='"up"'),
        9,
        "peer[0].direction",
        'must be "both" or "pull" or "push',
    ),
    (peer(interval='"5 minutes"'), 9, "peer[0].interval", "must be a duration such as"),
    (peer(interval="0.1"), 9, "peer[0].interval", "must be at least a second"),
    (peer(url='"ftp://pub"'), 7, "peer[0].url", "must begin with https:// or http://"),
    (peer(url='"https://"'), 7, "peer[0].url", "is not a URL"),
    (peer(url='"https://pub:99999"'), 7, "peer[0].url", "is not a URL"),
    (peer(url='"https://pub/a b"'), 7, "peer[0].url", "is not a URL"),
    (peer(url='"https://[::1"'), 7, "peer[0].url", "is not a URL"),
    (
        peer(url='"https://a:b@pub"'),
        7,
        "peer[0].url",
        "must not hold a user or password",
    ),
    (
        peer(url='"https://pub/?x"'),
        7,
        "peer[0].url",
        "must not have a query or fragment",
    ),
    (peer(url='"https://pub/w/+a.b"'), 7, "peer[0].url", "must be the pub's root"),
    (peer(url='"http://pub.org"'), 7, "peer[0].url", "is plain http to a far host"),
]


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    WRONG,
    ids=[f"{key or 'toml'} {words}"[:60] for _, _, key, words in WRONG],
)
def test_a_mistake_is_told_with_its_place(text, line, key, words):
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line, key)
    assert problem.text.startswith(words)


def test_a_mistake_is_one_line():
    with pytest.raises(ConfigError) as caught:
        config(http("readonly = 1\n") + limit("body = 'x'"))
    assert str(caught.value).splitlines() == [
        "esd.toml:2: http.readonly must be true or false",
        'esd.toml:4: limits.body must be a size such as "64 MiB", '
        "or a whole number of bytes",
    ]


def test_all_mistakes_are_told_at_once():
    text = http("readonly = 1\ntitel = 1\n") + GARDEN + peer(name="", interval="0")
    text = text.replace("+garden.friends", "no", 1)
    assert [problem.key for problem in problems(text)] == [
        "http.readonly",
        "http.titel",
        "workspace[0].address",
        "workspace[1].alias",
        "peer[0].name",
        "peer[0].interval",
    ]


def test_an_alias_whose_address_is_wrong_is_still_an_alias():
    assert len(problems(peer().replace("+garden.friends", "no"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"+secret.garden" = 1',
        '["+secret.garden"]\n["+secret.garden"]',
        '"+secret.garden" = 1\n"+secret.garden" = 1',
        '[[workspace]]\naddress = "+secret.garden "',
        '[[workspace]]\naddress = "secret.garden"',
        "[[workspace]]\naddress = +secret.garden",
        '[[workspace]]\naddress = "+secret.garden"\nalias = "+secret.garden"',
        peer(workspaces='["+secret.garden"]'),
        peer(workspaces='["secret.garden"]'),
        peer(url='"https://pub/workspace/+secret.garden"'),
        peer(url='"http://pub.org/earthstar-api/v1/%2Bsecret.garden"'),
        peer(interval='"+secret.garden"'),
        http('listen = ["+secret.garden"]\ntitle = ["+secret.garden"]'),
        'state_dir = "+secret.garden"',
        '[[workspace]]\naddress = "+secret.garden"\n' * 2,
    ],
)
def test_an_address_is_in_no_mistake(text):
    with pytest.raises(ConfigError) as caught:
        config(text)
    assert "secret" not in f"{caught.value!r} {caught.value}"


def test_a_mistake_is_the_operator_s_to_correct():
    with pytest.raises(OperatorMustAct) as caught:
        config("x = 1")
    assert "check-config" in caught.value.hint
    (problem,) = caught.value.problems
    assert (problem.file, problem.key, problem.line) == ("esd.toml", "x", 1)


LINED = """\
# a comment with a = 1
title = \"\"\"
[http]
readonly = 1
\"\"\"

[http]  # the real one
names = [
  "a",  # [peer]

  "b",
]
'quoted key' = {inner = 1}
dotted.key.deep = 2

[[peer]]
name = "x"
[[peer]]

name = "y"
[peer.sub]
z = 1"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("title",), 2),
        (("http",), 7),
        (("http", "readonly"), 7),
        (("http", "names"), 8),
        (("http", "names", 1), 8),
        (("http", "quoted key", "inner"), 13),
        (("http", "dotted", "key"), 14),
        (("http", "dotted", "key", "deep"), 14),
        (("peer", 0, "name"), 17),
        (("peer", 1), 18),
        (("peer", 1, "name"), 20),
        (("peer", 1, "url"), 18),
        (("peer", 1, "sub", "z"), 22),
        (("nowhere",), None),
        ((), None),
    ],
    ids=lambda value: spell(value) if isinstance(value, tuple) else None,
)
def test_the_line_of_a_key(key, line, ending):
    assert Lines(LINED.replace("\n", ending)).find(key) == line


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (("peer", 2, "interval"), "peer[2].interval"),
        (("http", "names", 0), "http.names[0]"),
        (("a-b_c",), "a-b_c"),
        (("http", "+garden.friends"), 'http."…"'),
        (("",), '"…"'),
    ],
)
def test_how_a_key_is_written(key, text):
    assert spell(key) == text
