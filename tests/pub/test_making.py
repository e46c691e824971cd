"""Workspaces of strangers: none for nothing, and few in a row."""

import pytest
import trio

from esd.formats import WorkspaceAddress
from esd.pub import Caller, PubSettings
from esd.pub.making import AT_ONCE, EVERY, IN_VAIN, LOOKED_AT
from esd.web import Body, Request
from esd.web.line import Gone
from tests.pub.serving import DOCUMENTS, LOCAL, REMOTE, as_body, serving
from tests.pub.syncing import HOST, PREFIX, SALT
from tests.pub.test_push import invalid
from tests.replica.signed import documents
from tests.replicas import a_document

OTHER = "192.0.2.8"
KEY = "k" * 40
KNOWN = Caller(name="barn", key=KEY)
OPEN = PubSettings(creates=True, salt=SALT, names=(HOST,), callers=(KNOWN,))
ELSEWHERE = WorkspaceAddress.parse("+canary.elsewhere3x")


@pytest.fixture
def pub(tmp_path):
    with serving(tmp_path, OPEN, workspaces=()) as served:
        yield served


def target(number):
    return DOCUMENTS.replace("garden7q", f"new{number}x")


async def new(pub, number, remote=REMOTE, **headers):
    return (await pub.post([], target(number), remote=remote, **headers)).status


async def ask_for(pub, number, remote=REMOTE, **headers):
    body = b'{"workspace": "+canary.new%dx"}' % number
    headers = {"host": HOST, **headers}
    place = PREFIX + "workspaces/new"
    return (await pub.ask("POST", place, body, remote=remote, **headers)).status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[", 400),
        (b"{}", 400),
        (b"[{}]", 404),
        (as_body(invalid(3)), 404),
        (as_body(invalid(3))[:-1], 400),
        (as_body(invalid(IN_VAIN + 1)), 404),
        (as_body([a_document(to=ELSEWHERE)]), 404),
        (b"[" + b"{}," * 2 * IN_VAIN + b"{}]", 400),
        (b"[{}," + b" " * LOOKED_AT, 404),
    ],
)
async def test_for_nothing_no_workspace_is_made(body, status, pub):
    answer = await pub.post(body)
    assert (answer.status, answer.counts) == (status, (0, 0, 0))
    assert len(pub.replicas) == 0


LONG = a_document("/long", "x" * 3 * LOOKED_AT)


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        (b"[]", (0, 0, 0)),
        (b" [ ] ", (0, 0, 0)),
        (as_body(documents(1)), (1, 0, 1)),
        (as_body([*invalid(3), *documents(3)]), (3, 3, 6)),
        (as_body(documents(900)), (900, 0, 900)),
        (as_body([LONG]), (1, 0, 1)),
        (as_body([*documents(3), LONG]), (4, 0, 4)),
        (as_body([*invalid(3), LONG]), (1, 3, 4)),
    ],
    ids=[
        "empty",
        "spaces",
        "one",
        "odd ones first",
        "many",
        "long",
        "long at last",
        "long after odd ones",
    ],
)
async def test_for_a_document_or_for_an_empty_list_one_is_made(body, counts, pub):
    answer = await pub.post(body)
    assert (answer.status, answer.counts) == (200, counts)
    assert pub.count == counts[0]


async def test_what_comes_before_a_fault_is_stored(pub):
    answer = await pub.post(as_body(documents(3))[:-1] + b",nonsense]")
    assert (answer.status, answer.counts) == (400, (3, 0, 3))


async def test_a_body_that_never_comes_makes_nothing(pub, autojump_clock):
    """What 256 connections with a line each would fill a pub with."""

    async def receive():
        await trio.sleep(100)
        raise Gone("the client has left")

    body = Body(receive, limit=1 << 20)
    request = Request(method="POST", target=DOCUMENTS, remote=REMOTE, body=body)
    with pytest.raises(Gone):
        await pub.pub.handle(request)
    assert len(pub.replicas) == 0


async def test_what_is_looked_at_in_vain_is_charged(tmp_path, autojump_clock):
    limits = {"requests_per_second": 1, "request_burst": 3}
    with serving(tmp_path, OPEN, workspaces=(), **limits) as pub:
        assert (await pub.post(as_body(invalid(80)), remote=REMOTE)).status == 404
        answer = await pub.get(remote=REMOTE)
        assert (answer.status, answer.headers.get("retry-after")) == (429, "3")


@pytest.mark.parametrize("ask", [new, ask_for])
async def test_one_caller_makes_so_many_in_a_row(ask, pub, autojump_clock):
    for number in range(AT_ONCE):
        assert await ask(pub, number) == 200
    assert await ask(pub, AT_ONCE) == 429
    assert len(pub.replicas) == AT_ONCE
    assert await ask(pub, AT_ONCE - 1) == 200, "which is there already"
    assert await ask(pub, AT_ONCE, remote=OTHER) == 200
    await trio.sleep(EVERY)
    assert await ask(pub, AT_ONCE + 1) == 200
    assert await ask(pub, AT_ONCE + 2) == 429


@pytest.mark.parametrize("ask", [new, ask_for])
async def test_peers_that_we_know_make_as_many_as_they_need(ask, pub, autojump_clock):
    for number in range(2 * AT_ONCE):
        assert await ask(pub, number, authorization=f"Bearer {KEY}") == 200


@pytest.mark.parametrize("ask", [new, ask_for])
async def test_local_callers_are_not_counted(ask, pub, autojump_clock):
    for number in range(2 * AT_ONCE):
        assert await ask(pub, number, remote=LOCAL) == 200


async def test_a_refused_caller_is_told_in_words_that_it_survives(pub, autojump_clock):
    for number in range(AT_ONCE):
        await new(pub, number)
    answer = await pub.post(documents(3), remote=REMOTE)
    assert (answer.status, answer.counts) == (429, (0, 0, 0))
