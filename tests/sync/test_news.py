"""What a run that failed had news of is still news."""

from tests.sync.pubs import PubWire, reply
from tests.sync.test_peers import a_house, finished


async def test_a_write_survives_a_manual_run_that_fails(tmp_path, autojump_clock):
    wire = PubWire()
    async with a_house(tmp_path, {"pub": wire}) as house:
        await house.peers.sync("pub")
        wire.answer = lambda request: reply(503)
        await house.write("/news")
        run = await house.peers.sync("pub")
        assert run.trouble
        wire.answer = None
        count = len(house.peers.runs.latest())
        await finished(house, "pub", count + 1)
        assert any(path == "/news" for path, _ in wire.documents)
