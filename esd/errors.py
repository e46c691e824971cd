"""The three families of expected failure, told apart by who has to act.

Everything that is not one of these is a bug of ours: it gets a traceback, and may stop
the daemon. Foreign exceptions become ours at one seam per library (sync/client for
httpx, web/connection for h11 and streams, store/ for sqlite3), always `raise … from`.
A message names the rule that was broken, never content, keys or a workspace's address.
"""

__all__ = ["EsdError", "OperatorMustAct", "PeerMisbehaved", "PeerUnavailable"]

EXIT_CONFIG = 78  # sysexits.h EX_CONFIG; systemd calls it CONFIG


class EsdError(Exception):
    """Any failure that esd expects and knows how to tell."""


class OperatorMustAct(EsdError):
    """Nothing gets better until a person changes something here.

    `hint` says what to do, in one sentence.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PeerMisbehaved(EsdError):
    """The other side broke the protocol; hang up.

    `status_hint` is the HTTP status to answer with, where we are the server; `hint` is
    for the operator, where we are the client.
    """

    def __init__(self, reason: str, *, status_hint: int = 400, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status_hint = status_hint
        self.hint = hint


class PeerUnavailable(EsdError):
    """Nobody's fault; the schedule tries again.

    `retry_after` (seconds) is what the peer asked for, if it did; `hint` is for an
    operator who does not want to wait.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, hint: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.hint = hint
