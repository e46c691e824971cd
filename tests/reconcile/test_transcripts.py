"""Every byte that two sides say is the one of the golden transcripts."""

import json

import pytest

from esd.reconcile import Initiator, Responder
from tests.reconcile.sides import numbered
from tests.reconcile.transcripts import CASES, FILES, file, side, transcript

TRANSCRIPTS = [
    pytest.param(name, one, id=f"{name}: {one['name']}")
    for name in FILES
    for one in json.loads(file(name).read_text())["cases"]
]


def test_every_case_has_a_transcript():
    assert len(TRANSCRIPTS) == len(CASES) * len(FILES)


@pytest.mark.parametrize(("splitting", "golden"), TRANSCRIPTS)
def test_two_sides_say_the_golden_bytes(splitting, golden):
    done = transcript(golden["name"], splitting)
    assert [message.hex() for message in done.messages] == golden["messages"]
    assert done.have == {numbered(number)[8:] for number in golden["have"]}
    assert done.need == {numbered(number)[8:] for number in golden["need"]}


@pytest.mark.parametrize(("splitting", "golden"), TRANSCRIPTS)
def test_a_responder_answers_each_message_by_itself(splitting, golden):
    """The last ones first: nothing is kept between messages."""
    held = side(golden["times"], golden["responder"])
    responder = Responder(splitting=FILES[splitting], frame=golden["frame"])
    messages = list(map(bytes.fromhex, golden["messages"]))
    pairs = list(zip(messages[::2], messages[1::2], strict=True))
    for asked, answer in reversed(pairs):
        assert responder.respond(held, asked) == answer


@pytest.mark.parametrize(("splitting", "golden"), TRANSCRIPTS)
def test_an_initiator_keeps_nothing_but_the_count_of_rounds(splitting, golden):
    held = side(golden["times"], golden["initiator"])
    messages = list(map(bytes.fromhex, golden["messages"]))
    for answer, following in zip(messages[1::2], [*messages[2::2], None], strict=True):
        initiator = Initiator(splitting=FILES[splitting], frame=golden["frame"])
        assert initiator.reconcile(held, answer).message == following
