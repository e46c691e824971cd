"""Golden transcripts: the sets of two sides, and every byte that they say.

`python -m tests.reconcile.transcripts` writes them anew. That is for a splitting that
was changed on purpose; those of the reference's splitting never change, because they
are what the reference says.

Items have numbers (sides.numbered): item n is of `first` + n * `step` and its id is
sha256("item n"). A side holds ranges of them, given as first and last.
"""

import json
from pathlib import Path

from esd.reconcile import OURS, REFERENCE, Initiator, Items, Responder
from tests.reconcile.sides import HOUR, YEAR_2020, Talk, numbered, talk

FOLDER = Path(__file__).parent.parent / "vectors"
FILES = {"reference": REFERENCE, "ours": OURS}

MOST_NUMBER = 2_100  # of an item

Ranges = list[tuple[int, int]]

MICROSECONDS = {"first": YEAR_2020, "step": HOUR}
SECONDS = {"first": 1_577_836_800, "step": 3_600}  # within 31 bits
EQUAL = {"first": YEAR_2020, "step": 0}
LATE = {"first": 2**64 - 5_000, "step": 1}

# Their timestamps, the frame, and the ranges of items that each side holds.
CASES: dict[str, tuple[dict[str, int], int, Ranges, Ranges]] = {
    "nothing on both sides": (MICROSECONDS, 131_072, [], []),
    "nothing here": (MICROSECONDS, 131_072, [], [(1, 40)]),
    "nothing there": (MICROSECONDS, 131_072, [(1, 40)], []),
    "a few, equal": (SECONDS, 131_072, [(1, 12)], [(1, 12)]),
    "a few": (SECONDS, 131_072, [(1, 12)], [(3, 14)]),
    "many, equal": (MICROSECONDS, 131_072, [(1, 2000)], [(1, 2000)]),
    "the newest": (MICROSECONDS, 131_072, [(1, 2000)], [(1, 1990), (2001, 2007)]),
    "anywhere": (
        SECONDS,
        131_072,
        [(1, 700), (702, 1500), (1502, 2000)],
        [(1, 99), (101, 1203), (1205, 2000)],
    ),
    "one timestamp": (EQUAL, 131_072, [(1, 490)], [(5, 500)]),
    "the last timestamps": (LATE, 131_072, [(1, 700)], [(1, 400), (402, 702)]),
    "small frames": (SECONDS, 4_096, [(1, 300), (1001, 1100)], [(200, 1000)]),
}


def side(times: dict[str, int], ranges: Ranges) -> Items:
    return Items(
        numbered(number, **times)
        for first, last in ranges
        for number in range(first, last + 1)
    )


def transcript(name: str, splitting: str) -> Talk:
    times, frame, ours, theirs = CASES[name]
    return talk(
        side(times, ours),
        side(times, theirs),
        Initiator(splitting=FILES[splitting], frame=frame),
        Responder(splitting=FILES[splitting], frame=frame),
    )


def numbers(ids: set[bytes]) -> list[int]:
    """Return which items these are."""
    return [n for n in range(1, MOST_NUMBER + 1) if numbered(n)[8:] in ids]


def written(splitting: str) -> str:
    cases = []
    for name, (times, frame, ours, theirs) in CASES.items():
        done = transcript(name, splitting)
        cases.append(
            {
                "name": name,
                "times": times,
                "frame": frame,
                "initiator": ours,
                "responder": theirs,
                "messages": [message.hex() for message in done.messages],
                "have": numbers(done.have),
                "need": numbers(done.need),
            }
        )
    about = (
        "Negentropy v1. Item n has the timestamp first + n * step and the id"
        ' sha256("item n"); a side holds ranges of n, both ends included. messages are'
        " the initiator's and the responder's in turn; have and need are numbers."
    )
    head = json.dumps({"about": about, "splitting": splitting})
    lines = ",\n".join(map(json.dumps, cases))
    return f'{head[:-1]}, "cases": [\n{lines}\n]}}'


def file(splitting: str) -> Path:
    return FOLDER / f"reconcile-{splitting}.json"


if __name__ == "__main__":
    for one in FILES:
        file(one).write_text(written(one) + "\n")
