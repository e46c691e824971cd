"""Who asks too much: told when to come back, in words that its client survives."""

import pytest
import trio

from esd.web import Body, Request
from esd.web.line import Gone
from tests.pub.serving import DOCUMENTS, LOCAL, PATHS, REMOTE, as_body, serving
from tests.pub.test_push import invalid
from tests.replica.signed import documents

OTHER = "192.0.2.8"


@pytest.fixture
def slow(tmp_path):
    """One request a second, three at once."""
    with serving(tmp_path, requests_per_second=1, request_burst=3) as served:
        yield served


async def exhaust(pub, remote=REMOTE):
    for _ in range(3):
        assert (await pub.get(remote=remote)).status == 200


async def test_more_than_a_burst_has_to_wait(slow, autojump_clock):
    await exhaust(slow)
    answer = await slow.get(remote=REMOTE)
    assert (answer.status, answer.headers.get("retry-after")) == (429, "1")
    await trio.sleep(1)
    assert (await slow.get(remote=REMOTE)).status == 200


async def test_the_refusals_are_worded_for_old_clients(slow, autojump_clock):
    await exhaust(slow)
    for target in (DOCUMENTS, PATHS):
        got = await slow.get(target, remote=REMOTE)
        assert (got.status, got.json) == (429, [])
    posted = await slow.post(documents(1), remote=REMOTE)
    assert (posted.status, posted.counts, slow.count) == (429, (0, 0, 0), 0)
    home = await slow.get("/", remote=REMOTE)
    assert (home.status, home.body) == (429, b"too many requests")


async def test_a_browser_may_read_the_refusal(slow, autojump_clock):
    await exhaust(slow)
    for method in ("GET", "POST", "OPTIONS"):
        answer = await slow.ask(method, DOCUMENTS, remote=REMOTE)
        assert answer.status == 429
        assert answer.headers.get("access-control-allow-origin") == "*"


async def test_one_callers_haste_is_nobody_elses(slow, autojump_clock):
    await exhaust(slow)
    assert (await slow.get(remote=OTHER)).status == 200


@pytest.mark.parametrize(
    "remote", [LOCAL, "127.8.8.8", "::1", "::ffff:127.0.0.1", "unix"]
)
async def test_the_machine_itself_never_waits(remote, slow, autojump_clock):
    for _ in range(20):
        assert (await slow.get(remote=remote)).status == 200
    assert (await slow.post(invalid(100), remote=remote)).status == 200
    assert (await slow.get(remote=remote)).status == 200


async def test_ipv6_callers_count_by_their_network(slow, autojump_clock):
    for n in range(3):
        assert (await slow.get(remote=f"2001:db8::{n}")).status == 200
    assert (await slow.get(remote="2001:db8::ffff")).status == 429


async def wait_after(pub, body):
    """How long a caller has to wait after a push as its third request."""
    for _ in range(2):
        await pub.get(remote=REMOTE)
    await pub.ask("POST", DOCUMENTS, body, remote=REMOTE)
    answer = await pub.get(remote=REMOTE)
    return int(answer.headers.get("retry-after"))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (as_body([]), 1),
        (as_body(documents(500)), 2),
        (as_body(invalid(40)), 3),
        (as_body(invalid(200)), 11),
        (b"[" + b",".join([b"{}"] * 200) + b"]", 11),
        (as_body(invalid(200))[:-1], 11),
    ],
    ids=["nothing", "stored", "forty in vain", "many", "garbage", "cut short"],
)
async def test_what_was_verified_in_vain_costs_most(
    body, seconds, slow, autojump_clock
):
    assert await wait_after(slow, body) == seconds


async def test_what_is_known_costs_only_its_request(slow, autojump_clock):
    await slow.post(documents(500))
    assert await wait_after(slow, as_body(documents(500))) == 1


async def test_leaving_before_the_answer_saves_nothing(slow, autojump_clock):
    pieces = iter([as_body(invalid(200))[:-1]])

    async def receive():
        await trio.lowlevel.checkpoint()
        for piece in pieces:
            return piece
        raise Gone("the client has left")

    body = Body(receive, limit=1 << 20)
    request = Request(method="POST", target=DOCUMENTS, remote=REMOTE, body=body)
    with pytest.raises(Gone):
        await slow.pub.handle(request)
    assert slow.pub._rates._buckets.take(REMOTE, trio.current_time()) > 7
