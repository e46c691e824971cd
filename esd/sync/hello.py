"""What a peer that speaks earthstar-sync says of itself before anything else.

It is read strictly: a page that some web server shows for every path is no hello, and
to take it for one would mean to speak a protocol to somebody who does not know it.
"""

import msgspec

from esd.errors import PeerMisbehaved
from esd.formats import InvalidEncoding, decode_base32
from esd.reconcile import FRAME, LEAST_FRAME

__all__ = ["HELLO", "PROTOCOL", "Hello", "Offered", "read_hello"]

PREFIX = "/earthstar-sync/v1/"
HELLO = PREFIX + "hello"
PROTOCOL = "earthstar-sync/1"
SALT = 32  # bytes
MOST_HASHES = 4_096  # as many as a frame holds; what we ask for at once
MOST_BODY = 4 << 20  # bytes of documents in one of our requests: a second of checking

NO_HELLO = 'if it is a plain pub, set protocol = "pub"'


class Offered(msgspec.Struct, frozen=True):
    """Bounds of the peer; those of ours that are lower count."""

    body: int
    hashes: int
    frame: int


class Hello(msgspec.Struct, frozen=True):
    """`salt` is text as it came; `levels` and `formats` may name what we know not."""

    protocol: str
    salt: str
    formats: tuple[str, ...]
    levels: tuple[str, ...]
    limits: Offered
    readonly: bool = False
    open: bool = False
    software: str = ""

    @property
    def salt_bytes(self) -> bytes:
        return decode_base32(self.salt)

    @property
    def frame(self) -> int:
        return min(self.limits.frame, FRAME)

    @property
    def hashes(self) -> int:
        return min(self.limits.hashes, MOST_HASHES)

    @property
    def body(self) -> int:
        return min(self.limits.body, MOST_BODY)


def read_hello(body: bytes) -> Hello:
    """Raises PeerMisbehaved where it is none, or none that we understand."""
    try:
        hello = msgspec.json.decode(body, type=Hello)
        sound = len(hello.salt_bytes) == SALT
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PeerMisbehaved("its hello cannot be read", hint=NO_HELLO) from exc
    except InvalidEncoding as exc:
        raise PeerMisbehaved("its hello has no salt", hint=NO_HELLO) from exc
    if hello.protocol != PROTOCOL:
        raise PeerMisbehaved(
            "it speaks another version of earthstar-sync",
            hint='one of the two is to be updated; until then protocol = "pub" helps',
        )
    offered = hello.limits
    enough = min(offered.body, offered.hashes) > 0 and offered.frame >= LEAST_FRAME
    if not (sound and enough):
        raise PeerMisbehaved("its hello offers bounds that allow nothing")
    return hello
