"""One daemon a state directory: a lock file held for life.

The kernel drops the lock with the process, however it died, so there is no stale lock
to clean up and no pid to compare. The file stays behind, empty, on purpose: removing it
would let two daemons lock two different files of one name.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esd.errors import OperatorMustAct

__all__ = ["lock_state"]


@contextmanager
def lock_state(state_dir: Path) -> Iterator[None]:
    """Make *state_dir* (0700) and hold its lock, or raise OperatorMustAct."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state_dir / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise OperatorMustAct(
            f"the state directory {state_dir} cannot be used: {exc.strerror}",
            hint="check its owner and mode, or set state_dir",
        ) from exc
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise OperatorMustAct(
                f"another esd holds the state directory {state_dir}",
                hint="stop it first, or give this one a state_dir of its own",
            ) from exc
        yield
    finally:
        os.close(lock)
