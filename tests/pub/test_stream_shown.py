"""What a stream shows follows what its reader may have, also while it goes on."""

from esd.formats import Halves, parse_queries
from tests.pub.streaming import streaming
from tests.replicas import a_document

WIKI = parse_queries([{"pathPrefix": "/wiki/"}])


async def test_only_what_is_given_is_streamed(tmp_path):
    with streaming(tmp_path) as live:
        live.replica.halves = Halves(outgoing=WIKI)
        async with live.pieces() as pieces:
            await live.ingest(a_document("/chat/a"))
            await live.ingest(a_document("/wiki/a"))
            seen = b"".join([await anext(pieces)])
            assert b"/wiki/a" in seen
            assert b"/chat/a" not in seen


async def test_much_that_is_not_shown_holds_nobody_up(tmp_path):
    with streaming(tmp_path) as live:
        live.replica.halves = Halves(outgoing=WIKI)
        await live.ingest(*[a_document(f"/chat/{n}") for n in range(200)])
        await live.ingest(a_document("/wiki/a"))
        async with live.pieces(last_event_id="nowhere") as pieces:
            seen = b""
            while b"/wiki/a" not in seen:
                seen += await anext(pieces)
        assert b"/chat/" not in seen


async def test_queries_that_change_count_from_then_on(tmp_path):
    with streaming(tmp_path) as live:
        async with live.pieces() as pieces:
            await live.ingest(a_document("/chat/a"))
            assert b"/chat/a" in await anext(pieces)
            live.replica.halves = Halves(refuse=parse_queries([{"path": "/chat/b"}]))
            await live.ingest(a_document("/chat/b"), a_document("/chat/c"))
            seen = await anext(pieces)
            assert b"/chat/c" in seen
            assert b"/chat/b" not in seen


async def test_who_may_not_have_it_is_told_that_it_is_not_there(tmp_path):
    with streaming(tmp_path) as live:
        live.replica.anonymous = False
        refused = await live.ask()
        unknown = await live.ask(target="/earthstar-api/v1/+no.such/stream")
        assert (refused.status, refused.body) == (unknown.status, unknown.body)
        assert refused.status == 404


async def test_a_stream_ends_when_the_workspace_is_closed_to_strangers(tmp_path):
    with streaming(tmp_path) as live:
        async with live.pieces() as pieces:
            live.replica.anonymous = False
            await live.ingest(a_document("/a"))
            assert [piece async for piece in pieces] == []
