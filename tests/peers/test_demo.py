"""The demo with the real earthstar-pub taking part."""

import sys
from functools import partial

import pytest
import trio

from tests.peers.pub import real_pub

pytestmark = pytest.mark.usefixtures("peers")


async def demo_with(pub):
    command = [sys.executable, "-m", "esd", "demo", "--seconds=1", "--pub", pub.url]
    run = partial(trio.run_process, capture_stdout=True, capture_stderr=True)
    ran = await run(command, check=False)
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


async def test_the_pub_ends_up_with_the_same_documents():
    async with real_pub() as pub:
        code, out, err = await demo_with(pub)
    assert (code, err) == (0, "")
    verdict = out.splitlines()[-1]
    assert "the left side, the right side and the pub hold the same" in verdict


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"closed": True}, "left: peer pub: not held there, nor wanted"),
        ({"readonly": True}, "left: peer pub: read-only there"),
    ],
    ids=["closed", "readonly"],
)
async def test_a_pub_that_takes_nothing_is_a_failure_with_its_reason(how, words):
    async with real_pub(**how) as pub:
        code, out, _ = await demo_with(pub)
    assert code == 1
    assert f"Trouble: {words}." in out
    assert out.splitlines()[-1].endswith("the pub 0.")
