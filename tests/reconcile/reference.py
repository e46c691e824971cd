"""One side by another implementation, in a process of its own, a line at a time.

It is an npm package, pinned by package-lock.json beside this file and installed by
`tests/reconcile/install`. Its numbers are those of JavaScript: with a timestamp of
2**31 or more it goes on for ever.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esd.reconcile import Items, Step

FOLDER = Path(__file__).parent
MOST_TIMESTAMP = 2**31 - 1


class ReferenceMissing(Exception):
    """This machine lacks node, or the package."""


def program() -> list[str]:
    """Return the command that runs one side."""
    node = shutil.which("node")
    if node is None:
        raise ReferenceMissing("the other implementation needs node, which is not here")
    if not (FOLDER / "node_modules" / "@welshman").is_dir():
        raise ReferenceMissing("not installed: run tests/reconcile/install")
    return [node, str(FOLDER / "reference.mjs")]


@contextmanager
def reference_side(items: Items, frame: int) -> Iterator["ReferenceSide"]:
    """Run a side that holds *items*; it is ended on the way out."""
    with subprocess.Popen(
        program(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"FRAMESIZELIMIT": str(frame)},
    ) as process:
        yield ReferenceSide(process, items)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0


class ReferenceSide:
    """Both roles: with `initiate` it becomes the initiator."""

    def __init__(self, process: subprocess.Popen[str], items: Items) -> None:
        self._process = process
        lines = []
        for key in items:
            timestamp = int.from_bytes(key[:8])
            assert timestamp <= MOST_TIMESTAMP
            lines.append(f"item,{timestamp},{key[8:].hex()}")
        self._tell(*lines, "seal")

    def initiate(self) -> bytes:
        self._tell("initiate")
        return bytes.fromhex(self._hear()[1])

    def take(self, message: bytes) -> Step:
        """Hand it a message; return what it learned and says."""
        self._tell(f"msg,{message.hex()}")
        have, need = [], []
        while True:
            match self._hear():
                case ["have", one]:
                    have.append(bytes.fromhex(one))
                case ["need", one]:
                    need.append(bytes.fromhex(one))
                case ["msg", said]:
                    return Step(bytes.fromhex(said), have, need)
                case ["done"]:
                    return Step(None, have, need)
                case other:
                    raise AssertionError(f"the other side said {other}")

    def _tell(self, *lines: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def _hear(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n").split(",")
