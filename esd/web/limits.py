"""Every quantity that a caller of our HTTP server controls, with its bound and why.

The configuration fills these; the defaults suit a pub on a Raspberry Pi that is open to
the internet. Times are seconds, sizes are bytes.
"""

from dataclasses import dataclass

__all__ = ["MAX_BODY", "Limits"]

KIB = 1024

# Six times what an earthstar-pub takes, so that a workspace may live here that no pub
# can hold; bodies are streamed, so this is never in memory as a whole.
MAX_BODY = 64 * 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    # Browsers send 1 to 2 KiB, cookies of other services on the same host included;
    # nginx allows 8 KiB a line and node 16 KiB in all.
    head: int = 16 * KIB
    # A head is a packet or two: ten seconds pass on any link that could use the rest.
    head_time: float = 10.0
    # After inflation, and on the wire as well.
    body: int = MAX_BODY
    # 64 MiB in ten minutes is 1 Mbit/s; a drip of one-byte chunks ends here too.
    request_time: float = 600.0
    # Between requests: longer than a live client's pause, shorter than a NAT forgets.
    idle: float = 30.0
    # A reader that takes not one piece in this time has left without telling.
    write_time: float = 30.0
    # In all: a task and two kernel buffers each, and most systems give 1,024 files.
    connections: int = 1000
    # A household behind one address with a few tabs open needs a dozen.
    connections_per_address: int = 64
    # A live client that pushes on every keystroke stays below; a scan does not.
    requests_per_second: float = 50.0
    # What a page with many workspaces asks for at once when it opens.
    request_burst: float = 200.0
