"""How esdctl ends, for scripts: eight codes, and the failure that carries one."""

from collections.abc import Sequence
from enum import IntEnum

from esd.errors import EsdError

__all__ = ["CannotDo", "ExitCode"]


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2  # argparse's own
    NOT_RUNNING = 3  # no daemon; systemctl's code for it too
    NOT_FOUND = 4
    DENIED = 5
    PARTIAL = 6  # some peers are in sync, some are not
    TIMED_OUT = 7


class CannotDo(EsdError):
    """Why a command ends early: what failed first, and what to do about it.

    `details` are further lines, such as one for each wrong field.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ExitCode = ExitCode.FAILED,
        hint: str = "",
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.details = tuple(details)
