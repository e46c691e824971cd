"""Both of our roles against another implementation, byte for byte."""

import random

import pytest

from esd.reconcile import OURS, REFERENCE, Initiator, Items, Responder, key_of
from tests.reconcile.reference import (
    MOST_TIMESTAMP,
    ReferenceMissing,
    program,
    reference_side,
)
from tests.reconcile.sides import ids, talk
from tests.reconcile.transcripts import CASES, SECONDS, side, transcript

NO_LIMIT = 1 << 24
SMALL_TIMES = [name for name, (times, *_) in CASES.items() if times == SECONDS]

TIMES = {
    "spread": lambda chance: chance.randrange(MOST_TIMESTAMP),
    "bursts": lambda chance: chance.choice([0, 10, 2**30]) + chance.randrange(8),
    "equal": lambda _: 1_600_000_000,
}


@pytest.fixture(scope="module", autouse=True)
def _reference():
    try:
        program()
    except ReferenceMissing as exc:
        pytest.skip(str(exc))


def two_sets(seed: int, times: str, only: float) -> tuple[Items, Items]:
    """Some thousand items; *only* is the part that one side alone holds, each."""
    chance = random.Random(seed)
    mine, other = Items(), Items()
    for _ in range(chance.choice([3, 31, 32, 500, 3_000])):
        key, where = key_of(TIMES[times](chance), chance.randbytes(32)), chance.random()
        if where >= only:
            mine.insert(key)
        if where < only or where >= 2 * only:
            other.insert(key)
    return mine, other


@pytest.mark.parametrize("only", [0, 0.01, 0.5])
@pytest.mark.parametrize("times", list(TIMES))
@pytest.mark.parametrize("frame", [NO_LIMIT, 4_096, 20_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_message_is_the_same_byte_for_byte(seed, frame, times, only):
    mine, other = two_sets(seed, times, only)
    ours = talk(
        mine,
        other,
        Initiator(splitting=REFERENCE, frame=frame),
        Responder(splitting=REFERENCE, frame=frame),
    )
    limit = 0 if frame == NO_LIMIT else frame
    with reference_side(mine, limit) as asking, reference_side(other, limit) as answers:
        have: set[bytes] = set()
        need: set[bytes] = set()
        said: bytes | None = asking.initiate()
        for asked, answer in zip(*[iter(ours.messages)] * 2, strict=True):
            assert said == asked
            assert answers.take(asked).message == answer
            said, more_have, more_need = asking.take(answer)
            have.update(more_have)
            need.update(more_need)
        assert said is None
    assert (have, need) == (ours.have, ours.need)


@pytest.mark.parametrize("times", list(TIMES))
@pytest.mark.parametrize("seed", [4, 5])
def test_our_splitting_is_understood_and_understands(seed, times):
    mine, other = two_sets(seed, times, 0.02)
    expected = ids(mine) - ids(other), ids(other) - ids(mine)
    with reference_side(other, 4_096) as answering:
        initiator, have, need = Initiator(splitting=OURS, frame=8_192), set(), set()
        message = initiator.initiate(mine)
        while message is not None:
            answer = answering.take(message).message
            assert answer is not None
            message, more_have, more_need = initiator.reconcile(mine, answer)
            have.update(more_have)
            need.update(more_need)
    assert (have, need) == expected
    with reference_side(mine, 4_096) as asking:
        responder, have, need = Responder(splitting=OURS, frame=8_192), set(), set()
        message = asking.initiate()
        while message is not None:
            step = asking.take(responder.respond(other, message))
            message = step.message
            have.update(step.have)
            need.update(step.need)
    assert (have, need) == expected


@pytest.mark.parametrize("name", SMALL_TIMES)
def test_the_golden_transcripts_are_what_it_says(name):
    times, frame, mine, other = CASES[name]
    messages = iter(transcript(name, "reference").messages)
    with (
        reference_side(side(times, mine), frame) as asking,
        reference_side(side(times, other), frame) as answering,
    ):
        said: bytes | None = asking.initiate()
        while said is not None:
            assert said == next(messages)
            answer = answering.take(said).message
            assert answer == next(messages)
            said = asking.take(answer).message
    assert not list(messages)


def test_its_answer_to_another_version_is_ours():
    for version in (0x60, 0x62, 0x6F):
        message = bytes([version]) + b"\x00\x00\x00"
        with reference_side(Items(), 0) as answering:
            assert answering.take(message).message == b"\x61"
        assert Responder().respond(Items(), message) == b"\x61"
