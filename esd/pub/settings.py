"""What the operator decided about serving peers, and the bounds of what they ask.

Declared here, beside its users; the configuration only fills it in.
"""

from dataclasses import dataclass, field

from esd.pub.callers import Caller
from esd.reconcile import FRAME

__all__ = ["PubSettings", "SyncLimits"]

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncLimits:
    """Bounds of one request to our own protocol. Sizes are bytes, times seconds."""

    # As many as a frame of reconciling names. A list of them is 230 KiB of JSON and,
    # packed, 128 KiB for as long as it is answered; its documents a second of checking.
    hashes: int = 4096
    # See reconcile: answered within some 70 ms, which is not for the loop.
    frame: int = FRAME
    # Of a list: three megabytes while it is sent, and 5.7 on the wire.
    hash_page: int = 100_000
    # After so many the answer is cut and tells where to go on: a wire that breaks has
    # cost no more than that.
    documents_body: int = 16 * 1024 * KIB
    # For a place among those whose work keeps a core busy, and then `busy`.
    patience: float = 30.0
    # Each may fill a core, and the others want to be served too.
    reconciling: int = 2
    # Lists of hashes under way, which are what one page takes...
    lists: int = 16
    # ...and this long at most: a page in this time is 150 kbit/s.
    list_time: float = 300.0
    # Answers of documents under way, with the hashes they are of: 8 MiB...
    answers: int = 64
    # ...a few of them for one network: a household with several peers...
    answers_each: int = 4
    # ...and this long at most before they are cut, as where they get too long.
    answer_time: float = 300.0
    # That a first caller after an upgrade waits for the keys of all workspaces.
    keys_time: float = 20.0

    @property
    def body(self) -> int:
        """Of a question in JSON: hashes, and queries besides."""
        return 64 * self.hashes + 128 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class PubSettings:
    creates: bool = False  # a push to an unknown workspace makes it
    readonly: bool = False
    title: str = ""
    notes: str = ""
    browser_origins: tuple[str, ...] = ("*",)
    # What peers may call us, besides the names of the machine itself; without a port
    # it is meant with any.
    names: tuple[str, ...] = ()
    callers: tuple[Caller, ...] = ()
    # The node's own; without one there is nothing to name workspaces by, and our own
    # protocol is not served.
    salt: bytes = field(default=b"", repr=False)
    sync: SyncLimits = field(default_factory=SyncLimits)
